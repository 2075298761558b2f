// The assignment of least total cost of one block of a cost matrix, exactly: what hungarian_assignment's oracle rests
// on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::matching {

/// One image's block of the cost matrix: queries by its own targets, or turned on its side.
struct Block {
  const double* first;
  std::int64_t rows, columns, row_stride, column_stride;
  double operator()(std::int64_t row, std::int64_t column) const {
    return first[row * row_stride + column * column_stride];
  }
  /// Queries by targets, or targets by queries: whichever has no more rows than columns.
  Block lying() const { return rows <= columns ? *this : Block{first, columns, rows, column_stride, row_stride}; }
  std::int64_t pairs() const { return std::min(rows, columns); }
};

/// A number that is not negative as a place in a container.
constexpr std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The largest number of pairs that can be made at finite cost.
std::int64_t possible_pairs(const Block& block);

/// For each query its target, or −1. Throws InvalidArgument if no assignment has finite cost.
std::vector<std::int64_t> targets_of_least_cost(const Block& block);

}  // namespace assay::matching
