// hungarian_assignment with every mistake a port was seen, or is likely, to make.
#include "reference/set_prediction/hungarian_assignment.h"

#include <algorithm>
#include <limits>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = HungarianAssignment;

/// The costs of one image, queries by targets.
struct Costs {
  std::int64_t queries, targets, stride;
  std::vector<double> values;
  double operator()(std::int64_t query, std::int64_t target) const {
    return values[static_cast<std::size_t>(query * stride + target)];
  }
};

struct Pair {
  std::int64_t query, target;
};
using Pairs = std::vector<Pair>;
using TargetOf = std::vector<std::int64_t>;  ///< for each query, −1 where it has none

Pairs pairs_of(const TargetOf& target_of) {
  Pairs pairs;
  for (std::size_t q = 0; q < target_of.size(); ++q)
    if (target_of[q] >= 0) pairs.push_back({static_cast<std::int64_t>(q), target_of[q]});
  return pairs;
}

/// Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957), one row of the smaller side after the other.
/// Rows and columns count from 1; column 0 holds the row that is looked for, row 0 a column that is free.
template <class Real>
Pairs by_paths(const Costs& costs, bool with_potentials) {
  const bool by_query = costs.queries <= costs.targets;
  const auto rows = static_cast<std::size_t>(std::min(costs.queries, costs.targets)),
             columns = static_cast<std::size_t>(std::max(costs.queries, costs.targets));
  std::vector<Real> row_potential(rows + 1), column_potential(columns + 1);
  std::vector<std::size_t> row_of(columns + 1), previous(columns + 1);
  for (std::size_t row = 1; row <= rows; ++row) {
    std::vector<Real> distance(columns + 1, std::numeric_limits<Real>::max());
    std::vector<bool> done(columns + 1, false);
    row_of[0] = row;
    distance[0] = 0;
    std::size_t from = 0;
    for (std::size_t nearest = 0; row_of[from] != 0; from = nearest) {
      done[from] = true;
      nearest = 0;
      for (std::size_t j = 1; j <= columns; ++j) {
        if (done[j]) continue;
        const auto i = static_cast<std::int64_t>(row_of[from]) - 1, k = static_cast<std::int64_t>(j) - 1;
        const auto cost = static_cast<Real>(by_query ? costs(i, k) : costs(k, i));
        const Real through = distance[from] + cost - row_potential[row_of[from]] - column_potential[j];
        if (through < distance[j]) distance[j] = through, previous[j] = from;
        if (nearest == 0 || distance[j] < distance[nearest]) nearest = j;
      }
    }
    for (std::size_t j = 0; j <= columns && with_potentials; ++j) {
      if (!done[j]) continue;
      row_potential[row_of[j]] += distance[from] - distance[j];
      column_potential[j] -= distance[from] - distance[j];
    }
    for (; from != 0; from = previous[from]) row_of[from] = row_of[previous[from]];
  }
  TargetOf target_of(static_cast<std::size_t>(costs.queries), -1);
  for (std::size_t j = 1; j <= columns; ++j)
    if (row_of[j] != 0)
      target_of[(by_query ? row_of[j] : j) - 1] = static_cast<std::int64_t>(by_query ? j : row_of[j]) - 1;
  return pairs_of(target_of);
}

/// Takes pairs in an order of `before`, each if both its sides are free.
TargetOf greedy(const Costs& costs, bool (*before)(const Costs&, const Pair&, const Pair&)) {
  Pairs order;
  for (std::int64_t q = 0; q < costs.queries; ++q)
    for (std::int64_t t = 0; t < costs.targets; ++t) order.push_back({q, t});
  std::stable_sort(order.begin(), order.end(), [&](const Pair& a, const Pair& b) { return before(costs, a, b); });
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

bool cheaper(const Costs& costs, const Pair& a, const Pair& b) {
  return costs(a.query, a.target) < costs(b.query, b.target);
}

/// Lets two queries exchange their targets, one of which may be none, as long as that gains anything.
TargetOf exchanged(const Costs& costs, TargetOf target_of) {
  const auto price = [&](std::int64_t q, std::int64_t t) { return t < 0 ? 0 : costs(q, t); };
  constexpr int most_rounds = 100;  // among large costs a gain may be nothing but rounding
  bool gained = true;
  for (int round = 0; gained && round < most_rounds; ++round) {
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
Pairs cheapest_each(const Costs& costs, bool of_query) {
  Pairs pairs;
  for (std::int64_t i = 0; i < (of_query ? costs.queries : costs.targets); ++i) {
    Pair best = of_query ? Pair{i, 0} : Pair{0, i};
    for (std::int64_t j = 0; j < (of_query ? costs.targets : costs.queries); ++j) {
      const Pair pair = of_query ? Pair{i, j} : Pair{j, i};
      if (cheaper(costs, pair, best)) best = pair;
    }
    pairs.push_back(best);
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.query < b.query; });
  pairs.resize(static_cast<std::size_t>(std::min(costs.queries, costs.targets)));
  return pairs;
}

/// Where an image's block lies: image b of B, `before` targets come before its own; Q queries, T targets in all.
struct Block {
  std::int64_t b, B, before, targets_of_image_before, Q, T;
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  /// The element of `cost` for query q and the image's target t.
  std::int64_t (*element)(Block, std::int64_t q, std::int64_t t) = [](Block k, std::int64_t q, std::int64_t t) {
    return (k.b * k.Q + q) * k.T + k.before + t;
  };
  /// Which queries and targets take part, if that makes `pairs` pairs.
  void (*limit)(Costs&, std::int64_t pairs) = [](Costs&, std::int64_t) {};
  Pairs (*match)(const Costs&) = [](const Costs& costs) { return by_paths<double>(costs, true); };
  bool by_target = false;                              ///< the order of an image's pairs
  bool last_image_too = true;                          ///< is written
  void (*change)(Pair&, Block) = [](Pair&, Block) {};  ///< of what is written
};

/// Infinity becomes a number that no sum of others comes near, so that every method ends, also on blocks that have no
/// assignment of finite cost.
double bounded(double cost) { return std::clamp(cost, -1e30, 1e30); }

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const Shape& s = in.cost.shape;
  Block block{0, s[0], 0, 0, s[1], s[2]};
  std::int64_t written = 0;
  for (; block.b < block.B; ++block.b) {
    const std::int64_t targets = in.sizes.data[block.b];
    Costs costs{block.Q, targets, targets, {}};
    for (std::int64_t q = 0; q < block.Q; ++q)
      for (std::int64_t t = 0; t < targets; ++t)
        costs.values.push_back(bounded(in.cost.data[mistake.element(block, q, t) % s.elements()]));
    mistake.limit(costs, std::min(block.Q, targets));
    Pairs pairs = targets == 0 ? Pairs() : mistake.match(costs);
    if (mistake.by_target)
      std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.target < b.target; });
    if (block.b + 1 == block.B && !mistake.last_image_too) break;
    for (Pair& pair : pairs) {
      mistake.change(pair, block);
      out.query.data[written] = pair.query;
      out.target.data[written++] = pair.target;
    }
    block.before += targets;
    block.targets_of_image_before = targets;
  }
}

// Over the file's own kernel: a changed cost may have no optimum, where the oracle's search for one need not end.
const Plant<Op> plant(
    run,
    {
        wrong("first_block", "every image matched to the first targets of the batch", &Mistake::element,
              [](Block k, auto q, auto t) { return (k.b * k.Q + q) * k.T + t; }),
        wrong("block_before", "the block of the image before", &Mistake::element,
              [](Block k, auto q, auto t) { return (k.b * k.Q + q) * k.T + k.before - k.targets_of_image_before + t; }),
        wrong("first_image", "the first image's queries for all", &Mistake::element,
              [](Block k, auto q, auto t) { return q * k.T + k.before + t; }),
        wrong("equal_shares", "blocks placed as if all images had as many targets", &Mistake::element,
              [](Block k, auto q, auto t) { return (k.b * k.Q + q) * k.T + k.b * (k.T / k.B) + t; }),
        wrong("transposed", "block read with queries innermost", &Mistake::element,
              [](Block k, auto q, auto t) { return k.b * k.Q * k.T + (k.before + t) * k.Q + q; }),
        wrong("first_queries", "only the first min(Q, T) queries", &Mistake::limit,
              [](Costs& costs, auto pairs) { costs.queries = pairs; }),
        wrong("first_targets", "only the first min(Q, T) targets", &Mistake::limit,
              [](Costs& costs, auto pairs) { costs.targets = pairs; }),
        wrong("first_100", "only the first 100 queries", &Mistake::limit,
              [](Costs& costs, auto pairs) {
                costs.queries = std::min(costs.queries, std::max<std::int64_t>(pairs, 100));
              }),
        wrong("first_64", "only the first 64 targets", &Mistake::limit,
              [](Costs& costs, auto pairs) {
                costs.targets = std::min(costs.targets, std::max<std::int64_t>(pairs, 64));
              }),
        wrong("float32", "potentials in float32", &Mistake::match,
              [](const Costs& costs) { return by_paths<float>(costs, true); }),
        wrong("no_potentials", "potentials not updated", &Mistake::match,
              [](const Costs& costs) { return by_paths<double>(costs, false); }),
        wrong("greedy", "greedy: the cheapest pair left", &Mistake::match,
              [](const Costs& costs) { return pairs_of(greedy(costs, cheaper)); }),
        wrong("greedy_query", "greedy: each query in turn", &Mistake::match,
              [](const Costs& costs) {
                return pairs_of(greedy(costs, [](const Costs& c, const Pair& a, const Pair& b) {
                  return a.query != b.query ? a.query < b.query : cheaper(c, a, b);
                }));
              }),
        wrong("greedy_target", "greedy: each target in turn", &Mistake::match,
              [](const Costs& costs) {
                return pairs_of(greedy(costs, [](const Costs& c, const Pair& a, const Pair& b) {
                  return a.target != b.target ? a.target < b.target : cheaper(c, a, b);
                }));
              }),
        wrong("exchanges", "greedy, then exchanges of two", &Mistake::match,
              [](const Costs& costs) { return pairs_of(exchanged(costs, greedy(costs, cheaper))); }),
        wrong("cheapest_target", "each query's cheapest target, taken or not", &Mistake::match,
              [](const Costs& costs) { return cheapest_each(costs, true); }),
        wrong("cheapest_query", "each target's cheapest query, taken or not", &Mistake::match,
              [](const Costs& costs) { return cheapest_each(costs, false); }),
        wrong("in_order", "the n-th query with the n-th target", &Mistake::match,
              [](const Costs& costs) {
                return pairs_of(greedy(costs, [](const Costs&, const Pair&, const Pair&) { return false; }));
              }),
        wrong("target_order", "pairs in the order of targets", &Mistake::by_target, true),
        wrong("last_image", "the last image left out", &Mistake::last_image_too, false),
        wrong("swapped", "query and target swapped", &Mistake::change,
              [](Pair& pair, Block) { std::swap(pair.query, pair.target); }),
        wrong("target_in_batch", "targets counted over the batch", &Mistake::change,
              [](Pair& pair, Block k) { pair.target += k.before; }),
        wrong("query_in_batch", "queries counted over the batch", &Mistake::change,
              [](Pair& pair, Block k) { pair.query += k.b * k.Q; }),
    },
    {
        input("maximum", "maximum instead of minimum", "cost", [](double cost) { return -cost; }),
        input("absolute", "costs without their sign", "cost", [](double cost) { return std::abs(cost); }),
        input("not_negative", "negative costs taken as 0", "cost", [](double cost) { return std::max(cost, 0.0); }),
        input("whole_numbers", "costs cut off to whole numbers", "cost", [](double cost) { return std::trunc(cost); }),
        input("thousandths", "costs cut off to thousandths", "cost",
              [](double cost) { return std::trunc(cost * 1000); }),
        input("infinity_0", "+inf taken as 0", "cost", [](double cost) { return std::isinf(cost) ? 0 : cost; }),
        input("infinity_100", "+inf taken as 100", "cost", [](double cost) { return std::isinf(cost) ? 100 : cost; }),
        rounded_input("cost"),
        int32_outputs(),
    },
    {.wrong = "image ", .common_over_own = true});

}  // namespace
}  // namespace assay::bench::planted
