// Validation, oracle, judge, cost and cases of hungarian_assignment.
#include "reference/set_prediction/hungarian_assignment.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace assay {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One image's block of the cost matrix: queries by its own targets.
struct Block {
  const double* first;
  std::int64_t stride, queries, targets;
  double operator()(std::int64_t query, std::int64_t target) const { return first[query * stride + target]; }
};

std::vector<Block> blocks_of(const HungarianAssignment::Inputs<double>& in) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1], all = in.cost.shape[2];
  std::vector<Block> blocks;
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    blocks.push_back({in.cost.data + b * Q * all + before, all, Q, in.sizes.data[b]});
    before += in.sizes.data[b];
  }
  return blocks;
}

/// A minimum-cost flow by shortest augmenting paths over the residual graph, each found by Bellman-Ford: slower than
/// the Hungarian method, but without potentials, so that it shares no idea with the kernels it is the truth for.
class MinimumCostFlow {
 public:
  explicit MinimumCostFlow(const Block& block)
      : block_(block),
        query_of_(static_cast<std::size_t>(block.targets), -1),
        target_of_(static_cast<std::size_t>(block.queries), -1) {}

  /// For each query its target, or −1. Fewer than min(Q, T_b) pairs if no more can be had at finite cost.
  const std::vector<std::int64_t>& solve() {
    while (augment()) {
    }
    return target_of_;
  }

 private:
  /// Distances to every target from all free queries; relaxed until nothing changes, at most once for each vertex.
  bool augment() {
    const std::size_t T_b = query_of_.size();
    distance_.assign(T_b, infinity);
    from_.assign(T_b, -1);
    const std::int64_t rounds = block_.queries + block_.targets;
    for (std::int64_t round = 0; round < rounds; ++round)
      if (!relax()) break;
    std::int64_t end = -1;
    for (std::size_t t = 0; t < T_b; ++t) {
      if (query_of_[t] < 0 && distance_[t] < (end < 0 ? infinity : distance_[static_cast<std::size_t>(end)]))
        end = static_cast<std::int64_t>(t);
    }
    if (end < 0) return false;
    flip(end);
    return true;
  }

  bool relax() {
    bool changed = false;
    for (std::int64_t q = 0; q < block_.queries; ++q) {
      const std::int64_t matched = target_of_[static_cast<std::size_t>(q)];
      // a matched query is reached through its target, giving that pair's cost back
      const double start = matched < 0 ? 0 : distance_[static_cast<std::size_t>(matched)] - block_(q, matched);
      if (!(start < infinity)) continue;
      for (std::int64_t t = 0; t < block_.targets; ++t) {
        const double through = start + block_(q, t);
        // less by more than rounding, or a cycle of zero cost would be walked for ever
        if (t == matched || !(through < distance_[static_cast<std::size_t>(t)] - 1e-13 * std::abs(through))) continue;
        distance_[static_cast<std::size_t>(t)] = through;
        from_[static_cast<std::size_t>(t)] = q;
        changed = true;
      }
    }
    return changed;
  }

  void flip(std::int64_t target) {
    while (target >= 0) {
      const std::int64_t query = from_[static_cast<std::size_t>(target)];
      const std::int64_t next = target_of_[static_cast<std::size_t>(query)];
      target_of_[static_cast<std::size_t>(query)] = target;
      query_of_[static_cast<std::size_t>(target)] = query;
      target = next;
    }
  }

  const Block block_;
  std::vector<std::int64_t> query_of_, target_of_, from_;
  std::vector<double> distance_;
};

/// The pairs of one image inside the flat outputs.
struct Pairs {
  const std::int64_t *query, *target;
  std::int64_t count;
};

/// Why the pairs are no one-to-one matching of the block in the contract's order; empty if they are.
std::string invalid_pairs(const Block& block, const Pairs& pairs) {
  std::vector<bool> taken(static_cast<std::size_t>(block.targets), false);
  for (std::int64_t p = 0; p < pairs.count; ++p) {
    const std::int64_t q = pairs.query[p], t = pairs.target[p];
    if (q < 0 || q >= block.queries) return fmt::format("pair {} names query {} of {}", p, q, block.queries);
    if (t < 0 || t >= block.targets) return fmt::format("pair {} names target {} of {}", p, t, block.targets);
    if (p > 0 && q <= pairs.query[p - 1])
      return fmt::format("query {} follows query {}, but queries must ascend", q, pairs.query[p - 1]);
    if (taken[static_cast<std::size_t>(t)]) return fmt::format("target {} is matched twice", t);
    taken[static_cast<std::size_t>(t)] = true;
  }
  return {};
}

struct Total {
  double sum = 0, magnitude = 0;
};

Total total_of(const Block& block, const Pairs& pairs) {
  Total total;
  for (std::int64_t p = 0; p < pairs.count; ++p) {
    const double cost = block(pairs.query[p], pairs.target[p]);
    total.sum += cost;
    total.magnitude += std::abs(cost);
  }
  return total;
}

Values values_of(const std::vector<std::int64_t>& sizes) { return {{sizes.begin(), sizes.end()}}; }

CaseOf<HungarianAssignment> match_case(std::string name, std::string source, std::int64_t queries,
                                       const std::vector<std::int64_t>& sizes) {
  const auto B = static_cast<std::int64_t>(sizes.size());
  const std::int64_t all = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  // matching costs lie about 0: 5·L1 of boxes, minus a probability, minus 2·GIoU
  return {std::move(name),
          std::move(source),
          {},
          {{"cost", {B, queries, all}, Normal{2, 1.5}}, {"sizes", {B}, values_of(sizes)}}};
}

/// Every other query's costs are 2²⁰ times as large, so that a path's length in float32 forgets the small ones.
CaseOf<HungarianAssignment> magnitudes_case() {
  constexpr std::int64_t n = 24;
  Values costs;
  for (std::int64_t i = 0; i < n * n; ++i) {
    const double step = static_cast<double>(random_bits(1, static_cast<std::uint64_t>(i)) % 2048) * 0x1p-20;
    costs.elements.push_back((i / n % 2 == 0 ? 1 : 0x1p20) * (1 + step));
  }
  return {"magnitudes_by_query",
          "potentials in float32: costs near 1 beside costs near 2^20",
          {},
          {{"cost", {1, n, n}, costs}, {"sizes", {1}, values_of({n})}},
          Tier::small};
}

}  // namespace

std::vector<Shape> HungarianAssignment::infer(const Params&, const Inputs<double>& in) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1], all = in.cost.shape[2];
  std::int64_t targets = 0, pairs = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t T_b = in.sizes.data[b];
    if (T_b < 0) reject(name, fmt::format("sizes[{}] is {}, but a number of targets must not be negative", b, T_b));
    if (__builtin_add_overflow(targets, T_b, &targets))
      reject(name, fmt::format("sizes add up to more than can be counted at sizes[{}] = {}", b, T_b));
    pairs += std::min(Q, T_b);
  }
  if (targets != all) reject(name, fmt::format("sizes add up to {}, but cost has {} targets", targets, all));
  return {{pairs}, {pairs}};
}

void HungarianAssignment::validate(const Params&, const Inputs<double>& in) {
  const std::int64_t elements = in.cost.shape.elements();
  for (std::int64_t i = 0; i < elements; ++i) {
    const double cost = in.cost.data[i];
    if (std::isnan(cost) || cost == -infinity) {
      const std::int64_t t = i % in.cost.shape[2], q = i / in.cost.shape[2] % in.cost.shape[1],
                         b = i / in.cost.shape[2] / in.cost.shape[1];
      reject(name, fmt::format("cost[{}, {}, {}] is {}, but NaN and -inf have no optimum", b, q, t, cost));
    }
  }
  const auto blocks = blocks_of(in);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const std::vector<std::int64_t> target_of = MinimumCostFlow(blocks[b]).solve();
    const auto pairs = static_cast<std::int64_t>(
        std::count_if(target_of.begin(), target_of.end(), [](std::int64_t t) { return t >= 0; }));
    const std::int64_t needed = std::min(blocks[b].queries, blocks[b].targets);
    if (pairs < needed)
      reject(name, fmt::format("image {} has no assignment of finite cost: only {} of {} pairs can be made", b, pairs,
                               needed));
  }
}

void HungarianAssignment::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  std::int64_t p = 0;
  for (const Block& block : blocks_of(in)) {
    const std::vector<std::int64_t> target_of = MinimumCostFlow(block).solve();
    for (std::int64_t q = 0; q < block.queries; ++q) {
      if (target_of[static_cast<std::size_t>(q)] < 0) continue;
      out.query.data[p] = q;
      out.target.data[p++] = target_of[static_cast<std::size_t>(q)];
    }
  }
}

Judgement HungarianAssignment::judge(const Params&, const Inputs<double>& in, const Outputs<double>& got,
                                     const Outputs<double>& truth, const ElementTolerance&) {
  constexpr double share = 0x1p-40;  // float64 sums of thousands of costs round to about 2⁻⁴⁴ of their magnitudes
  Judgement judgement;
  std::int64_t first = 0, image = 0;
  for (const Block& block : blocks_of(in)) {
    const std::int64_t count = std::min(block.queries, block.targets);
    const Pairs pairs{got.query.data + first, got.target.data + first, count};
    const std::string why = invalid_pairs(block, pairs);
    if (!why.empty()) return {infinity, fmt::format("image {}: {}", image, why)};
    const Total total = total_of(block, pairs);
    const double optimum = total_of(block, Pairs{truth.query.data + first, truth.target.data + first, count}).sum;
    const double tolerance = share * total.magnitude, error = std::abs(total.sum - optimum);
    const double ratio = error == 0 ? 0 : error / tolerance;
    if (!(ratio <= 1))
      return {ratio, fmt::format("image {}: the total cost is {}, but {} can be had (tolerance {})", image, total.sum,
                                 optimum, tolerance)};
    judgement.error_ratio = std::max(judgement.error_ratio, ratio);
    first += count;
    ++image;
  }
  return judgement;
}

/// Every cost of an image's own block is read once; the rest of the row belongs to other images.
Cost HungarianAssignment::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t own = in.cost.shape[1] * in.cost.shape[2];
  const std::int64_t pairs = infer(params, in)[0].elements();
  return {static_cast<double>(own * element_bytes) +
              static_cast<double>(in.sizes.shape.elements() + 2 * pairs) * sizeof(std::int64_t),
          0};
}

std::vector<CaseOf<HungarianAssignment>> HungarianAssignment::cases() {
  const std::string detr = "DETR: 100 queries, 20 targets an image";
  std::vector<CaseOf<HungarianAssignment>> made = {
      match_case("match_b8_q100", detr, 100, std::vector<std::int64_t>(8, 20)),
      match_case("match_b2_q300", "Deformable-DETR: 300 queries, 20 targets an image", 300, {20, 20}),
      match_case("match_b2_q900", "DINO: 900 queries, 60 targets an image", 900, {60, 60}),
      match_case("match_b2_q100_t63", "DETR: up to 63 targets in a COCO image, and an image without any", 100, {63, 0}),
      match_case("match_b3_q10_t25", "more targets than queries, as many, and none", 10, {25, 10, 0})};
  made.push_back(match_case("match_b2_q100_t120", "room for fewer targets than an image can have: 64, or one a query",
                            100, {120, 70}));
  made.back().tier = Tier::small;
  made.push_back(match_case("extents_alike",
                            "images, queries and targets of one extent: their axes taken for each other", 5,
                            {0, 0, 5, 0, 0}));
  made.back().tier = Tier::small;
  made.push_back(magnitudes_case());
  return made;
}

CaseOf<HungarianAssignment> HungarianAssignment::random_case(Draw& draw) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(draw.integer(1, 4)));
  for (std::int64_t& size : sizes) size = draw.chance(0.2) ? 0 : draw.integer(1, 17);
  sizes[0] = std::max<std::int64_t>(sizes[0], 1);
  CaseOf<HungarianAssignment> made = match_case("", "property", draw.integer(1, 23), sizes);
  if (draw.chance(0.3)) made.inputs[0].recipe = Choice{{0, 1, 2, 3}};  // ties everywhere
  return made;
}

}  // namespace assay
