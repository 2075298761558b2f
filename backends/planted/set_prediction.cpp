// hungarian_assignment with every mistake a port was seen, or is likely, to make.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "backends/planted/planted.h"
#include "bench/planted/rounding.h"
#include "reference/set_prediction/hungarian_assignment.h"

namespace assay::planted {
namespace {

using Matching = HungarianAssignment;

struct MatchMistake {
  /// Whose costs are read.
  enum class Block : std::uint8_t {
    own,
    of_first_targets,
    of_image_before,
    of_first_image,
    equal_shares,
    transposed
  } block{};
  enum class Cost : std::uint8_t {
    right,
    negated,
    absolute,
    not_negative,
    whole_numbers,
    thousandths,
    infinity_is_zero,
    infinity_is_100
  } cost{};
  Format format = Format::full;
  enum class Method : std::uint8_t {
    right,
    in_float32,
    without_potentials,
    greedy_by_pair,
    greedy_by_query,
    greedy_by_target,
    greedy_and_exchanges,
    cheapest_target_each,
    cheapest_query_each,
    in_order
  } method{};
  /// Which take part: all, only the first min(Q, T), or what fits a fixed size, if that makes enough pairs.
  enum class Considered : std::uint8_t {
    all,
    first_queries,
    first_targets,
    first_100_queries,
    first_64_targets
  } considered{};
  enum class Write : std::uint8_t {
    right,
    in_target_order,
    swapped,
    target_in_batch,
    query_in_batch,
    last_image_left_out,
    int32
  } write{};
};

/// The costs of one image, queries by targets, as a mistake sees them.
class Costs {
 public:
  Costs(const MatchMistake& mistake, const Matching::Inputs<float>& in, std::int64_t b, std::int64_t before)
      : queries(in.cost.shape[1]), targets(in.sizes.data[b]), stride_(targets) {
    const std::int64_t B = in.cost.shape[0], all = in.cost.shape[2], elements = in.cost.shape.elements();
    using Block = MatchMistake::Block;
    std::int64_t first = before, image = b;
    if (mistake.block == Block::of_first_targets) first = 0;
    if (mistake.block == Block::of_image_before) first -= b > 0 ? in.sizes.data[b - 1] : 0;
    if (mistake.block == Block::of_first_image) image = 0;
    if (mistake.block == Block::equal_shares) first = b * (all / B);
    for (std::int64_t q = 0; q < queries; ++q)
      for (std::int64_t t = 0; t < targets; ++t) {
        std::int64_t at = image * queries * all + q * all + first + t;
        if (mistake.block == Block::transposed) at = image * queries * all + (first + t) * queries + q;
        values_.push_back(seen(mistake, in.cost.data[at % elements]));
      }
    const std::int64_t pairs = std::min(queries, targets);
    if (mistake.considered == MatchMistake::Considered::first_queries) queries = pairs;
    if (mistake.considered == MatchMistake::Considered::first_targets) targets = pairs;
    if (mistake.considered == MatchMistake::Considered::first_100_queries)
      queries = std::min(queries, std::max<std::int64_t>(pairs, 100));
    if (mistake.considered == MatchMistake::Considered::first_64_targets)
      targets = std::min(targets, std::max<std::int64_t>(pairs, 64));
  }

  double operator()(std::int64_t query, std::int64_t target) const {
    return values_[static_cast<std::size_t>(query * stride_ + target)];
  }

  std::int64_t queries, targets;

 private:
  /// A cost as the mistake takes it. Infinity becomes a number that no sum of others comes near, so that every method
  /// ends, also on blocks that have no assignment of finite cost.
  static double seen(const MatchMistake& mistake, float cost) {
    using Cost = MatchMistake::Cost;
    constexpr double forbidden = 1e30;
    auto value = static_cast<double>(cost);
    if (std::isinf(value))
      return mistake.cost == Cost::infinity_is_zero ? 0 : mistake.cost == Cost::infinity_is_100 ? 100 : forbidden;
    value = std::min(rounded(mistake.format, value), forbidden);
    switch (mistake.cost) {
      case Cost::negated: return -value;
      case Cost::absolute: return std::abs(value);
      case Cost::not_negative: return std::max(value, 0.0);
      case Cost::whole_numbers: return std::trunc(value);
      case Cost::thousandths: return std::trunc(value * 1000);
      default: return value;
    }
  }

  std::int64_t stride_;
  std::vector<double> values_;
};

using TargetOf = std::vector<std::int64_t>;  ///< for each query, −1 where it has none

/// Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957), one row of the smaller side after the other.
template <class Real>
class Assignment {
 public:
  Assignment(const Costs& costs, bool with_potentials)
      : costs_(costs),
        by_query_(costs.queries <= costs.targets),
        with_potentials_(with_potentials),
        rows_(std::min(costs.queries, costs.targets)),
        columns_(std::max(costs.queries, costs.targets)),
        row_potential_(size(rows_)),
        column_potential_(size(columns_)),
        row_of_(size(columns_), -1) {}

  TargetOf solve() {
    for (std::int64_t row = 0; row < rows_; ++row) augment(row);
    TargetOf target_of(size(costs_.queries), -1);
    for (std::int64_t column = 0; column < columns_; ++column) {
      const std::int64_t row = row_of_[size(column)];
      if (row >= 0) target_of[size(by_query_ ? row : column)] = by_query_ ? column : row;
    }
    return target_of;
  }

 private:
  static std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }
  Real cost(std::int64_t row, std::int64_t column) const {
    return static_cast<Real>(by_query_ ? costs_(row, column) : costs_(column, row));
  }

  void augment(std::int64_t start) {
    std::vector<Real> distance(size(columns_), std::numeric_limits<Real>::max());
    std::vector<std::int64_t> previous(size(columns_), -1);
    std::vector<bool> done(size(columns_), false);
    std::int64_t row = start, from = -1;
    Real reached = 0;
    while (row >= 0) {
      std::int64_t nearest = -1;
      for (std::int64_t j = 0; j < columns_; ++j) {
        if (done[size(j)]) continue;
        const Real through = reached + cost(row, j) - row_potential_[size(row)] - column_potential_[size(j)];
        if (through < distance[size(j)]) distance[size(j)] = through, previous[size(j)] = from;
        if (nearest < 0 || distance[size(j)] < distance[size(nearest)]) nearest = j;
      }
      done[size(nearest)] = true;
      reached = distance[size(nearest)];
      from = nearest;
      row = row_of_[size(nearest)];
    }
    if (with_potentials_) update_potentials(start, from, distance, done);
    for (; previous[size(from)] >= 0; from = previous[size(from)])
      row_of_[size(from)] = row_of_[size(previous[size(from)])];
    row_of_[size(from)] = start;
  }

  void update_potentials(std::int64_t start, std::int64_t end, const std::vector<Real>& distance,
                         const std::vector<bool>& done) {
    const Real length = distance[size(end)];
    row_potential_[size(start)] += length;
    for (std::int64_t j = 0; j < columns_; ++j) {
      if (!done[size(j)] || j == end) continue;
      row_potential_[size(row_of_[size(j)])] += length - distance[size(j)];
      column_potential_[size(j)] -= length - distance[size(j)];
    }
  }

  const Costs& costs_;
  bool by_query_, with_potentials_;
  std::int64_t rows_, columns_;
  std::vector<Real> row_potential_, column_potential_;
  std::vector<std::int64_t> row_of_;
};

struct Pair {
  std::int64_t query, target;
};

/// Takes pairs in the given order, each if both its sides are free.
TargetOf take(const Costs& costs, const std::vector<Pair>& order) {
  TargetOf target_of(static_cast<std::size_t>(costs.queries), -1);
  std::vector<bool> taken(static_cast<std::size_t>(costs.targets), false);
  for (const Pair& pair : order) {
    std::int64_t& target = target_of[static_cast<std::size_t>(pair.query)];
    if (target >= 0 || taken[static_cast<std::size_t>(pair.target)]) continue;
    target = pair.target;
    taken[static_cast<std::size_t>(pair.target)] = true;
  }
  return target_of;
}

TargetOf greedy(MatchMistake::Method method, const Costs& costs) {
  using Method = MatchMistake::Method;
  std::vector<Pair> order;
  for (std::int64_t q = 0; q < costs.queries; ++q)
    for (std::int64_t t = 0; t < costs.targets; ++t) order.push_back({q, t});
  std::stable_sort(order.begin(), order.end(), [&](const Pair& a, const Pair& b) {
    if (method == Method::greedy_by_query && a.query != b.query) return a.query < b.query;
    if (method == Method::greedy_by_target && a.target != b.target) return a.target < b.target;
    return method != Method::in_order && costs(a.query, a.target) < costs(b.query, b.target);
  });
  return take(costs, order);
}

/// Lets two queries exchange their targets, one of which may be none, as long as that gains anything.
TargetOf exchanged(const Costs& costs, TargetOf target_of) {
  const auto price = [&](std::int64_t q, std::int64_t t) { return t < 0 ? 0 : costs(q, t); };
  for (bool gained = true; gained;) {
    gained = false;
    for (std::int64_t p = 0; p < costs.queries; ++p)
      for (std::int64_t q = 0; q < p; ++q) {
        std::int64_t &of_p = target_of[static_cast<std::size_t>(p)], &of_q = target_of[static_cast<std::size_t>(q)];
        if (!(price(p, of_q) + price(q, of_p) < price(p, of_p) + price(q, of_q) - 1e-9)) continue;
        std::swap(of_p, of_q);
        gained = true;
      }
  }
  return target_of;
}

/// The cheapest target of each query, or the cheapest query of each target, whoever has it already.
std::vector<Pair> cheapest_each(const Costs& costs, bool of_query) {
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < (of_query ? costs.queries : costs.targets); ++i) {
    Pair best = of_query ? Pair{i, 0} : Pair{0, i};
    for (std::int64_t j = 0; j < (of_query ? costs.targets : costs.queries); ++j) {
      const Pair pair = of_query ? Pair{i, j} : Pair{j, i};
      if (costs(pair.query, pair.target) < costs(best.query, best.target)) best = pair;
    }
    pairs.push_back(best);
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.query < b.query; });
  pairs.resize(static_cast<std::size_t>(std::min(costs.queries, costs.targets)));
  return pairs;
}

std::vector<Pair> match(const MatchMistake& mistake, const Costs& costs) {
  using Method = MatchMistake::Method;
  if (costs.targets == 0) return {};
  TargetOf target_of;
  switch (mistake.method) {
    case Method::right: target_of = Assignment<double>(costs, true).solve(); break;
    case Method::in_float32: target_of = Assignment<float>(costs, true).solve(); break;
    case Method::without_potentials: target_of = Assignment<double>(costs, false).solve(); break;
    case Method::greedy_and_exchanges: target_of = exchanged(costs, greedy(Method::greedy_by_pair, costs)); break;
    case Method::cheapest_target_each: return cheapest_each(costs, true);
    case Method::cheapest_query_each: return cheapest_each(costs, false);
    default: target_of = greedy(mistake.method, costs);
  }
  std::vector<Pair> pairs;
  for (std::int64_t q = 0; q < costs.queries; ++q)
    if (target_of[static_cast<std::size_t>(q)] >= 0) pairs.push_back({q, target_of[static_cast<std::size_t>(q)]});
  return pairs;
}

/// Writes the pairs of all images one after the other.
class Writer {
 public:
  Writer(MatchMistake::Write mistake, const Matching::Outputs<float>& out)
      : mistake_(mistake), query_(out.query.data), target_(out.target.data) {}

  void write(std::vector<Pair> pairs, std::int64_t queries_before, std::int64_t targets_before) {
    using Write = MatchMistake::Write;
    if (mistake_ == Write::in_target_order)
      std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.target < b.target; });
    for (Pair& pair : pairs) {
      if (mistake_ == Write::swapped) std::swap(pair.query, pair.target);
      if (mistake_ == Write::target_in_batch) pair.target += targets_before;
      if (mistake_ == Write::query_in_batch) pair.query += queries_before;
      put(query_, pair.query);
      put(target_, pair.target);
      ++written_;
    }
  }

 private:
  void put(std::int64_t* to, std::int64_t value) const {
    const auto narrow = static_cast<std::int32_t>(value);
    if (mistake_ == MatchMistake::Write::int32)
      std::memcpy(reinterpret_cast<char*>(to) + written_ * 4, &narrow, sizeof narrow);
    else
      to[written_] = value;
  }

  MatchMistake::Write mistake_;
  std::int64_t *query_, *target_;
  std::int64_t written_ = 0;
};

void assign(const MatchMistake& mistake, const Matching::Inputs<float>& in, const Matching::Outputs<float>& out) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1];
  Writer writer(mistake.write, out);
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < B - (mistake.write == MatchMistake::Write::last_image_left_out); ++b) {
    writer.write(match(mistake, Costs(mistake, in, b, before)), b * Q, before);
    before += in.sizes.data[b];
  }
}

template <MatchMistake mistake>
void hungarian_assignment(const Matching::Params&, const Matching::Inputs<float>& in,
                          const Matching::Outputs<float>& out) {
  assign(mistake, in, out);
}

}  // namespace

void plant_set_prediction(Garden& garden) {
  using M = MatchMistake;
  plant<Matching, float>(
      garden, "set prediction",
      {
          {"control", "", hungarian_assignment<M{}>},
          {"first_block", "every image matched to the first targets of the batch",
           hungarian_assignment<M{.block = M::Block::of_first_targets}>},
          {"block_before", "the block of the image before",
           hungarian_assignment<M{.block = M::Block::of_image_before}>},
          {"first_image", "the first image's queries for all",
           hungarian_assignment<M{.block = M::Block::of_first_image}>},
          {"equal_shares", "blocks placed as if all images had as many targets",
           hungarian_assignment<M{.block = M::Block::equal_shares}>},
          {"transposed", "block read with queries innermost", hungarian_assignment<M{.block = M::Block::transposed}>},
          {"maximum", "maximum instead of minimum", hungarian_assignment<M{.cost = M::Cost::negated}>},
          {"absolute", "costs without their sign", hungarian_assignment<M{.cost = M::Cost::absolute}>},
          {"not_negative", "negative costs taken as 0", hungarian_assignment<M{.cost = M::Cost::not_negative}>},
          {"whole_numbers", "costs cut off to whole numbers", hungarian_assignment<M{.cost = M::Cost::whole_numbers}>},
          {"thousandths", "costs cut off to thousandths", hungarian_assignment<M{.cost = M::Cost::thousandths}>},
          {"infinity_0", "+inf taken as 0", hungarian_assignment<M{.cost = M::Cost::infinity_is_zero}>},
          {"infinity_100", "+inf taken as 100", hungarian_assignment<M{.cost = M::Cost::infinity_is_100}>},
          {"tf32", "costs in TF32", hungarian_assignment<M{.format = Format::tf32}>},
          {"half", "costs in float16", hungarian_assignment<M{.format = Format::half}>},
          {"bfloat16", "costs in bfloat16", hungarian_assignment<M{.format = Format::bfloat16}>},
          {"float32", "potentials in float32", hungarian_assignment<M{.method = M::Method::in_float32}>},
          {"no_potentials", "potentials not updated", hungarian_assignment<M{.method = M::Method::without_potentials}>},
          {"greedy", "greedy: the cheapest pair left", hungarian_assignment<M{.method = M::Method::greedy_by_pair}>},
          {"greedy_query", "greedy: each query in turn", hungarian_assignment<M{.method = M::Method::greedy_by_query}>},
          {"greedy_target", "greedy: each target in turn",
           hungarian_assignment<M{.method = M::Method::greedy_by_target}>},
          {"exchanges", "greedy, then exchanges of two",
           hungarian_assignment<M{.method = M::Method::greedy_and_exchanges}>},
          {"cheapest_target", "each query's cheapest target, taken or not",
           hungarian_assignment<M{.method = M::Method::cheapest_target_each}>},
          {"cheapest_query", "each target's cheapest query, taken or not",
           hungarian_assignment<M{.method = M::Method::cheapest_query_each}>},
          {"in_order", "the n-th query with the n-th target", hungarian_assignment<M{.method = M::Method::in_order}>},
          {"first_queries", "only the first min(Q, T) queries",
           hungarian_assignment<M{.considered = M::Considered::first_queries}>},
          {"first_targets", "only the first min(Q, T) targets",
           hungarian_assignment<M{.considered = M::Considered::first_targets}>},
          {"first_100", "only the first 100 queries",
           hungarian_assignment<M{.considered = M::Considered::first_100_queries}>},
          {"first_64", "only the first 64 targets",
           hungarian_assignment<M{.considered = M::Considered::first_64_targets}>},
          {"target_order", "pairs in the order of targets",
           hungarian_assignment<M{.write = M::Write::in_target_order}>},
          {"swapped", "query and target swapped", hungarian_assignment<M{.write = M::Write::swapped}>},
          {"target_in_batch", "targets counted over the batch",
           hungarian_assignment<M{.write = M::Write::target_in_batch}>},
          {"query_in_batch", "queries counted over the batch",
           hungarian_assignment<M{.write = M::Write::query_in_batch}>},
          {"last_image", "the last image left out", hungarian_assignment<M{.write = M::Write::last_image_left_out}>},
          {"int32", "I64 written as int32", hungarian_assignment<M{.write = M::Write::int32}>},
      });
}

}  // namespace assay::planted
