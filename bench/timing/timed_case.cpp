// Verifying and timing the rows of a case.
#include "bench/timing/timed_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/machine/memory.h"
#include "bench/timing/roof.h"
#include "bench/verdict/judge.h"
#include "bench/verdict/referee.h"
#include "bench/verdict/step.h"
#include "bench/verdict/trial.h"

namespace assay::bench {
namespace {

/// A row on its way from verification to its time.
struct Entrant {
  Row row;
  std::unique_ptr<Trial> trial;
};

/// A device whose caches cannot be emptied has no cold times.
void refuse_cold_times(Entrant& entrant, const TimingSetup& setup) {
  Backend& backend = entrant.trial->backend();
  if (setup.cache != CacheState::cold || backend.works_on_host_memory() || backend.evict()) return;
  entrant.row.become(Verdict::unsupported,
                     fmt::format("it cannot empty the caches of {}, so it has no cold times", backend.device()));
}

bool is_interrupted(const TimingSetup& setup) { return setup.sampling.interrupted && setup.sampling.interrupted(); }

/// Ends early when interrupted: the rows that are left do not become entrants.
std::vector<Entrant> verify_rows(const CaseRows& selected, const Expectation& expected, const TimingSetup& setup) {
  Referee referee(*selected.bound, expected);
  std::vector<Entrant> entrants;
  for (const Row& row : selected.rows) {
    if (is_interrupted(setup)) break;
    Entrant entrant{row, nullptr};
    entrant.row.repro = setup.repro_command(row);
    entrant.row.cache = setup.cache;
    entrant.row.allocation = setup.allocation;
    entrant.row.pinned = setup.pinning != nullptr;
    entrant.trial = referee.open(entrant.row);
    if (entrant.trial) referee.verify(*entrant.trial, entrant.row);
    if (entrant.row.verdict == Verdict::passed) refuse_cold_times(entrant, setup);
    if (entrant.row.verdict != Verdict::passed) entrant.trial.reset();
    entrants.push_back(std::move(entrant));
  }
  return entrants;
}

/// As many sets of buffers as a cold sample has calls, so that each finds its own evicted; as many as memory allows.
std::int64_t rotate(Trial& trial, std::int64_t calls) {
  constexpr double most_bytes = std::size_t{1} << 30, share = 0.5;  // the other contestants rotate too
  const double bytes = std::min(most_bytes, share * free_memory().bytes);
  const auto fit =
      static_cast<std::size_t>(std::max(1.0, bytes / std::max(1.0, static_cast<double>(trial.working_set()))));
  const auto sets = std::min(static_cast<std::size_t>(calls), fit);
  trial.rotate_over(sets);
  for (std::size_t set = 0; set < sets; ++set) trial.call();  // every set holds results before any is spoilt
  trial.finish();
  return static_cast<std::int64_t>(sets);
}

Contestant contestant_of(Entrant& entrant, TimingSetup& setup, std::uint64_t spots) {
  Trial* trial = entrant.trial.get();
  const int threads = entrant.row.threads;
  Contestant made;
  made.label = entrant.row.label();
  made.call = [trial] { trial->call(); };
  made.ready = [trial, threads, &setup] {
    trial->use_threads();
    if (setup.pinning) setup.pinning->pin(std::max(threads, 1));  // a device's calls come from one thread
  };
  made.spoil = [trial, next = spots]() mutable { trial->spoil(next++); };
  made.restored = [trial] { return trial->restored(); };
  const bool device = !trial->backend().works_on_host_memory();
  if (device) {
    made.finish = [trial] { trial->finish(); };
    made.own_clock = [trial](std::int64_t calls) { return trial->time(calls); };
  }
  if (setup.cache == CacheState::hot) return made;
  made.plan_calls = [trial](std::int64_t calls) { return rotate(*trial, calls); };
  if (device) {
    made.cool = [trial] {
      trial->backend().evict();
      trial->finish();
    };
  } else {
    if (!setup.eviction) setup.eviction = std::make_unique<Eviction>();
    made.cool = [threads, &setup] { setup.eviction->evict(threads); };
  }
  return made;
}

/// The first backend of a case against itself, as two contestants: what this machine calls equal.
void time_twice(Entrant& entrant, TimingSetup& setup) {
  constexpr std::size_t cases_enough = 3;
  if (setup.same_twice.size() >= cases_enough) return;
  std::vector<Contestant> twins(2, contestant_of(entrant, setup, random_bits(entrant.row.seed, 4)));
  twins[1].label += " again";
  const std::vector<Timing> timings = sample(twins, setup.sampling);
  if (timings[0].samples_ns.empty() || timings[1].samples_ns.empty()) return;
  setup.same_twice.push_back(std::abs(std::log(timings[0].median_ns / timings[1].median_ns)));
}

/// Judges what the timed calls left behind in every set of buffers; the worse error of the two verifications stands.
void judge_timed(Entrant& entrant, const BoundCase& bound, const Expectation& expected) {
  Row& row = entrant.row;
  const std::optional<double> before = row.max_error_ratio;
  do_step(row, [&] {
    for (std::size_t set = 0; set < entrant.trial->sets() && row.verdict == Verdict::passed; ++set)
      judge_row(bound, expected, entrant.trial->results(expected.sample, set), row);
    if (!row.timing->problem.empty()) row.become(Verdict::failed, row.timing->problem);
    if (const std::string breach = entrant.trial->breach(); row.verdict == Verdict::passed && !breach.empty())
      row.become(Verdict::failed, breach);
  });
  if (row.verdict == Verdict::failed) row.reason += " (after the timed calls)";
  if (row.verdict == Verdict::passed && !row.timing->distrust.empty()) {
    row.become(Verdict::mistrusted, row.timing->distrust);
  }
  if (before && row.max_error_ratio && *before > *row.max_error_ratio) row.max_error_ratio = before;
}

/// Each round has its share of the budget; of n rounds the first needs an interval that is √n times as wide as in the
/// end, since intervals shrink with the root of the number of samples.
SamplingOptions sampling_of(int round, const TimingSetup& setup) {
  SamplingOptions options = setup.sampling;
  options.row_budget_s /= setup.rounds;
  options.target *= std::sqrt(static_cast<double>(setup.rounds) / (round + 1));
  options.seed += static_cast<std::uint64_t>(round);
  return options;
}

/// Fresh values and fresh poison, so that nothing remembered from the verification can pass for a result.
void load_fresh(Entrant& entrant, const Expectation& fresh, const TimingSetup& setup) {
  do_step(entrant.row, [&] {
    if (!fresh.unavailable.empty()) throw Unavailable(fresh.unavailable);
    if (setup.allocation == Allocation::each) entrant.trial->allocate_each_call();
    entrant.trial->load(fresh.inputs);
    entrant.trial->poison(random_bits(entrant.row.seed, 3));
  });
  if (entrant.row.verdict != Verdict::passed) entrant.trial.reset();
}

void time_and_judge(std::vector<Entrant>& entrants, const BoundCase& bound, const Expectation& fresh, int round,
                    TimingSetup& setup) {
  std::vector<Entrant*> running;
  std::vector<Contestant> contestants;
  for (Entrant& entrant : entrants) {
    if (!entrant.trial) continue;
    load_fresh(entrant, fresh, setup);
    if (!entrant.trial) continue;
    contestants.push_back(contestant_of(entrant, setup, random_bits(entrant.row.seed, running.size())));
    if (entrant.row.timing) contestants.back().earlier = entrant.row.timing->samples_ns;
    running.push_back(&entrant);
  }
  if (running.empty()) return;
  const Running now(fmt::format("{}/{}", bound.op->name, bound.name), running.front()->row.repro);
  std::vector<Timing> timings = sample(contestants, sampling_of(round, setup));
  const double bytes = working_set_bytes(bound, fresh.inputs, fresh.shapes);
  for (std::size_t i = 0; i < running.size(); ++i) {
    const Timing before = running[i]->row.timing.value_or(Timing{});
    running[i]->row.timing = std::move(timings[i]);
    judge_timed(*running[i], bound, fresh);
    running[i]->row.timing = join(before, *running[i]->row.timing, setup.sampling.target);
    if (setup.probe != nullptr)
      hold_against_roof(*setup.probe, bytes, bound.instance->dtype, setup.cache == CacheState::cold, running[i]->row);
  }
  if (round == 0 && running.front()->row.verdict == Verdict::passed) time_twice(*running.front(), setup);
}

}  // namespace

std::optional<double> aa_floor(const TimingSetup& setup) {
  if (setup.same_twice.empty()) return std::nullopt;
  return std::expm1(*std::max_element(setup.same_twice.begin(), setup.same_twice.end()));
}

std::vector<Row> time_case(const CaseRows& selected, std::uint64_t seed, TimingSetup& setup) {
  const BoundCase& bound = *selected.bound;
  std::vector<Entrant> entrants = verify_rows(selected, expect(bound, seed, 0), setup);
  if (!is_interrupted(setup)) time_and_judge(entrants, bound, expect(bound, seed, 1), 0, setup);
  std::vector<Row> rows;
  for (Entrant& entrant : entrants) rows.push_back(std::move(entrant.row));
  return rows;
}

void time_again(const BoundCase& bound, std::uint64_t seed, int round, TimingSetup& setup, std::span<Row> rows) {
  if (std::none_of(rows.begin(), rows.end(), [](const Row& row) { return row.verdict == Verdict::passed; })) return;
  const Expectation fresh = expect(bound, seed, 1 + static_cast<std::uint64_t>(round));
  const Referee referee(bound, fresh);
  std::vector<Entrant> entrants;
  for (Row& row : rows) {
    Entrant entrant{std::move(row), nullptr};
    if (entrant.row.verdict == Verdict::passed) entrant.trial = referee.open(entrant.row);
    entrants.push_back(std::move(entrant));
  }
  time_and_judge(entrants, bound, fresh, round, setup);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = std::move(entrants[i].row);
}

}  // namespace assay::bench
