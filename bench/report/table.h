// Tables for the terminal and for Markdown: the times of bench, and the summary of verify.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/cases/row.h"

namespace assay::bench {

/// Lines of cells under a heading; columns are as wide as their widest cell.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
  void add(std::vector<std::string> cells) { lines_.push_back(std::move(cells)); }
  /// The cells of column `first_right` and after are aligned to the right.
  std::string text(std::size_t first_right) const;
  std::string markdown(std::size_t first_right) const;

 private:
  std::vector<std::size_t> widths() const;
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> lines_;
};

/// operator/case, backend, threads, verdict, time, its interval, GB/s, share of the roof and what sets it, error as a
/// share of the tolerance, speed against the first backend of the registry. A row that is not PASSED shows – for its
/// time.
Table timing_table(std::span<const Row> rows);

/// Operators by backends: how many checks passed and the largest share of the tolerance that was used, or what else
/// became of them.
Table verdict_table(std::span<const Row> rows);

/// How near each backend, and the framework's own recorded results, come to the tolerance of each operator: the largest
/// share of it, the precision class and ULP distance there, and where. Marks more than a quarter.
Table margins_table(std::span<const Row> rows);

}  // namespace assay::bench
