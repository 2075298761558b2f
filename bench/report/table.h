// Tables for the terminal and for Markdown: the times of bench, the summary and the margins of verify.
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

/// operator/case, backend, threads, verdict, time, its interval, time to prepare, GB/s, share of the roof and what
/// binds, error as a share of the tolerance, speed against the first backend of the registry. A row without a time
/// shows –.
Table timing_table(std::span<const Row> rows);

/// Operators by backends: how many checks passed and the largest share of the tolerance that they used; or how many
/// failed.
Table verdict_table(std::span<const Row> rows);

/// A line for each case whose truth is sampled: "note: the truth of op/case is sampled: 3 of 129 slices along B held
/// against the truth; …". Empty if every truth is whole.
std::string sampled_note(std::span<const Row> rows);

/// For each operator and backend, and for the framework's recorded results, the row with the largest share of the
/// tolerance: the share, the precision class, the ULP distance and the place. A share above a quarter is marked.
Table margins_table(std::span<const Row> rows);

}  // namespace assay::bench
