// A bipartite matching to tell whether an assignment exists, and rising prices in integers to find the cheapest.
#include "reference/set_prediction/least_cost.h"

#include <bit>
#include <cmath>
#include <limits>

#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/wide_integer.h"

namespace assay::matching {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The largest number of pairs that can be made at finite cost: a bipartite matching that grows by one augmenting path
/// for each row. Each path takes at most rows·columns steps.
class PossiblePairs {
 public:
  explicit PossiblePairs(const Block& block)
      : block_(block.lying()), column_of_(index(block_.rows), -1), row_of_(index(block_.columns), -1) {}

  std::int64_t count() {
    std::int64_t pairs = 0;
    for (std::int64_t row = 0; row < block_.rows; ++row) pairs += match(row) ? 1 : 0;
    return pairs;
  }

 private:
  /// Searches breadth first from a row for a column without one.
  bool match(std::int64_t start) {
    reached_from_.assign(row_of_.size(), -1);
    rows_.assign(1, start);
    for (std::size_t i = 0; i < rows_.size(); ++i) {  // each column is reached once and adds at most one row
      const std::int64_t row = rows_[i];
      for (std::int64_t column = 0; column < block_.columns; ++column) {
        if (reached_from_[index(column)] >= 0 || block_(row, column) == infinity) continue;
        reached_from_[index(column)] = row;
        if (row_of_[index(column)] < 0) {
          flip(column);
          return true;
        }
        rows_.push_back(row_of_[index(column)]);
      }
    }
    return false;
  }

  void flip(std::int64_t column) {
    while (column >= 0) {  // each step goes one row back towards the start
      const std::int64_t row = reached_from_[index(column)], next = column_of_[index(row)];
      column_of_[index(row)] = column;
      row_of_[index(column)] = row;
      column = next;
    }
  }

  const Block block_;
  std::vector<std::int64_t> column_of_, row_of_, reached_from_, rows_;
};

/// The powers of two that a block's finite costs span: every one is a multiple of 2^lowest and less than 2^highest.
struct Span {
  int lowest = 0, highest = 0;
};

/// A cost as value·2^exponent.
struct Scaled {
  std::int64_t value;
  int exponent;
};
Scaled scaled(double cost) {
  int exponent = 0;
  const double fraction = std::frexp(cost, &exponent);
  return {static_cast<std::int64_t>(std::ldexp(fraction, 53)), exponent - 53};
}

Span span_of(const Block& block) {
  Span span{std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};
  for (std::int64_t row = 0; row < block.rows; ++row)
    for (std::int64_t column = 0; column < block.columns; ++column) {
      const double cost = block(row, column);
      if (cost == 0 || cost == infinity) continue;
      const Scaled parts = scaled(cost);
      span.lowest = std::min(span.lowest, parts.exponent + std::countr_zero(static_cast<std::uint64_t>(parts.value)));
      span.highest = std::max(span.highest, parts.exponent + 53);
    }
  return span.lowest <= span.highest ? span : Span{};
}

template <class Integer>
struct IntegerTraits {
  static constexpr int bits = static_cast<int>(8 * sizeof(Integer));
  static constexpr Integer shifted(std::int64_t value, int shift) { return Integer::shifted(value, shift); }
};
template <>
struct IntegerTraits<std::int64_t> {
  static constexpr int bits = 64;
  static constexpr std::int64_t shifted(std::int64_t value, int shift) { return value * (std::int64_t{1} << shift); }
};

/// An assignment of least total cost by raising prices (Demange, Gale and Sotomayor 1986; Dinic and Kronrod 1969), in
/// integers and so without rounding. Columns have prices, at first 0. Every row always holds a column where cost +
/// price is least. While several rows hold one column, its price and those of the columns its rows would turn to rise
/// together, until a row is as well served by a column that nobody holds; rows move up along that path.
///
/// The result is optimal: only columns that are held have a price, so no assignment pays more in prices, and each row's
/// cost + price is the least it can be. Each path leaves one more column held, so there are at most `rows` paths, each
/// of at most rows·columns steps. Kernels that hold a partial matching and seek shortest paths share none of this.
///
/// Prices stay below 4·rows·C, where C is the largest |cost|: alternating costs lead from each raised column over the
/// root to the end of the path, whose price is 0, and each of the two legs adds up to at most 2·rows·C. Sums of two
/// costs and two prices need bit_width(rows) + 4 more bits than C.
template <class Integer>
class RisingPrices {
 public:
  RisingPrices(const Block& block, const Span& span)
      : rows_(index(block.rows)),
        columns_(index(block.columns)),
        price_(columns_),
        key_(columns_),
        raised_at_(columns_) {
    costs_.reserve(rows_ * columns_);
    for (std::int64_t row = 0; row < block.rows; ++row)
      for (std::int64_t column = 0; column < block.columns; ++column) {
        const double cost = block(row, column);
        costs_.push_back(cost == infinity ? unreachable : exact(cost, span));
      }
  }

  static bool fits(const Span& span, std::int64_t rows) {
    return span.highest - span.lowest + std::bit_width(static_cast<std::uint64_t>(rows)) + 6 <
           IntegerTraits<Integer>::bits;
  }

  /// For each row its column. Throws InvalidArgument if no assignment has finite cost.
  const std::vector<std::size_t>& solve() {
    column_of_.assign(rows_, none);
    holders_.assign(columns_, {});
    for (std::size_t row = 0; row < rows_; ++row) {
      std::size_t best = 0;
      for (std::size_t column = 1; column < columns_; ++column)
        if (cost(row, column) < cost(row, best)) best = column;
      if (cost(row, best) == unreachable) refuse();
      hold(row, best);
    }
    for (std::size_t column = 0; column < columns_; ++column)
      while (holders_[column].size() > 1) relieve(column);  // one row fewer each time
    return column_of_;
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  /// All sums that fit have a magnitude less than `limit`; +inf stays at or above it, whatever is added.
  static constexpr Integer limit = IntegerTraits<Integer>::shifted(1, IntegerTraits<Integer>::bits - 3);
  static constexpr Integer unreachable = limit + limit;
  static constexpr Integer lowest = Integer{} - limit;  ///< no offer is less

  static Integer exact(double cost, const Span& span) {
    if (cost == 0) return Integer{};
    const Scaled parts = scaled(cost);
    const int shift = parts.exponent - span.lowest;
    return shift >= 0 ? IntegerTraits<Integer>::shifted(parts.value, shift)
                      : IntegerTraits<Integer>::shifted(parts.value / (std::int64_t{1} << -shift), 0);
  }

  [[noreturn]] static void refuse() { reject(HungarianAssignment::name, "no assignment of finite cost exists"); }

  const Integer& cost(std::size_t row, std::size_t column) const { return costs_[row * columns_ + column]; }

  void hold(std::size_t row, std::size_t column) {
    column_of_[row] = column;
    holders_[column].push_back(row);
  }

  /// Raises prices until one row can leave `root`, and lets it.
  void relieve(std::size_t root) {
    std::fill(key_.begin(), key_.end(), limit);
    turning_.assign(columns_, none);
    rising_.assign(1, root);
    is_rising_.assign(columns_, false);
    is_rising_[root] = true;
    raised_at_[root] = Integer{};
    key_[root] = lowest;
    Integer raise{};  // of the root's price so far
    std::size_t next = root;
    for (std::size_t step = 0; step < columns_; ++step) {
      for (const std::size_t row : holders_[next]) offer(row, raise);
      next = cheapest_offer();
      raise = key_[next] + price_[next];
      if (holders_[next].empty()) break;
      is_rising_[next] = true;
      raised_at_[next] = raise;
      key_[next] = lowest;
      rising_.push_back(next);
    }
    for (const std::size_t column : rising_) price_[column] += raise - raised_at_[column];
    move_along(next, root);
  }

  /// Notes at which raise the row would turn to each other column. The key of a column is that raise less its price.
  void offer(std::size_t row, const Integer& raise) {
    const std::size_t held = column_of_[row];
    const Integer from = raise - cost(row, held) - price_[held];
    for (std::size_t column = 0; column < columns_; ++column) {
      const Integer key = from + cost(row, column);
      if (!(key < key_[column])) continue;
      key_[column] = key;
      turning_[column] = row;
    }
  }

  std::size_t cheapest_offer() const {
    std::size_t best = none;
    for (std::size_t column = 0; column < columns_; ++column) {
      if (is_rising_[column] || turning_[column] == none) continue;
      if (best == none || key_[column] + price_[column] < key_[best] + price_[best]) best = column;
    }
    if (best == none) refuse();
    return best;
  }

  void move_along(std::size_t column, std::size_t root) {
    while (column != root) {  // each step goes to a column that began to rise earlier
      const std::size_t row = turning_[column], left = column_of_[row];
      std::erase(holders_[left], row);
      hold(row, column);
      column = left;
    }
  }

  std::size_t rows_, columns_;
  std::vector<Integer> costs_, price_, key_, raised_at_;
  std::vector<std::size_t> column_of_, turning_, rising_;  ///< turning_: by column, the row that turns to it first
  std::vector<std::vector<std::size_t>> holders_;          ///< by column: the rows that hold it
  std::vector<bool> is_rising_;
};

/// For each row of a lying block its column, in the narrowest integers that hold its costs.
std::vector<std::size_t> columns_of_least_cost(const Block& lying) {
  using F32 = WideInteger<5>;   // 277 bits between the smallest subnormal and the largest float
  using F64 = WideInteger<34>;  // 2098 bits
  const Span span = span_of(lying);
  if (RisingPrices<std::int64_t>::fits(span, lying.rows)) return RisingPrices<std::int64_t>(lying, span).solve();
  if (RisingPrices<F32>::fits(span, lying.rows)) return RisingPrices<F32>(lying, span).solve();
  return RisingPrices<F64>(lying, span).solve();
}

}  // namespace

std::int64_t possible_pairs(const Block& block) { return PossiblePairs(block).count(); }

std::vector<std::int64_t> targets_of_least_cost(const Block& block) {
  std::vector<std::int64_t> target_of(index(block.rows), -1);
  if (block.pairs() == 0) return target_of;
  const std::vector<std::size_t> column_of = columns_of_least_cost(block.lying());
  for (std::size_t row = 0; row < column_of.size(); ++row) {
    if (block.rows <= block.columns)
      target_of[row] = static_cast<std::int64_t>(column_of[row]);
    else
      target_of[column_of[row]] = static_cast<std::int64_t>(row);
  }
  return target_of;
}

}  // namespace assay::matching
