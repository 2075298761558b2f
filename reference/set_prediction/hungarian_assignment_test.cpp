// The oracle, validation and judge of hungarian_assignment on costs of any spread and sign, against exact sums over all
// assignments.
#include "reference/set_prediction/hungarian_assignment.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace assay {
namespace {

using Op = HungarianAssignment;
constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A batch of costs and what the operator says of it.
struct Problem {
  std::int64_t queries;
  std::vector<std::int64_t> sizes;
  std::vector<double> cost;

  Op::Inputs<double> inputs() {
    const auto B = static_cast<std::int64_t>(sizes.size());
    return {{cost.data(), {B, queries, std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0})}},
            {sizes.data(), {B}}};
  }
};

struct Pairs {
  std::vector<std::int64_t> query, target;
  bool operator==(const Pairs&) const = default;
};

Pairs optimum_of(Problem problem) {
  const auto in = problem.inputs();
  const Shape shape = Op::infer({}, in)[0];
  Pairs pairs{std::vector<std::int64_t>(static_cast<std::size_t>(shape[0]), -1), {}};
  pairs.target = pairs.query;
  ErrorScale scale(2);
  Op::oracle({}, in, Op::Outputs<double>{{pairs.query.data(), shape}, {pairs.target.data(), shape}}, scale);
  return pairs;
}

Judgement judge(Problem problem, Pairs got) {
  Pairs truth = optimum_of(problem);
  const Shape shape{static_cast<std::int64_t>(truth.query.size())};
  return Op::judge({}, problem.inputs(), Op::Outputs<double>{{got.query.data(), shape}, {got.target.data(), shape}},
                   Op::Outputs<double>{{truth.query.data(), shape}, {truth.target.data(), shape}}, {});
}

std::string refusal(Problem problem) {
  try {
    Op::validate({}, problem.inputs());
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

/// An exact sum of floats: digits to the base 2³², the lowest standing for 2⁻¹⁴⁹, each with room for carries.
class Digits {
 public:
  void add(double value) {
    int exponent = 0;
    const auto fraction = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 24));
    // a subnormal has fewer than 24 bits: its lowest ones are zero
    const int place = exponent - 24 + 149;
    digits_[static_cast<std::size_t>(std::max(place, 0) / 32)] +=
        (place < 0 ? fraction / (std::int64_t{1} << -place) : fraction) *
        (std::int64_t{1} << (std::max(place, 0) % 32));
  }
  bool less_than(const Digits& other) const {
    std::int64_t carry = 0;
    for (std::size_t i = 0; i < digits_.size(); ++i) carry = (digits_[i] - other.digits_[i] + carry) >> 32;
    return carry < 0;
  }

 private:
  std::array<std::int64_t, 10> digits_{};
};

/// The least exact total over all assignments of one image with no more queries than targets; none if all cost +inf.
std::optional<Digits> least_total(const Problem& problem) {
  std::vector<std::size_t> order(static_cast<std::size_t>(problem.sizes[0]));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::optional<Digits> least;
  do {
    Digits total;
    bool finite = true;
    for (std::size_t q = 0; q < static_cast<std::size_t>(problem.queries); ++q) {
      const double cost = problem.cost[q * order.size() + order[q]];
      finite = finite && cost < inf;
      if (finite) total.add(cost);
    }
    if (finite && (!least || total.less_than(*least))) least = total;
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

Digits total_of(const Problem& problem, const Pairs& pairs) {
  Digits total;
  for (std::size_t p = 0; p < pairs.query.size(); ++p)
    total.add(problem.cost[static_cast<std::size_t>(pairs.query[p] * problem.sizes[0] + pairs.target[p])]);
  return total;
}

/// A float of any sign with an exponent between -spread and spread; sometimes +inf, 0 or one of few values.
double drawn(Draw& draw, std::int64_t spread) {
  if (draw.chance(0.3)) return draw.chance(0.7) ? inf : 0;
  const auto exponent = static_cast<int>(draw.integer(-spread, spread));
  const double fraction = draw.chance(0.5) ? 1 : draw.real(1, 2);
  return static_cast<float>(std::ldexp(draw.chance(0.5) ? fraction : -fraction, exponent));  // as costs are
}

TEST(HungarianAssignment, IsOptimalInExactSums) {
  Draw draw(1);
  std::size_t solved = 0, refused = 0;
  for (const std::int64_t spread : {0, 3, 30, 60, 127, 149})
    for (int repeat = 0; repeat < 100; ++repeat) {
      Problem problem{draw.integer(1, 5), {}, {}};
      problem.sizes = {draw.integer(problem.queries, 5)};
      for (std::int64_t i = 0; i < problem.queries * problem.sizes[0]; ++i)
        problem.cost.push_back(draw.chance(0.9) ? drawn(draw, std::min<std::int64_t>(spread, 127))
                                                : std::ldexp(1.0, static_cast<int>(-spread)));
      const std::optional<Digits> least = least_total(problem);
      EXPECT_EQ(refusal(problem) == "(nothing was refused)", least.has_value());
      if (!least) {
        EXPECT_THROW(optimum_of(problem), InvalidArgument);
        ++refused;
        continue;
      }
      const Pairs pairs = optimum_of(problem);
      EXPECT_FALSE(least->less_than(total_of(problem, pairs))) << "spread " << spread << ", repeat " << repeat;
      EXPECT_EQ(judge(problem, pairs).error_ratio, 0);
      ++solved;
    }
  EXPECT_GT(solved, 400u);
  EXPECT_GT(refused, 10u);
}

TEST(HungarianAssignment, TurnedOnItsSideIsTheSameProblem) {
  Problem wide{2, {3}, {5, 1, 9, 2, 1, 7}}, tall{3, {2}, {5, 2, 1, 1, 9, 7}};
  EXPECT_EQ(optimum_of(wide), (Pairs{{0, 1}, {1, 0}}));
  EXPECT_EQ(optimum_of(tall), (Pairs{{0, 1}, {1, 0}}));
}

TEST(HungarianAssignment, ZeroCyclesAmongLargeCostsEnd) {
  // the first and third rows differ by rounding of the second's -1e8 alone
  const Problem problem{3, {3}, {0.1F, 2, 0.1F, -1e8F, 0.7F, -1e8F, 0.1F, 2, 0.1F}};
  EXPECT_FALSE(least_total(problem)->less_than(total_of(problem, optimum_of(problem))));
}

TEST(HungarianAssignment, ProductsOfIndicesAreSolvedInReverseOrder) {
  // every row first wants column 0; the least total pairs the largest row with the smallest column
  constexpr std::int64_t n = 400;
  Problem problem{n, {n}, {}};
  for (std::int64_t i = 0; i < n * n; ++i) problem.cost.push_back(static_cast<double>((i / n) * (i % n)));
  const Pairs pairs = optimum_of(problem);
  for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(pairs.target[static_cast<std::size_t>(i)], n - 1 - i) << "query " << i;
}

TEST(HungarianAssignment, ReadsEachImagesOwnBlockAlone) {
  const Problem problem{2, {2, 1}, {1, 2, nan, 2, 1, -inf, nan, nan, 5, -inf, nan, 4}};
  EXPECT_EQ(refusal(problem), "(nothing was refused)");
  const Pairs expected{{0, 1, 1}, {0, 1, 0}};
  EXPECT_EQ(optimum_of(problem), expected);
  EXPECT_EQ(judge(problem, expected).reason, "");
}

TEST(HungarianAssignment, WithoutTargetsLooksAtNoQuery) {
  const Problem problem{std::int64_t{1} << 59, {0}, {}};
  EXPECT_EQ(refusal(problem), "(nothing was refused)");
  EXPECT_EQ(optimum_of(problem), Pairs{});
  EXPECT_EQ(judge(problem, {}).reason, "");
}

TEST(HungarianAssignment, NamesTheCostWithoutAnOptimumByItsPlaceInTheTensor) {
  EXPECT_EQ(refusal({2, {2, 1}, {1, 2, 3, 2, 1, 3, 1, 1, 5, 1, 1, nan}}),
            "hungarian_assignment: cost[1, 1, 2] is nan, but NaN and -inf have no optimum");
  EXPECT_EQ(refusal({2, {2, 1}, {1, 2, 3, 2, 1, 3, 1, 1, -inf, 1, 1, 2}}),
            "hungarian_assignment: cost[1, 0, 2] is -inf, but NaN and -inf have no optimum");
  EXPECT_EQ(refusal({3, {3}, {1, inf, inf, 2, inf, inf, 3, 4, 5}}),
            "hungarian_assignment: image 0 has no assignment of finite cost: only 2 of 3 pairs can be made");
}

TEST(HungarianAssignment, JudgesCancellingTotalsByExactSums) {
  // both diagonals cost 2^-100 beside a pair of costs that cancel; float64 sums lose the small ones
  const double big = 0x1p100, small = 0x1p-100;
  const Problem problem{3, {3}, {big, big, inf, -big, -big, inf, inf, inf, small}};
  EXPECT_EQ(judge(problem, {{0, 1, 2}, {0, 1, 2}}).reason, "");
  EXPECT_EQ(judge(problem, {{0, 1, 2}, {1, 0, 2}}).reason, "");
  const Problem equal{2, {2}, {0, big, -big, 0}};
  EXPECT_EQ(judge(equal, {{0, 1}, {0, 1}}).reason, "");
}

TEST(HungarianAssignment, JudgesWorseAndForbiddenPairsWrong) {
  const Problem problem{2, {2}, {1, 2, 2, 1 + 0x1p-20F}};
  EXPECT_EQ(judge(problem, {{0, 1}, {0, 1}}).reason, "");
  EXPECT_EQ(judge(problem, {{0, 1}, {1, 0}}).reason,
            "image 0: the total cost is 4, which is 1.9999990463256836 more than can be had (tolerance "
            "3.637978807091713e-12)");
  EXPECT_EQ(judge({2, {2}, {1, inf, inf, 1}}, {{0, 1}, {1, 0}}).reason,
            "image 0: query 0 is matched to target 1, but that pair costs inf");
}

}  // namespace
}  // namespace assay
