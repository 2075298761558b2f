// The trial and the checks after it. A check runs only if the row has passed all before it.
#include "bench/verdict/referee.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "backends/registry.h"
#include "bench/verdict/floating_point.h"
#include "bench/verdict/judge.h"
#include "bench/verdict/room.h"
#include "bench/verdict/sequences.h"
#include "bench/verdict/step.h"

namespace assay::bench {
namespace {

/// The seeds of a row's poisons, one for each use, so that no two patterns are alike. Those of sequences are larger.
enum PoisonSeed : std::uint64_t { first_run = 1, after_return = 2, other_values = 4, between_guards = 8 };

/// "1 thread", "2 threads"
std::string thread_count(int threads) { return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s"); }

}  // namespace

std::unique_ptr<Trial> Referee::open(Row& row) const {
  row.cost = expected_.cost;
  row.told_apart.assign(expected_.told_apart.begin(), expected_.told_apart.end());
  // later values than the recorded ones have no witness; the row keeps what it had
  if (!expected_.witness.empty()) row.witness = expected_.witness;
  if (expected_.recorded) row.recorded = expected_.recorded;
  const BackendStatus& status = find_backend(row.backend);
  if (status.backend == nullptr || !status.unavailable.empty()) {
    row.become(Verdict::unavailable, status.unavailable);
  } else if (status.backend->kernels().find(bound_.op->name, bound_.instance->dtype) == nullptr) {
    row.become(Verdict::unsupported, status.backend->kernels().why_not(bound_.op->name, bound_.instance->dtype));
  } else if (!expected_.unavailable.empty()) {
    row.become(Verdict::unavailable, expected_.unavailable);
  } else if (!expected_.invalid.empty()) {
    row.become(Verdict::invalid, expected_.invalid);
  } else {
    try {
      const bool on_host = status.backend->works_on_host_memory();
      require_memory("its tensors take", bytes_for_trial(bound_, expected_.sample, on_host));
      return std::make_unique<Trial>(bound_, *status.backend, row.threads, expected_.shapes);
    } catch (const Unavailable& problem) {
      row.become(Verdict::unavailable, problem.what());
    }
  }
  return nullptr;
}

/// Memory between guard pages comes first: a stray write into ordinary memory may end the program before any check.
void Referee::verify(Trial& trial, Row& row) {
  using Check = void (Referee::*)(Trial&, Row&);
  constexpr Check checks[] = {&Referee::check_thread_invariance, &Referee::check_quiet, &Referee::check_again,
                              &Referee::check_in_sequences, &Referee::check_other_values};
  const Running running(row.label(), row.repro);
  do_step(row, [&] {
    set_default_floating_point(row.threads);  // an earlier row may have failed before its workers were checked
    trial.load(expected_.inputs);
    row.prepare_ns = trial.prepare_ns();
    if (!passes_between_guards(trial, row)) return;
    trial.poison(random_bits(row.seed, PoisonSeed::first_run));
    trial.run();
    trial.check_workers();
    // digested before the judge, who may look at the results in place: what a thread writes later differs from the next
    // run's bits
    now_ = trial.result_digests();
    judge(trial.results(expected_.sample), now_, row);
    fail_for(row, trial.breach());
    for (const Check check : checks)
      if (row.verdict == Verdict::passed) (this->*check)(trial, row);
  });
}

/// The same bits are judged once; at another alignment an honest kernel may round differently, and then they are
/// others.
void Referee::judge(const TensorPack& results, const Digests& given, Row& row) {
  if (const auto before = passed_.find(given); before != passed_.end()) {
    row.become(Verdict::passed, "");
    row.outputs = before->second.outputs;
    row.max_error_ratio = before->second.max_error_ratio;
    return;
  }
  judge_row(bound_, expected_, results, row);
  if (row.verdict == Verdict::passed) passed_[given] = {row.outputs, row.max_error_ratio};
}

bool Referee::passes_between_guards(Trial& trial, Row& row) {
  for (const Placement placement : placements) {
    // a workload spends most of this check on fresh pages, so it gets one placement
    if (bound_.tier != Tier::small && placement != Placement::at_end) continue;
    const auto guarded = trial.run_guarded(
        placement, random_bits(row.seed, PoisonSeed::between_guards + static_cast<std::uint64_t>(placement)),
        expected_.sample);
    if (!guarded) continue;
    judge(guarded->results, guarded->digests, row);
    fail_for(row, guarded->breach);
    if (row.verdict == Verdict::passed) continue;
    row.reason += fmt::format(" (its tensors {})", name_of(placement));
    return false;
  }
  return true;
}

void Referee::check_thread_invariance(Trial& trial, Row& row) {
  const auto [before, first] = answers_.try_emplace(row.backend, Answer{row.threads, now_});
  if (first || trial.backend().kernels().thread_dependent(bound_.op->name)) return;
  for (std::size_t i = 0; i < now_.size(); ++i) {
    if (now_[i] == before->second.digests[i]) continue;
    return row.become(
        Verdict::failed,
        fmt::format("output {} has other bits with {} than with {}, which the backend does not declare",
                    bound_.instance->outputs[i].name, thread_count(row.threads), thread_count(before->second.threads)));
  }
}

/// A thread that the kernel left running would overwrite the new poison.
void Referee::check_quiet(Trial& trial, Row& row) {
  constexpr auto moment = std::chrono::microseconds(200);  // enough for a thread that was about to write
  trial.poison(random_bits(row.seed, PoisonSeed::after_return));
  std::this_thread::sleep_for(moment);
  if (!trial.still_poisoned()) row.become(Verdict::failed, "it went on writing after it had returned");
}

/// With another poison in its outputs the kernel gives the same bits: a result depends neither on what memory held nor
/// on an earlier run.
void Referee::check_again(Trial& trial, Row& row) {
  trial.run();
  const Digests again = trial.result_digests();
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (again[i] == now_[i]) continue;
    return row.become(Verdict::failed, fmt::format("output {} has other bits when run again on the same inputs",
                                                   bound_.instance->outputs[i].name));
  }
  fail_for(row, trial.breach());
}

void Referee::check_in_sequences(Trial& trial, Row& row) {
  const bool first_of_backend = answers_.at(row.backend).threads == row.threads;
  check_sequences({bound_, expected_, companion_, trial, row, now_}, first_of_backend);
  trial.check_workers();
  fail_for(row, trial.breach());
}

/// With other values at the same addresses, a kernel that remembers its answer gives a wrong one.
void Referee::check_other_values(Trial& trial, Row& row) {
  if (varied_ == nullptr) return;
  trial.load(varied_->inputs);
  trial.poison(random_bits(row.seed, PoisonSeed::other_values));
  trial.run();
  Row varied = row;
  judge_row(bound_, *varied_, trial.results(varied_->sample), varied);
  fail_for(varied, trial.breach());
  if (varied.verdict == Verdict::passed) return;
  row = std::move(varied);
  row.reason += " (on other values at the same addresses)";
}

}  // namespace assay::bench
