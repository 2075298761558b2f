// The judge of an operator covers all its judged outputs at once; bounds are held output by output.
#include "bench/verdict/judge.h"

#include <algorithm>
#include <optional>

namespace assay::bench {
namespace {

/// The operator's judge gives one share of its tolerance for all outputs that are judged.
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

/// Names places as they lie in the whole output. Only the sampled elements are counted.
void place_in_whole(const FieldInfo& field, const Shape& whole, const Sample& sample, OutputReport& report) {
  report.shape = whole;
  for (Place& place : report.places) place.index = index_in_whole(field, sample, place.index);
  if (report.worst) report.worst->index = index_in_whole(field, sample, report.worst->index);
}

}  // namespace

bool Findings::passed() const {
  return std::all_of(outputs.begin(), outputs.end(), [](const OutputReport& report) { return report.ok; });
}

std::string Findings::reason() const {
  const auto first =
      std::find_if(outputs.begin(), outputs.end(), [](const OutputReport& report) { return !report.ok; });
  return first == outputs.end() ? std::string() : reasons[static_cast<std::size_t>(first - outputs.begin())];
}

Findings judge_outputs(const BoundCase& bound, const Expectation& expected, const TensorPack& results) {
  Findings findings;
  std::optional<Judgement> judgement;
  if (bound.op->judge != nullptr) judgement = ask_judge(bound, expected, results);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const FieldInfo& field = bound.instance->outputs[i];
    OutputReport report = field.judged ? report_judged(field, results[i][0], *judgement)
                                       : compare(field, results[i][0], expected.truth, i);
    if (expected.sample) place_in_whole(field, expected.shapes[i], *expected.sample, report);
    if (!(report.max_error_ratio <= findings.max_error_ratio)) findings.max_error_ratio = report.max_error_ratio;
    findings.reasons.push_back(report.ok      ? std::string()
                               : field.judged ? judgement->reason
                                              : describe_mismatches(report));
    findings.outputs.push_back(std::move(report));
  }
  return findings;
}

void judge_row(const BoundCase& bound, const Expectation& expected, const TensorPack& results, Row& row) {
  Findings findings = judge_outputs(bound, expected, results);
  row.become(findings.passed() ? Verdict::passed : Verdict::failed, findings.reason());
  row.max_error_ratio = findings.max_error_ratio;
  row.outputs = std::move(findings.outputs);
  row.sampled = expected.sample ? std::optional(summary_of(*expected.sample)) : std::nullopt;
}

}  // namespace assay::bench
