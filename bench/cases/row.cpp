// The names of a row.
#include "bench/cases/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace assay::bench {

std::string Row::label() const { return fmt::format("{}/{}/{}/{}/{}", op, case_name, backend, dtype, threads); }

std::string_view Row::precision_class() const {
  static constexpr std::array<std::string_view, 6> worst_last = {"exact", "f64", "f32", "tf32", "bf16", "worse"};
  std::size_t worst = 0;
  for (const OutputReport& output : outputs) {
    const auto found = std::find(worst_last.begin(), worst_last.end(), output.precision_class);
    worst = std::max(worst, static_cast<std::size_t>(found - worst_last.begin()));
  }
  return outputs.empty() || worst == worst_last.size() ? std::string_view() : worst_last[worst];
}

}  // namespace assay::bench
