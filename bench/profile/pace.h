// How long each row may be timed so that all cases fit into a budget, although verifying a case takes its own time too.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assay::bench {

/// A case as pacing sees it.
struct PacedCase {
  std::string_view op;
  double output_bytes = 0;
  std::size_t rows = 0;
};

/// Foresees what lies beside timing (the oracle, the checks) from the cases before: for each operator, as much a byte
/// as its latest case took. Cases come from small to large, so the latest speaks best for the next.
class Pace {
 public:
  /// A case is done, and this much of its time was not spent on timing rows.
  void untimed(const PacedCase& done, double seconds);

  /// Seconds for each row of `waiting`, with `left_s` to spend on all of them: never less than what a few samples
  /// take, and never more than what narrows an interval no further.
  double row_budget_s(double left_s, const std::vector<PacedCase>& waiting) const;

 private:
  std::map<std::string, double, std::less<>> s_per_byte_;
};

}  // namespace assay::bench
