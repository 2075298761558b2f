// Poison → run → judge → run again, and every way in which that can go wrong.
#include "bench/verdict/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <thread>

#include "backends/registry.h"
#include "bench/verdict/admission.h"

namespace assay::bench {
namespace {

constexpr double witness_share =
    1.0 / 64;  // oracle and framework, both in float64, must agree far inside the tolerance

struct Findings {
  std::vector<OutputReport> outputs;
  double max_error_ratio = 0;
  std::string reason;  ///< of the first failure; empty if there is none
};

/// The operator's judge gives one ratio for all outputs that are judged.
OutputReport report_judged(const FieldInfo& field, const TensorRef& got, const Judgement& judgement) {
  OutputReport report;
  report.name = field.name;
  report.dtype = got.dtype;
  report.shape = got.shape;
  report.elements = got.shape.elements();
  report.ok = judgement.error_ratio <= 1;
  report.max_error_ratio = judgement.error_ratio;
  report.precision_class = report.ok ? "exact" : "worse";
  return report;
}

std::string reason_of(const OutputReport& report, const Judgement* judgement) {
  if (judgement != nullptr) return judgement->reason;
  return fmt::format("{} of {} elements of {} are wrong; the first: {}", report.mismatches, report.elements,
                     report.name, describe_first(report));
}

/// Judged outputs are the operator's to decide on; the others are held to their bounds.
Findings find(const BoundCase& bound, const Expectation& expected, const TensorPack& results) {
  Findings findings;
  std::optional<Judgement> judgement;
  if (bound.op->judge != nullptr) judgement = ask_judge(bound, expected, results);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const FieldInfo& field = bound.instance->outputs[i];
    OutputReport report = field.judged ? report_judged(field, results[i][0], *judgement)
                                       : compare(field, results[i][0], expected.truth, i);
    if (!(report.max_error_ratio <= findings.max_error_ratio)) findings.max_error_ratio = report.max_error_ratio;
    if (!report.ok && findings.reason.empty())
      findings.reason = reason_of(report, field.judged ? &*judgement : nullptr);
    findings.outputs.push_back(std::move(report));
  }
  return findings;
}

/// The framework's outputs of a golden file as if a backend had given them.
TensorPack framework_results(const GoldenCase& golden) {
  TensorPack results(golden.out.size());
  for (std::size_t i = 0; i < golden.out.size(); ++i) results[i].push_back(*golden.out[i]);
  return results;
}

/// (a) of the golden format's three agreements: the oracle against the framework's float64, or against exact outputs.
std::string oracle_disagrees(const BoundCase& bound, const Expectation& expected) {
  for (std::size_t i = 0; i < bound.golden->out64.size(); ++i) {
    const auto& witness = bound.golden->out64[i];
    if (!witness) continue;
    const OutputReport report = compare(bound.instance->outputs[i], *witness, expected.truth, i, witness_share);
    if (!report.ok)
      return fmt::format(
          "the golden out64 and the oracle do not mean the same operator: {} of {} elements differ; the first: "
          "out64.{}",
          report.mismatches, report.elements, describe_first(report));
  }
  return {};
}

void hold_against_witness(const BoundCase& bound, Expectation& expected) {
  const Findings framework = find(bound, expected, framework_results(*bound.golden));
  expected.framework_error_ratio = framework.max_error_ratio;
  const bool inexact = std::any_of(bound.instance->outputs.begin(), bound.instance->outputs.end(),
                                   [](const FieldInfo& f) { return f.bound.has_value(); });
  expected.witness = inexact && !bound.golden->has_out64() ? "f32" : "f64";
  expected.invalid = oracle_disagrees(bound, expected);
  // without out64 the framework's own float32 is the only witness there is; of exact outputs it is the witness itself
  if (expected.invalid.empty() && (expected.witness == "f32" || !inexact) && !framework.reason.empty())
    expected.invalid = fmt::format("the golden out and the oracle do not mean the same operator: {}", framework.reason);
}

/// What the poisons of one row are seeded with, so that no two are alike.
enum Phase : std::uint64_t { first = 1, again = 2, varied = 4, guarded = 8 };

std::uint64_t digest(const TensorRef& tensor) {
  const auto* bytes = static_cast<const std::byte*>(tensor.data);
  const auto n = static_cast<std::size_t>(bytes_of(tensor));
  std::uint64_t state = n;
  for (std::size_t i = 0; i < n; i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, std::min(sizeof word, n - i));
    state = random_bits(state, word);
  }
  return state;
}

std::vector<std::uint64_t> digests(const TensorPack& results) {
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < results.size(); ++i) all.push_back(digest(results[i][0]));
  return all;
}

void fail(Row& row, std::string reason) {
  row.verdict = Verdict::failed;
  row.reason = std::move(reason);
}

/// A breach fails a row that has passed so far; a wrong result is named first.
void fail_for(Row& row, std::string breach) {
  if (row.verdict == Verdict::passed && !breach.empty()) fail(row, std::move(breach));
}

/// Rolls the elements of a tensor along by about a third; the same multiset of values at other places.
void roll(const TensorRef& tensor) {
  const auto size = static_cast<std::ptrdiff_t>(size_of(tensor.dtype));
  auto* bytes = static_cast<std::byte*>(tensor.data);
  const std::int64_t elements = tensor.shape.elements();
  if (elements > 1) std::rotate(bytes, bytes + (elements / 3 + 1) % elements * size, bytes + elements * size);
}

/// Everything about the truth of `inputs`; the values are valid.
void evaluate(const BoundCase& bound, Expectation& expected) {
  const OperatorEntry& op = *bound.op;
  expected.shapes = infer(op, *bound.instance, bound.params, expected.inputs.slots());
  expected.widened = widen(bound.instance->inputs, expected.inputs);
  const auto widened = expected.widened.slots();
  if (op.validate != nullptr) op.validate(bound.params, widened);
  expected.cost = op.cost(bound.params, widened, static_cast<std::int64_t>(size_of(bound.instance->dtype)));
  expected.truth = evaluate_oracle(op, *bound.instance, bound.params, widened, expected.shapes);
  if (op.judge == nullptr) expected.widened = TensorPack();
  for (std::size_t i = 0; i < expected.shapes.size() && expected.invalid.empty(); ++i)
    expected.invalid = inadmissible(bound.instance->outputs[i], expected.truth, i);
}

Expectation expect_with_memory(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase) {
  require_memory("its inputs and truth take", bytes_for_truth(bound));
  Expectation expected;
  expected.inputs = bound.inputs(seed, phase);
  evaluate(bound, expected);
  if (expected.invalid.empty()) {
    Admission admission = admit(bound, expected);
    expected.told_apart = std::move(admission.told_apart);
    expected.invalid = std::move(admission.invalid);
  }
  // the witness saw the recorded values alone
  if (bound.golden && phase == 0 && expected.invalid.empty()) hold_against_witness(bound, expected);
  return expected;
}

void lack(Row& row, std::string reason) {
  row.verdict = Verdict::unavailable;
  row.reason = std::move(reason);
}

}  // namespace

Expectation expect(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase) {
  Expectation without;
  try {
    return expect_with_memory(bound, seed, phase);
  } catch (const Unavailable& problem) {
    without.unavailable = problem.what();
  } catch (const std::bad_alloc&) {
    without.unavailable = memory_ran_out();
  }
  return without;
}

std::optional<Expectation> expect_varied(const BoundCase& bound, const Expectation& expected) {
  if (!expected.unavailable.empty()) return std::nullopt;
  Expectation varied;
  varied.inputs = TensorPack(expected.inputs.size());
  bool changed = false;
  for (std::size_t field = 0; field < expected.inputs.size(); ++field)
    for (const TensorRef& given : expected.inputs[field]) {
      const TensorRef copy = new_host_tensor(varied.inputs, given.dtype, given.shape);
      const auto bytes = static_cast<std::size_t>(bytes_of(given));
      if (bytes != 0) std::memcpy(copy.data, given.data, bytes);
      if (bound.instance->inputs[field].role == Role::activation) roll(copy);
      changed = changed || (bytes != 0 && std::memcmp(copy.data, given.data, bytes) != 0);
      varied.inputs[field].push_back(copy);
    }
  if (!changed || !expected.invalid.empty()) return std::nullopt;
  try {
    evaluate(bound, varied);
  } catch (const InvalidArgument&) {
    return std::nullopt;  // rolled costs may admit no assignment, for one
  }
  if (!varied.invalid.empty()) return std::nullopt;
  return varied;
}

Judgement ask_judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results) {
  const ElementTolerance tolerance{bound.instance->dtype, [&](std::size_t output, std::int64_t element) {
                                     return tolerance_at(bound.instance->outputs[output], expected.truth, output,
                                                         element);
                                   }};
  return bound.op->judge(bound.params, expected.widened.slots(), widen(bound.instance->outputs, results).slots(),
                         expected.truth.outputs.slots(), tolerance);
}

void judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results, Row& row) {
  Findings findings = find(bound, expected, results);
  row.outputs = std::move(findings.outputs);
  row.max_error_ratio = findings.max_error_ratio;
  row.verdict = findings.reason.empty() ? Verdict::passed : Verdict::failed;
  row.reason = std::move(findings.reason);
}

std::unique_ptr<Trial> Referee::open(Row& row) const {
  row.cost = expected_.cost;
  row.witness = expected_.witness;
  row.told_apart = expected_.told_apart;
  row.framework_error_ratio = expected_.framework_error_ratio;
  const BackendStatus& status = find_backend(row.backend);
  if (status.backend == nullptr || !status.unavailable.empty()) {
    lack(row, status.unavailable);
  } else if (status.backend->kernels().find(bound_.op->name, bound_.instance->dtype) == nullptr) {
    row.verdict = Verdict::unsupported;
    row.reason = status.backend->kernels().why_not(bound_.op->name, bound_.instance->dtype);
  } else if (!expected_.unavailable.empty()) {
    lack(row, expected_.unavailable);
  } else if (!expected_.invalid.empty()) {
    row.verdict = Verdict::invalid;
    row.reason = expected_.invalid;
  } else {
    try {
      require_memory("its tensors take", bytes_for_trial(bound_));
      return std::make_unique<Trial>(bound_, *status.backend, row.threads, expected_.shapes);
    } catch (const Unavailable& problem) {
      lack(row, problem.what());
    }
  }
  return nullptr;
}

void Referee::verify(Trial& trial, Row& row) {
  using Check = void (Referee::*)(Trial&, Row&);
  constexpr Check checks[] = {&Referee::check_thread_invariance, &Referee::check_quiet, &Referee::check_again,
                              &Referee::check_between_guards, &Referee::check_other_values};
  const Running running(row.label(), row.repro);
  try {
    trial.load(expected_.inputs);
    row.prepare_ns = trial.prepare_ns();
    trial.poison(random_bits(row.seed, Phase::first));
    trial.run();
    const TensorPack results = trial.results();
    judge(bound_, expected_, results, row);
    fail_for(row, trial.breach());
    now_ = {row.threads, digests(results)};
    for (const Check check : checks)
      if (row.verdict == Verdict::passed) (this->*check)(trial, row);
  } catch (const Unavailable& problem) {
    lack(row, problem.what());
  } catch (const std::bad_alloc&) {
    lack(row, memory_ran_out());
  } catch (const std::exception& problem) {
    fail(row, fmt::format("the kernel threw: {}", problem.what()));
  }
}

void Referee::check_thread_invariance(Trial& trial, Row& row) {
  const auto [before, first] = answers_.try_emplace(row.backend, now_);
  if (first || trial.backend().kernels().thread_dependent(bound_.op->name)) return;
  for (std::size_t i = 0; i < now_.digests.size(); ++i) {
    if (now_.digests[i] == before->second.digests[i]) continue;
    return fail(row,
                fmt::format("output {} has other bits with {} threads than with {}, which the backend does not declare",
                            bound_.instance->outputs[i].name, row.threads, before->second.threads));
  }
}

/// What a kernel left running behind its back writes into the next poison.
void Referee::check_quiet(Trial& trial, Row& row) {
  constexpr auto moment = std::chrono::microseconds(200);  // enough for a thread that was about to write
  trial.poison(random_bits(row.seed, Phase::again));
  std::this_thread::sleep_for(moment);
  if (!trial.still_poisoned()) fail(row, "it went on writing after it had returned");
}

/// Another poison below, the same bits above: a result must not depend on what memory held or on an earlier run.
void Referee::check_again(Trial& trial, Row& row) {
  trial.run();
  const std::vector<std::uint64_t> again = digests(trial.results());
  for (std::size_t i = 0; i < again.size(); ++i) {
    if (again[i] == now_.digests[i]) continue;
    return fail(row, fmt::format("output {} has other bits when run again on the same inputs",
                                 bound_.instance->outputs[i].name));
  }
  fail_for(row, trial.breach());
}

/// At other alignments an honest kernel may round otherwise, so that results are judged anew where their bits differ.
void Referee::check_between_guards(Trial& trial, Row& row) {
  for (const Placement placement : placements) {
    // fresh pages are most of the cost of a workload here; one placement is enough for those
    if (bound_.tier != Tier::small && placement != Placement::at_end) continue;
    const auto guarded =
        trial.run_guarded(placement, random_bits(row.seed, Phase::guarded + static_cast<std::uint64_t>(placement)));
    if (!guarded) continue;
    if (digests(guarded->results) != now_.digests) judge(bound_, expected_, guarded->results, row);
    fail_for(row, guarded->breach);
    if (row.verdict == Verdict::passed) continue;
    row.reason += fmt::format(" (its tensors {})", name_of(placement));
    return;
  }
}

/// The same addresses, other values: whoever remembers an answer gives the wrong one.
void Referee::check_other_values(Trial& trial, Row& row) {
  if (varied_ == nullptr) return;
  trial.load(varied_->inputs);
  trial.poison(random_bits(row.seed, Phase::varied));
  trial.run();
  Row varied = row;
  judge(bound_, *varied_, trial.results(), varied);
  fail_for(varied, trial.breach());
  if (varied.verdict == Verdict::passed) return;
  row = std::move(varied);
  row.reason += " (on other values at the same addresses)";
}

}  // namespace assay::bench
