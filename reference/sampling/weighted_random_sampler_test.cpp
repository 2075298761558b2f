// The judge of draws: what it refuses, what it takes, and how often it refuses right ones.
#include "reference/sampling/weighted_random_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "reference/sampling/weighted_draws.h"

namespace assay {
namespace {

using Op = WeightedRandomSampler;
using Weights = std::vector<double>;
using Draws = std::vector<std::int64_t>;

constexpr std::int64_t many = 100000;

Draws drawn(const Weights& weights, std::int64_t count, bool replacement, std::int64_t seed) {
  Draws draws(static_cast<std::size_t>(count), -1);
  ErrorScale scale(1);
  Op::oracle({count, replacement, seed}, {{weights.data(), {static_cast<std::int64_t>(weights.size())}}},
             {{draws.data(), {count}}}, scale);
  return draws;
}

/// Draws by the generator and the distribution of the standard library.
Draws drawn_by_library(const Weights& weights, std::int64_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::discrete_distribution<std::int64_t> index(weights.begin(), weights.end());
  Draws draws(static_cast<std::size_t>(count));
  for (std::int64_t& draw : draws) draw = index(random);
  return draws;
}

std::string refusal(const Weights& weights, const Draws& draws, bool replacement = true) {
  return sampling::refusal_of_draws(weights, replacement, draws);
}

TEST(ChiSquared, HasLimitsWiderThanItsQuantiles) {
  // scipy 1.15: stats.chi2.isf(1e-9, df), stats.chi2.ppf(1e-9, df)
  struct Quantiles {
    std::int64_t degrees;
    double low, high;
  };
  for (const auto& [degrees, low, high] :
       {Quantiles{1, 0, 37.3249}, Quantiles{10, 0.0832, 62.9455}, Quantiles{30, 3.6110, 101.6968},
        Quantiles{1000, 754.6330, 1291.9579}, Quantiles{100000, 97340.9716, 102705.6596}}) {
    const auto limits = sampling::chi_squared_limits(degrees);
    EXPECT_LE(limits.low, low) << degrees;
    EXPECT_GE(limits.high, high) << degrees;
    EXPECT_LE(limits.high, 1.26 * high) << degrees;
  }
}

TEST(WeightedDraws, TakesRightOnesOfAnyWeights) {
  std::vector<Weights> all = {{1}, {1, 3}, {0, 1, 0, 3, 0}, {1, 1e-9}, {1e300, 1e-300}, Weights(1000, 1)};
  all.emplace_back(Weights(3000, 1))[77] = 1e5;
  all.emplace_back(Weights(200000, 1));
  Weights falling(2000);
  for (std::size_t i = 0; i < falling.size(); ++i) falling[i] = 1 / static_cast<double>(i + 1);
  all.push_back(falling);
  for (const Weights& weights : all)
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
      EXPECT_EQ(refusal(weights, drawn(weights, many, true, seed)), "") << weights.size() << " weights, seed " << seed;
      EXPECT_EQ(refusal(weights, drawn_by_library(weights, many, seed)), "") << weights.size() << ", seed " << seed;
      const auto positive = std::count_if(weights.begin(), weights.end(), [](double w) { return w > 0; });
      EXPECT_EQ(refusal(weights, drawn(weights, std::min(positive, many), false, seed), false), "")
          << weights.size() << " weights without replacement, seed " << seed;
    }
}

TEST(WeightedDraws, TakesRightOnesOfFewDraws) {
  const Weights weights = {1, 2, 3, 0.5, 0.01, 0, 7};
  for (const std::int64_t count : {1, 2, 10, 60, 300, 1000})
    for (std::int64_t seed = 0; seed < 2000; ++seed) {
      EXPECT_EQ(refusal(weights, drawn(weights, count, true, seed)), "") << count << " draws, seed " << seed;
      EXPECT_EQ(refusal(weights, drawn(weights, std::min<std::int64_t>(count, 6), false, seed), false), "") << seed;
    }
}

TEST(WeightedDraws, RefusesWhatCannotBeDrawn) {
  const Weights weights = {1, 0, 2, -0.0};
  EXPECT_EQ(refusal(weights, {0, 2, 4}), "the draws name index 4 of 4 at 2");
  EXPECT_EQ(refusal(weights, {0, -1}), "the draws name index -1 of 4 at 1");
  EXPECT_EQ(refusal(weights, {0, 1, 0}), "the draws name index 1 at 1, whose weight is 0");
  EXPECT_EQ(refusal(weights, {0, 3}), "the draws name index 3 at 1, whose weight is 0");
  EXPECT_EQ(refusal(weights, {0, 2, 0}), "");
  EXPECT_EQ(refusal(weights, {0, 0}, false), "the draws name index 0 again at 1, without replacement");
}

TEST(WeightedDraws, RefusesOtherWeightsThanWereGiven) {
  const Weights weights = {0.1, 0.9, 0.4, 0.7, 3, 0.6};
  for (const auto& [what, other] :
       {std::pair("uniform", Weights(6, 1)), std::pair("swapped", Weights{0.1, 0.9, 0.4, 0.7, 0.6, 3}),
        std::pair("one a tenth more", Weights{0.1, 0.9, 0.44, 0.7, 3, 0.6}),
        std::pair("one missing", Weights{0, 0.9, 0.4, 0.7, 3, 0.6})})
    EXPECT_EQ(refusal(weights, drawn(other, many, true, 1)).find("the draws do not follow the weights: chi-squared of"),
              0u)
        << what;
}

TEST(WeightedDraws, RefusesRareOnesThatComeTooOftenOrNever) {
  const Weights weights = {1, 1e-9};
  Draws draws(many, 0);
  draws[5] = 1;  // expected once in 10,000 such sets
  EXPECT_EQ(refusal(weights, draws), "");
  draws[6] = draws[7] = 1;
  EXPECT_EQ(refusal(weights, draws),
            "the draws do not follow the weights: 3 of all draws name rare indices, of which 0.0001 are expected");
  const Weights seldom = {1, 24.0 / many};  // expected 24 times: too few for chi-squared, too many for none
  EXPECT_EQ(refusal(seldom, Draws(many, 0)).find("the draws do not follow the weights: 0 of all draws name rare"), 0u);
}

TEST(WeightedDraws, MergesRareIndicesWithTheNextRareOnes) {
  // 1,000 rare indices expected 5 times each, beside one that is nearly certain; those of the first half never come
  Weights weights(1001, 5.0 / many), half;
  weights[500] = 0.95;
  half = weights;
  std::fill(half.begin(), half.begin() + 500, 0);
  EXPECT_EQ(refusal(weights, drawn(weights, many, true, 3)), "");
  EXPECT_NE(refusal(weights, drawn(half, many, true, 3)), "");
}

TEST(WeightedDraws, RefusesDrawsThatAreDealtOut) {
  Draws draws(many);
  for (std::size_t k = 0; k < draws.size(); ++k) draws[k] = static_cast<std::int64_t>(k * 7919 % 100);
  EXPECT_EQ(refusal(Weights(100, 1), draws).find("the draws follow the weights too closely to be random: chi-squared"),
            0u);
}

TEST(WeightedDraws, RefusesDrawsInOrder) {
  const Weights weights = {1, 2, 3};
  Draws draws = drawn(weights, many, true, 1);
  std::sort(draws.begin(), draws.end());
  EXPECT_NE(refusal(weights, draws).find("of the first half of the draws"), std::string::npos);
}

TEST(WeightedDraws, RefusesHalvesThatAreAlike) {
  const Weights weights(1000, 1);
  Draws draws = drawn(weights, many, true, 1);
  std::copy(draws.begin(), draws.begin() + many / 2, draws.begin() + many / 2);
  EXPECT_NE(refusal(weights, draws), "");
}

TEST(WeightedDraws, WithoutReplacementRefusesOrdersThatWeightsDoNotGive) {
  Weights weights(2000);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<double>(i % 7 + 1);
  const Draws right = drawn(weights, 2000, false, 1);
  EXPECT_EQ(refusal(weights, right, false), "");
  Draws reversed(right.rbegin(), right.rend()), sorted = right, uniform = drawn(Weights(2000, 1), 2000, false, 1);
  std::sort(sorted.begin(), sorted.end());
  for (const Draws& wrong : {reversed, sorted, uniform}) EXPECT_NE(refusal(weights, wrong, false), "");
}

TEST(WeightedDraws, WithoutReplacementRefusesASingleDrawThatIsAllButImpossible) {
  const Weights weights = {0x1p-80, 1, 0x1p-40};
  EXPECT_EQ(refusal(weights, {1, 2, 0}, false), "");
  EXPECT_EQ(
      refusal(weights, {1, 0, 2}, false),
      "the draws do not follow the weights: index 0 at 1 had a chance of 9.09e-13, with all that are no likelier");
  EXPECT_NE(refusal(weights, {2, 1, 0}, false), "");
}

TEST(WeightedRandomSampler, RefusesWeightsThatGiveNoChances) {
  const auto refused = [](Op::Params params, const Weights& weights) -> std::string {
    const Op::Inputs<double> in{{weights.data(), {static_cast<std::int64_t>(weights.size())}}};
    try {
      Op::infer(params, in);
      Op::validate(params, in);
    } catch (const InvalidArgument& problem) {
      return problem.what();
    }
    return "(nothing was refused)";
  };
  const std::string of = "weighted_random_sampler: ";
  EXPECT_EQ(refused({0, true, 1}, {1, 2}), of + "num_samples is 0, but it must be positive");
  EXPECT_EQ(refused({3, false, 1}, {1, 2}),
            of + "num_samples is 3, but there are 2 weights, and without replacement none comes twice");
  EXPECT_EQ(refused({3, false, 1}, {1, 0, 2}),
            of + "num_samples is 3, but only 2 of 3 weights are above 0, and without replacement none comes twice");
  EXPECT_EQ(refused({3, true, 1}, {1, -2}), of + "weights[1] is -2, but a weight must be finite and not negative");
  EXPECT_EQ(refused({3, true, 1}, {NAN, 2}), of + "weights[0] is nan, but a weight must be finite and not negative");
  EXPECT_EQ(refused({3, true, 1}, {1, INFINITY}),
            of + "weights[1] is inf, but a weight must be finite and not negative");
  EXPECT_EQ(refused({3, true, 1}, {0, -0.0}), of + "all 2 weights are 0, so that there is nothing to draw");
  EXPECT_EQ(refused({3, true, 1}, {1e308, 1e308}),
            of + "the weights add up to more than float64 holds; scale them down");
  EXPECT_EQ(refused({3, true, 1}, {0, 2}), "(nothing was refused)");
}

}  // namespace
}  // namespace assay
