// `assay verify --within`: rows that pass, but use more of their tolerance than an honest kernel needs.
#include <fmt/format.h>

#include <algorithm>

#include "bench/base/streams.h"
#include "bench/base/text.h"
#include "bench/program/verbs.h"
#include "bench/report/exports.h"
#include "bench/report/output.h"

namespace assay::bench {
namespace {

/// Not false for NaN.
bool is_above(const Row& row, double share) {
  return row.verdict == Verdict::passed && row.max_error_ratio && !(*row.max_error_ratio <= share);
}

/// "; probs[0, 1] is 0.5, expected 0.25 (tolerance 1e-06)"; empty if no place is known.
std::string place_of(const Row& row) {
  const auto worst = std::max_element(
      row.outputs.begin(), row.outputs.end(),
      [](const OutputReport& a, const OutputReport& b) { return a.max_error_ratio < b.max_error_ratio; });
  if (worst == row.outputs.end() || !worst->worst) return {};
  return "; " + describe(worst->name, *worst->worst);
}

}  // namespace

void require_share(double share) {
  if (!(share > 0 && share <= 1))
    throw InvalidArgument(
        fmt::format("--within is {}, but a share of the tolerance is needed, above 0 and at most 1", share));
}

std::size_t report_rows_above(double share, std::span<const Row> rows, bool github) {
  std::size_t above = 0;
  const Row* worst = nullptr;
  for (const Row& row : rows) {
    if (!is_above(row, share)) continue;
    ++above;
    if (worst == nullptr || !(*row.max_error_ratio <= *worst->max_error_ratio)) worst = &row;
    const std::string reason = fmt::format("it uses {:.3g} of its tolerance{}", *row.max_error_ratio, place_of(row));
    say(fmt::format("{} {}: {}\n", coloured("ABOVE", "FAILED"), one_line(row.label()), one_line(reason)));
    say(fmt::format("    reproduce: {} --within {}\n", row.repro, share));
    if (!github) continue;
    Row failed = row;
    failed.become(Verdict::failed, reason);
    say(github_annotation(failed));
  }
  if (above != 0)
    say(coloured(fmt::format("--within {}: {} rows use more than this share of their tolerance, the most {}: {:.3g}\n",
                             share, above, worst->label(), *worst->max_error_ratio),
                 "FAILED"));
  return above;
}

}  // namespace assay::bench
