// The assignment of least total cost of one image by shortest augmenting paths (Jonker and Volgenant 1987, as in
// SciPy's linear_sum_assignment; Crouse 2016): O(n²m) for n rows and m ≥ n columns, and vectors over the columns. Start
// with Assignment::solve().
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/wide_integer.h"

namespace assay::openmp {

/// A cost matrix of `rows` ≤ `columns`, each row's costs one behind the other.
struct CostMatrix {
  const float* first;
  std::int64_t rows, columns, stride;
  const float* row(std::int64_t i) const { return first + i * stride; }
};

/// What costs and their sums are held in: float64, or integers in units of the smallest subnormal float, 2^-149, of
/// which every sum of n finite floats is less than n·2^277. A reduced cost of at least `infinity` is no path; the
/// potential `closed` brings any reduced cost there.
template <class Number>
struct PathArithmetic;
template <>
struct PathArithmetic<double> {
  static constexpr double infinity = std::numeric_limits<double>::infinity(), closed = -infinity;
  static double number(float cost) { return static_cast<double>(cost); }
};
using ExactCost = WideInteger<5>;
template <>
struct PathArithmetic<ExactCost> {
  static constexpr ExactCost infinity = ExactCost::shifted(1, 317), closed = ExactCost::shifted(-3, 316);
  static ExactCost number(float cost) {
    if (std::isinf(cost)) return ExactCost::shifted(1, 318);
    constexpr int digits = std::numeric_limits<float>::digits;
    const int shift = cost == 0 ? 0 : std::max(std::ilogb(cost) + 150 - digits, 0);
    return ExactCost::shifted(static_cast<std::int64_t>(std::ldexp(static_cast<double>(cost), 149 - shift)), shift);
  }
};

/// The state of one search for a shortest path, by column: the length of the best path so far (infinite once the column
/// is closed), the column before it on that path (−1: none), and its potential.
template <class Number>
struct Reached {
  Number* length;
  std::int64_t* previous;
  const Number* potential;
};

/// Extends paths by one more row, whose reduced costs are base + cost[j] − potential[j]. Returns the least length.
template <class Number>
Number extend_paths(const float* cost, Number base, std::int64_t from, const Reached<Number>& reached,
                    std::int64_t columns) {
  Number least = PathArithmetic<Number>::infinity;
  for (std::int64_t j = 0; j < columns; ++j) {
    const Number through = base + PathArithmetic<Number>::number(cost[j]) - reached.potential[j];
    if (through < reached.length[j]) {
      reached.length[j] = through;
      reached.previous[j] = from;
    }
    least = std::min(least, reached.length[j]);
  }
  return least;
}
inline double extend_paths(const float* cost, double base, std::int64_t from, const Reached<double>& reached,
                           std::int64_t columns) {
  double* const length = reached.length;
  std::int64_t* const previous = reached.previous;
  const double* const potential = reached.potential;
  double least = std::numeric_limits<double>::infinity();
#pragma omp simd reduction(min : least)
  for (std::int64_t j = 0; j < columns; ++j) {
    const double through = base + static_cast<double>(cost[j]) - potential[j], before = length[j];
    const bool is_shorter = through < before;
    const double after = is_shorter ? through : before;
    length[j] = after;
    previous[j] = is_shorter ? from : previous[j];
    least = after < least ? after : least;
  }
  return least;
}

/// Room for one assignment, reused for every image.
template <class Number>
class ShortestPaths {
 public:
  void reserve(std::int64_t rows, std::int64_t columns) {
    row_potential_.resize(static_cast<std::size_t>(rows));
    path_length_.resize(static_cast<std::size_t>(rows));
    closed_.reserve(static_cast<std::size_t>(rows));
    for (std::vector<Number>* room : {&length_, &potential_}) room->resize(static_cast<std::size_t>(columns));
    for (std::vector<std::int64_t>* room : {&previous_, &row_of_}) room->resize(static_cast<std::size_t>(columns));
  }

  /// Matches every row.
  void solve(const CostMatrix& cost) {
    std::fill_n(row_potential_.begin(), cost.rows, Number{});
    std::fill_n(potential_.begin(), cost.columns, Number{});
    std::fill_n(row_of_.begin(), cost.columns, none);
    for (std::int64_t row = 0; row < cost.rows; ++row) match(cost, row);
  }

  /// The row that column j is matched with, or −1.
  std::int64_t row_of(std::int64_t j) const { return row_of_[static_cast<std::size_t>(j)]; }

  /// Σ |lengths of the paths| + the largest −potential: no sum that counts is more. Path lengths add up to the total;
  /// row potentials start at a length and grow, column potentials only fall.
  double magnitude(const CostMatrix& cost) const {
    double moved = 0, deepest = 0;
    for (std::int64_t i = 0; i < cost.rows; ++i) moved += std::abs(path_length_[static_cast<std::size_t>(i)]);
    for (std::int64_t j = 0; j < cost.columns; ++j)
      deepest = std::max(deepest, -potential_[static_cast<std::size_t>(j)]);
    return moved + deepest;
  }
  double chosen_magnitude(const CostMatrix& cost) const {
    double chosen = 0;
    for (std::int64_t j = 0; j < cost.columns; ++j)
      if (row_of(j) != none) chosen += static_cast<double>(std::abs(cost.row(row_of(j))[j]));
    return chosen;
  }

 private:
  static constexpr std::int64_t none = -1;

  struct Closed {
    std::int64_t column;
    Number length, potential;
  };

  /// Grows the tree of shortest paths from a row until it meets a column that is free, and turns the pairs along the
  /// path to it.
  void match(const CostMatrix& cost, const std::int64_t start) {
    std::fill_n(length_.begin(), cost.columns, PathArithmetic<Number>::infinity);
    std::fill_n(previous_.begin(), cost.columns, none);
    closed_.clear();
    Number reached{};
    std::int64_t row = start, column = none;
    while (true) {  // each turn closes one more column
      reached = extend_paths(cost.row(row), reached - row_potential_[static_cast<std::size_t>(row)], column,
                             Reached<Number>{length_.data(), previous_.data(), potential_.data()}, cost.columns);
      if (!(reached < PathArithmetic<Number>::infinity))                           // unreached: validate() refuses this
        reject(HungarianAssignment::name, "no assignment of finite cost exists");  // unreached: validate() refuses this
      column = nearest(reached, cost.columns);
      row = row_of(column);
      if (row == none) break;
      const auto at = static_cast<std::size_t>(column);
      closed_.push_back({column, reached, potential_[at]});
      potential_[at] = PathArithmetic<Number>::closed;
      length_[at] = PathArithmetic<Number>::infinity;
    }
    path_length_[static_cast<std::size_t>(start)] = reached;
    update_potentials(start, reached);
    turn_pairs(start, column);
  }

  /// A column of that length; one that is free if there is one, for that ends the search.
  std::int64_t nearest(const Number& least, std::int64_t columns) const {
    constexpr std::int64_t block = 32;
    std::int64_t found = none, j = 0;
    const auto is_nearest = [&](std::int64_t column) { return length_[static_cast<std::size_t>(column)] == least; };
    for (std::int64_t begin = 0; begin < columns; begin += block) {
      const std::int64_t end = std::min(columns, begin + block);
      bool any = false;
      for (j = begin; j < end; ++j) any |= is_nearest(j);
      for (j = begin; any && j < end; ++j) {
        if (!is_nearest(j)) continue;
        if (row_of(j) == none) return j;
        if (found == none) found = j;
      }
    }
    return found;
  }

  /// Keeps all reduced costs non-negative, and those on matched pairs zero.
  void update_potentials(std::int64_t start, const Number& length) {
    row_potential_[static_cast<std::size_t>(start)] += length;
    for (const Closed& closed : closed_) {
      const Number rise = length - closed.length;
      row_potential_[static_cast<std::size_t>(row_of(closed.column))] += rise;
      potential_[static_cast<std::size_t>(closed.column)] = closed.potential - rise;
    }
  }

  void turn_pairs(std::int64_t start, std::int64_t column) {
    while (true) {  // each step goes one column back towards the start
      const auto at = static_cast<std::size_t>(column);
      const std::int64_t before = previous_[at];
      row_of_[at] = before == none ? start : row_of(before);
      if (before == none) return;
      column = before;
    }
  }

  std::vector<Number> row_potential_, path_length_;  ///< by row; the length of the path that matched it
  std::vector<Number> length_, potential_;           ///< by column, see Reached
  std::vector<std::int64_t> previous_, row_of_;      ///< by column
  std::vector<Closed> closed_;                       ///< the columns of this search that are closed
};

/// Assignments of one image after the other, by one worker.
class Assignment {
 public:
  /// Room for images of so many queries and so many targets.
  void reserve(std::int64_t queries, std::int64_t targets) {
    rows_ = std::max(rows_, std::min(queries, targets));
    columns_ = std::max(columns_, std::max(queries, targets));
    if (targets < queries) turned_floats_ = std::max(turned_floats_, queries * targets);
  }
  void allocate() {
    paths_.reserve(rows_, columns_);
    turned_ = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(turned_floats_));
  }

  /// Writes the pairs of one image, whose costs [queries, targets] have rows `stride` apart; queries ascend.
  void solve(const float* cost, std::int64_t queries, std::int64_t targets, std::int64_t stride, std::int64_t* query,
             std::int64_t* target) {
    if (targets == 0) return;
    if (targets < queries) {
      turn(cost, queries, targets, stride);
      const CostMatrix matrix{turned_.get(), targets, queries, queries};
      match(matrix, [&](const auto& paths) {
        for (std::int64_t q = 0; q < queries; ++q) {
          if (paths.row_of(q) < 0) continue;
          *query++ = q;
          *target++ = paths.row_of(q);
        }
      });
    } else {
      match({cost, queries, targets, stride}, [&](const auto& paths) {
        for (std::int64_t q = 0; q < queries; ++q) query[q] = q;
        for (std::int64_t t = 0; t < targets; ++t)
          if (paths.row_of(t) >= 0) target[paths.row_of(t)] = t;
      });
    }
  }

 private:
  /// Solves in float64, and again in integers if float64 may have lost costs that count. A sum may be wrong by units of
  /// 2^-53 of the sums' magnitude. Sixteen such units are the tolerance, 2^-40 of the chosen costs, at 2^9 times these
  /// costs.
  template <class Write>
  void match(const CostMatrix& cost, const Write& write) {
    paths_.solve(cost);
    if (paths_.magnitude(cost) <= 0x1p9 * paths_.chosen_magnitude(cost)) return write(paths_);
    exact_paths_.reserve(rows_, columns_);  // rare, and 40 bytes a number: not before it is needed
    exact_paths_.solve(cost);
    write(exact_paths_);
  }

  /// Targets by queries, in strips of queries whose cache lines stay at hand.
  void turn(const float* cost, std::int64_t queries, std::int64_t targets, std::int64_t stride) {
    constexpr std::int64_t strip = 16;
    for (std::int64_t first = 0; first < queries; first += strip) {
      const std::int64_t end = std::min(queries, first + strip);
      for (std::int64_t t = 0; t < targets; ++t)
        for (std::int64_t q = first; q < end; ++q)
          turned_[static_cast<std::size_t>(t * queries + q)] = cost[q * stride + t];
    }
  }

  std::int64_t rows_ = 0, columns_ = 0, turned_floats_ = 0;
  std::unique_ptr<float[]> turned_;
  ShortestPaths<double> paths_;
  ShortestPaths<ExactCost> exact_paths_;
};

}  // namespace assay::openmp
