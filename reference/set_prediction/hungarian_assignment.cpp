// Validation, oracle, judge, cost and cases of hungarian_assignment.
#include "reference/set_prediction/hungarian_assignment.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "reference/set_prediction/detection.h"
#include "reference/set_prediction/least_cost.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using matching::Block;
using matching::index;

/// An image without targets has no rows either: nothing of it exists, however many queries its shape names.
std::vector<Block> blocks_of(const HungarianAssignment::Inputs<double>& in) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1], all = in.cost.shape[2];
  std::vector<Block> blocks;
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t T_b = in.sizes.data[b];
    blocks.push_back({in.cost.data + b * Q * all + before, T_b == 0 ? 0 : Q, T_b, all, 1});
    before += T_b;
  }
  return blocks;
}

/// A sum of doubles without rounding, as parts that do not overlap (Shewchuk 1997, grow-expansion).
class ExactSum {
 public:
  void add(double value) {
    std::size_t kept = 0;
    for (const double part : parts_) {
      const double sum = value + part, back = sum - value;
      const double rest = (value - (sum - back)) + (part - back);
      if (rest != 0) parts_[kept++] = rest;
      value = sum;
    }
    parts_.resize(kept);
    if (value != 0) parts_.push_back(value);
  }
  /// The sum in float64, wrong by less than one unit in its last place.
  double value() const { return std::accumulate(parts_.begin(), parts_.end(), 0.0); }

 private:
  std::vector<double> parts_;  ///< the smallest first
};

/// The pairs of one image inside the flat outputs.
struct Pairs {
  const std::int64_t *query, *target;
  std::int64_t count;
};

/// Why the pairs are no one-to-one matching of the block in the contract's order; empty if they are.
std::string invalid_pairs(const Block& block, const Pairs& pairs) {
  std::vector<bool> taken(index(block.columns), false);
  for (std::int64_t p = 0; p < pairs.count; ++p) {
    const std::int64_t q = pairs.query[p], t = pairs.target[p];
    if (q < 0 || q >= block.rows) return fmt::format("pair {} names query {} of {}", p, q, block.rows);
    if (t < 0 || t >= block.columns) return fmt::format("pair {} names target {} of {}", p, t, block.columns);
    if (p > 0 && q <= pairs.query[p - 1])
      return fmt::format("query {} follows query {}, but queries must ascend", q, pairs.query[p - 1]);
    if (taken[index(t)]) return fmt::format("target {} is matched twice", t);
    if (block(q, t) == infinity) return fmt::format("query {} is matched to target {}, but that pair costs inf", q, t);
    taken[index(t)] = true;
  }
  return {};
}

struct Total {
  double sum = 0, magnitude = 0;
  double excess = 0;  ///< the sum less the optimum
};

Total total_of(const Block& block, const Pairs& pairs, const Pairs& optimum) {
  ExactSum sum, excess;
  Total total;
  for (std::int64_t p = 0; p < pairs.count; ++p) {
    const double cost = block(pairs.query[p], pairs.target[p]);
    sum.add(cost);
    excess.add(cost);
    excess.add(-block(optimum.query[p], optimum.target[p]));
    total.magnitude += std::abs(cost);
  }
  total.sum = sum.value();
  total.excess = excess.value();
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

CaseOf<HungarianAssignment> small_case(std::string name, std::string source, std::int64_t queries,
                                       const std::vector<std::int64_t>& sizes, std::vector<double> costs) {
  CaseOf<HungarianAssignment> made = match_case(std::move(name), std::move(source), queries, sizes);
  made.inputs[0].recipe = Values{std::move(costs)};
  made.tier = Tier::small;
  return made;
}

/// Every row first wants the first column, and the best assignment is in reverse order.
CaseOf<HungarianAssignment> products_case() {
  constexpr std::int64_t n = 48;
  std::vector<double> costs;
  for (std::int64_t i = 0; i < n * n; ++i) costs.push_back(static_cast<double>((i / n) * (i % n)));
  return small_case("products_of_indices", "costs i times j: each new path turns all earlier pairs", n, {n}, costs);
}

/// Large costs r_i + s_j add up to the same over every assignment, so the small ones where r_i + s_j = 0 decide.
CaseOf<HungarianAssignment> cancelling_case() {
  constexpr std::int64_t n = 8;
  std::vector<double> costs;
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      const auto large = static_cast<double>(i % 3 - j % 3);
      const auto small = static_cast<double>(random_bits(2, static_cast<std::uint64_t>(i * n + j)) % 1024);
      costs.push_back(large == 0 ? (small - 512) * 0x1p-6 : large * 0x1p70);
    }
  return small_case("large_costs_cancel", "costs of 2^70 and either sign that add up to 0", n, {n}, costs);
}

}  // namespace

std::vector<Shape> HungarianAssignment::infer(const Params&, const Inputs<double>& in) {
  const std::int64_t pairs = detection::count_pairs(name, in.sizes, in.cost.shape[1], in.cost.shape[2], "cost");
  return {{pairs}, {pairs}};
}

/// Looks at each image's own block alone: no costs of its queries and other images' targets are ever read.
void HungarianAssignment::validate(const Params&, const Inputs<double>& in) {
  std::int64_t b = 0, before = 0;
  for (const Block& block : blocks_of(in)) {
    for (std::int64_t q = 0; q < block.rows; ++q)
      for (std::int64_t t = 0; t < block.columns; ++t) {
        const double cost = block(q, t);
        if (std::isnan(cost) || cost == -infinity)
          reject(name, fmt::format("cost[{}, {}, {}] is {}, but NaN and -inf have no optimum", b, q, before + t, cost));
      }
    const std::int64_t pairs = matching::possible_pairs(block);
    if (pairs < block.pairs())
      reject(name, fmt::format("image {} has no assignment of finite cost: only {} of {} pairs can be made", b, pairs,
                               block.pairs()));
    before += block.columns;
    ++b;
  }
}

void HungarianAssignment::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  std::int64_t p = 0;
  for (const Block& block : blocks_of(in)) {
    const std::vector<std::int64_t> target_of = matching::targets_of_least_cost(block);
    for (std::int64_t q = 0; q < block.rows; ++q) {
      if (target_of[index(q)] < 0) continue;
      out.query.data[p] = q;
      out.target.data[p++] = target_of[index(q)];
    }
  }
}

Judgement HungarianAssignment::judge(const Params&, const Inputs<double>& in, const Outputs<double>& got,
                                     const Outputs<double>& truth, const ElementTolerance&) {
  constexpr double share = 0x1p-40;  // float64 sums of thousands of costs round to about 2⁻⁴⁴ of their magnitudes
  Judgement judgement;
  std::int64_t first = 0, image = 0;
  for (const Block& block : blocks_of(in)) {
    const std::int64_t count = block.pairs();
    const Pairs pairs{got.query.data + first, got.target.data + first, count};
    const std::string why = invalid_pairs(block, pairs);
    if (!why.empty()) return {infinity, fmt::format("image {}: {}", image, why)};
    const Total total = total_of(block, pairs, {truth.query.data + first, truth.target.data + first, count});
    const double tolerance = share * total.magnitude, error = std::abs(total.excess);
    const double ratio = error == 0 ? 0 : error / tolerance;
    if (!(ratio <= 1))
      return {ratio, fmt::format("image {}: the total cost is {}, which is {} more than can be had (tolerance {})",
                                 image, total.sum, total.excess, tolerance)};
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
  made.push_back(products_case());
  made.push_back(cancelling_case());
  made.push_back(small_case("large_negative", "equal entries of -1e8 beside small costs: cycles of cost 0", 3, {3},
                            {0.1, 2, 0.1, -1e8, 0.7, -1e8, 0.1, 2, 0.1}));
  made.push_back(small_case("nan_of_other_images", "scipy on each image's own block: it never reads the others'", 3,
                            {2, 1},
                            {1, 2, nan, 2, 1, -infinity, 3, 3, nan, nan, infinity, 1, -infinity, nan, 2, nan, nan, 0}));
  return made;
}

namespace {

/// The costs of a class of MatchingCosts.
ValueClass matching_costs(std::string_view name, double large, bool forbidden,
                          std::function<bool(const TensorRef&)> holds) {
  const auto recipe = [=](const Choices& choices, const Shape& shape, std::uint64_t) -> Recipe {
    return MatchingCosts{values::numbers_within(choices, "sizes", "targets", shape[0], 0), large, forbidden};
  };
  return {name, recipe, std::move(holds)};
}

std::int64_t all_targets(const Choices& choices) {
  const std::vector<std::int64_t> sizes = values::numbers_within(choices, "sizes", "targets", choices.extent("B"), 0);
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

/// Paths through a matching of n pairs: n²·m steps, of which 64 cost what another oracle's element does.
double steps_of_matching(const Choices& choices) {
  const auto B = static_cast<double>(choices.extent("B")), Q = static_cast<double>(choices.extent("Q")),
             targets = static_cast<double>(choices.extent("targets"));
  return B * Q * targets * std::min(Q, targets) / 64;
}

/// Without targets nothing is matched, however many queries there are: a few tell as much as millions.
bool is_a_test(const Choices& choices) { return choices.extent("targets") > 0 || choices.extent("Q") <= 1025; }

}  // namespace

Domain HungarianAssignment::domain() {
  std::vector<ValueClass> costs =
      values::reals(Normal{2, 1.5}, {"equal", "ties", "ascending", "descending", "large", "small", "outlier_last",
                                     "minus_zero", "subnormal", "largest"});
  constexpr double large = 0x1p40;  // sums of these and of multiples of 2⁻⁶ are exact in float64, but not in float32
  const auto is_large = [=](const TensorRef& cost) { return values::magnitude(cost) > large / 2; };
  const auto is_both = [=](const TensorRef& cost) { return is_large(cost) && values::has(infinity)(cost); };
  costs.push_back(matching_costs("forbidden", 0, true, values::has(infinity)));
  costs.push_back(matching_costs("cancelling", large, false, is_large));
  costs.push_back(matching_costs("cancelling_forbidden", large, true, is_both));
  return {.extents = {counts("B"), extents("Q"), extents("targets", 0)},
          .fields = {{"cost", costs}, {"sizes", values::within({"targets"}, 0)}},
          .derived = {{"T", all_targets}},
          .valid = is_a_test,
          .work = steps_of_matching};
}

}  // namespace assay
