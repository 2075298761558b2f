// The label of a row, its precision class, and which rows stand for a recorded case.
#include "bench/cases/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

namespace assay::bench {
namespace {

std::string_view worst_class(const std::vector<OutputReport>& outputs) {
  static constexpr std::array<std::string_view, 6> worst_last = {"exact", "f64", "f32", "tf32", "bf16", "worse"};
  std::size_t worst = 0;
  for (const OutputReport& output : outputs) {
    const auto found = std::find(worst_last.begin(), worst_last.end(), output.precision_class);
    worst = std::max(worst, static_cast<std::size_t>(found - worst_last.begin()));
  }
  return outputs.empty() || worst == worst_last.size() ? std::string_view() : worst_last[worst];
}

}  // namespace

void Row::become(Verdict of, std::string why) {
  verdict = of;
  reason = std::move(why);
}

std::string Row::label() const { return fmt::format("{}/{}/{}/{}/{}", op, case_name, backend, dtype, threads); }

std::string_view Row::precision_class() const { return worst_class(outputs); }

std::string_view RecordedOutputs::precision_class() const { return worst_class(outputs); }

std::vector<const Row*> rows_with_recorded_outputs(std::span<const Row> rows) {
  std::vector<const Row*> found;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> seen;
  for (const Row& row : rows)
    if (row.recorded && seen.insert({row.op, row.case_name, row.dtype}).second) found.push_back(&row);
  return found;
}

}  // namespace assay::bench
