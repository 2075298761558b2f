// Sharing what is left of a budget.
#include "bench/profile/pace.h"

#include <algorithm>

namespace assay::bench {

void Pace::untimed(const PacedCase& done, double seconds) {
  s_per_byte_[std::string(done.op)] = seconds / std::max(1.0, done.output_bytes);
}

double Pace::row_budget_s(double left_s, const std::vector<PacedCase>& waiting) const {
  constexpr double least_s = 0.05, most_s = 5;
  constexpr double least_timed_share = 0.25;  // small cases overstate what a byte costs; later ones set that right
  double untimed_s = 0, rows = 0;
  for (const PacedCase& next : waiting) {
    const auto known = s_per_byte_.find(next.op);
    if (known != s_per_byte_.end()) untimed_s += known->second * next.output_bytes;
    rows += static_cast<double>(next.rows);
  }
  const double timed_s = std::max(left_s - untimed_s, least_timed_share * left_s);
  return std::clamp(timed_s / std::max(1.0, rows), least_s, most_s);
}

}  // namespace assay::bench
