// How long each row may be timed so that all cases fit into a budget. Verifying a case takes time from it too.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assay::bench {

/// What pacing needs of a case.
struct PacedCase {
  std::string_view op;
  double output_bytes = 0;
  std::size_t rows = 0;
};

/// Estimates the time that is not spent on timing (the oracle, the checks): for each operator, output bytes × the
/// seconds per byte of its latest case. Cases come from small to large, so the latest is the nearest in size.
class Pace {
 public:
  /// A case is done; `seconds` of its time were not spent on timing rows.
  void untimed(const PacedCase& done, double seconds);

  /// Seconds for each row of `waiting`, if `left_s` are left for all of them. At least 0.05 s, enough for a few
  /// samples; at most 5 s, after which an interval hardly narrows.
  double row_budget_s(double left_s, const std::vector<PacedCase>& waiting) const;

 private:
  std::map<std::string, double, std::less<>> s_per_byte_;
};

}  // namespace assay::bench
