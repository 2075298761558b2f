// The oracle of log_position_bias on networks small enough to work by hand, its error scale, and what it refuses.
#include "reference/window_attention/log_position_bias.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay {
namespace {

using Op = LogPositionBias;

struct Weights {
  std::vector<double> first_weight, first_bias, second_weight;
  Op::Inputs<double> inputs() const {
    const auto D = static_cast<std::int64_t>(first_bias.size());
    const auto heads = static_cast<std::int64_t>(second_weight.size()) / D;
    return {{first_weight.data(), {D, 2}}, {first_bias.data(), {D}}, {second_weight.data(), {heads, D}}};
  }
};

struct Result {
  std::vector<double> bias, scale;
};

Result evaluate(const Op::Params& params, const Weights& weights) {
  const Shape shape = Op::infer(params, weights.inputs())[0];
  Result result{std::vector<double>(static_cast<std::size_t>(shape.elements())), {}};
  ErrorScale scale(1);
  scale[0].resize(result.bias.size());
  Op::oracle(params, weights.inputs(), {{result.bias.data(), shape}}, scale);
  result.scale = scale[0];
  return result;
}

double sixteen_sigmoid(double z) { return 16 / (1 + std::exp(-z)); }

std::string refusal(const Op::Params& params) {
  try {
    Op::infer(params, Weights{{1, 1}, {0}, {1}}.inputs());
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(LogPositionBias, OfTwoTokensDependsOnTheirDistance) {
  // 8·1/1: the coordinate is log2(9)/3; a unit is off at a negative one
  const double x = std::log2(9) / 3;
  const Result result = evaluate({1, 2}, {{5, 1}, {0}, {1}});
  ASSERT_EQ(result.bias.size(), 4U);
  EXPECT_DOUBLE_EQ(result.bias[0], 8);
  EXPECT_DOUBLE_EQ(result.bias[1], 8) << "token 0 is to the left of token 1";
  EXPECT_DOUBLE_EQ(result.bias[2], sixteen_sigmoid(x));
  EXPECT_DOUBLE_EQ(result.bias[3], 8);
}

TEST(LogPositionBias, TakesHeightBeforeWidth) {
  const Result result = evaluate({2, 1}, {{0.5, 7}, {0.25}, {1, -2}});
  const double unit = 0.5 * std::log2(9) / 3 + 0.25;
  EXPECT_DOUBLE_EQ(result.bias[2], sixteen_sigmoid(unit));
  EXPECT_DOUBLE_EQ(result.bias[6], sixteen_sigmoid(-2 * unit));
}

TEST(LogPositionBias, DividesByThePretrainedWindowWhereThatIsGiven) {
  // 8·1/4 along h, 8·1/1 along w
  const Result result = evaluate({2, 2, 5, 0}, {{1, 0, 0, 1}, {0, 0}, {1, 1}});
  EXPECT_DOUBLE_EQ(result.bias[3 * 4 + 0], sixteen_sigmoid(std::log2(3) / 3 + std::log2(9) / 3));
}

TEST(LogPositionBias, OfAWindowOfOneTokenIsThatOfNoDistance) {
  EXPECT_DOUBLE_EQ(evaluate({1, 1}, {{3, 4}, {2}, {0.5}}).bias[0], sixteen_sigmoid(1));
}

TEST(LogPositionBias, ScaleCoversTheValueAndGrowsWithCancellation) {
  const Result plain = evaluate({2, 3}, {{1, 1, 1, -1}, {0.5, 0.5}, {1, 1}});
  for (std::size_t i = 0; i < plain.bias.size(); ++i) EXPECT_GE(plain.scale[i], plain.bias[i]);
  const double cancelling = evaluate({1, 1}, {{0, 0, 0, 0}, {1000, 1000}, {1, -1}}).scale[0];
  EXPECT_GT(cancelling, 1000 * evaluate({1, 1}, {{0, 0, 0, 0}, {0, 0}, {1, -1}}).scale[0] / 16);
}

TEST(LogPositionBias, ScaleStaysFiniteWhereTheSigmoidIsFlat) {
  const Result result = evaluate({1, 1}, {{0, 0}, {0x1p60}, {0x1p60, -0x1p60}});
  EXPECT_EQ(result.bias[0], 16);
  EXPECT_EQ(result.bias[1], 0);
  EXPECT_EQ(result.scale[0], 48);
  EXPECT_LT(result.scale[1], 0x1p-90) << "what a flushed sigmoid leaves";
}

TEST(LogPositionBias, RefusesAPretrainedWindowOfOneToken) {
  EXPECT_EQ(
      refusal({2, 2, 1, 0}),
      "log_position_bias: pretrained_window_h is 1, but it must be 0 (the window's own extent) or at least 2, for "
      "distances are divided by the extent less 1");
  EXPECT_EQ(refusal({2, 2, 0, -2}),
            "log_position_bias: pretrained_window_w is -2, but it must be 0 (the window's own extent) or at least 2, "
            "for distances are divided by the extent less 1");
  EXPECT_EQ(refusal({2, 0}), "log_position_bias: window_w is 0, but it must be positive");
}

}  // namespace
}  // namespace assay
