// The oracle of multi_scale_deformable_attention on samples worked out by hand, its error scale beside the borders of
// cells, and what it refuses.
#include "reference/attention/multi_scale_deformable_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay {
namespace {

using Op = MultiScaleDeformableAttention;

/// One image, one head, one feature and one query, over levels of these shapes.
struct Sampling {
  std::vector<double> value;
  std::vector<std::int64_t> shapes;
  std::vector<double> locations, weights;
  std::vector<double> out{}, scale{};

  Op::Inputs<double> inputs() {
    const auto levels = static_cast<std::int64_t>(shapes.size() / 2);
    const auto P = static_cast<std::int64_t>(weights.size()) / levels;
    return {{value.data(), {1, static_cast<std::int64_t>(value.size()), 1, 1}},
            {shapes.data(), {levels, 2}},
            {locations.data(), {1, 1, 1, levels, P, 2}},
            {weights.data(), {1, 1, 1, levels, P}}};
  }
  Sampling& run() {
    const auto in = inputs();
    out.assign(1, NAN);
    ErrorScale error(1);
    error[0].resize(1);
    EXPECT_EQ(Op::infer({}, in)[0], (Shape{1, 1, 1}));
    Op::oracle({}, in, {{out.data(), {1, 1, 1}}}, error);
    scale = error[0];
    return *this;
  }
};

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

/// The sample of a level of 2 rows and 4 columns, 0 to 7, at pixel (x, y).
double sample_at(double x, double y) {
  return Sampling{{0, 1, 2, 3, 4, 5, 6, 7}, {2, 4}, {(x + 0.5) / 4, (y + 0.5) / 2}, {1}}.run().out[0];
}

TEST(DeformableAttention, SamplesBilinearlyBetweenTheMiddlesOfPixels) {
  EXPECT_EQ(sample_at(0, 0), 0);
  EXPECT_EQ(sample_at(3, 1), 7);
  EXPECT_EQ(sample_at(1.5, 0), 1.5);
  EXPECT_EQ(sample_at(2, 0.25), 3);
  EXPECT_EQ(sample_at(1.5, 0.5), 3.5);
}

TEST(DeformableAttention, IsZeroOutside) {
  EXPECT_EQ(sample_at(3.5, 1), 3.5);  // half of 7, half of nothing
  EXPECT_EQ(sample_at(3, 1.75), 1.75);
  EXPECT_EQ(sample_at(-0.5, 1), 2);
  EXPECT_EQ(sample_at(4, 1), 0);
  EXPECT_EQ(sample_at(-1, 0), 0);
  EXPECT_EQ(sample_at(1, 1e30), 0);
}

TEST(DeformableAttention, AddsWeightedLevelsOneAfterTheOther) {
  // level 0 is one pixel of 10, level 1 is 1 row of 2: 3 and 5; each sampled at its middle
  Sampling sampling{{10, 3, 5}, {1, 1, 1, 2}, {0.5, 0.5, 0.5, 0.5}, {2, -1}};
  EXPECT_EQ(sampling.run().out[0], 2 * 10 - 4);
}

TEST(DeformableAttention, ScaleHasTheSteeperOfTwoCellsWhereTheLocationMayLieInEither) {
  // one row of four: the slope is 1 between pixels 0 and 1 and 4 between 1 and 2
  const auto scale_at = [](double x) {
    return Sampling{{0, 1, 5, 5}, {1, 4}, {(x + 0.5) / 4, 0.5}, {1}}.run().scale[0];
  };
  const auto expected = [](double x, double r, double slope_x, double slope_y) {
    return r * 1.25 + slope_x * (std::abs(x + 0.5) + 4 / 2.0 + 1) + slope_y * (0.5 + 1 / 2.0 + 1);
  };
  // half way down the only row there are zeros above and below: the slope in y is the value itself
  EXPECT_DOUBLE_EQ(scale_at(0.75), expected(0.75, 0.75, 1, 0.75));
  EXPECT_DOUBLE_EQ(scale_at(1.25), expected(1.25, 2, 4, 2));
  EXPECT_DOUBLE_EQ(scale_at(1), expected(1, 1, 4, 1));
  EXPECT_DOUBLE_EQ(scale_at(1 - 0x1p-23), expected(1 - 0x1p-23, 1 - 0x1p-23, 4, 1 - 0x1p-23));
}

TEST(DeformableAttention, RefusesShapesThatAreNotThoseOfTheTokens) {
  Sampling sampling{{1, 2, 3, 4, 5}, {1, 2, 2, 2}, {0, 0, 0, 0}, {1, 1}};
  const auto infer = [&] { Op::infer({}, sampling.inputs()); };
  EXPECT_EQ(refusal(infer),
            "multi_scale_deformable_attention: spatial_shapes adds up to 6 tokens, but input value has shape "
            "[1, 5, 1, 1] with 5");
  sampling.shapes = {1, 5, 0, 3};
  EXPECT_EQ(refusal(infer),
            "multi_scale_deformable_attention: spatial_shapes[1] is (0, 3), but height and width must be positive");
  sampling.shapes = {1, 5, std::int64_t{1} << 40, std::int64_t{1} << 40};
  EXPECT_EQ(refusal(infer),
            "multi_scale_deformable_attention: spatial_shapes adds up to more tokens than can be counted at [1] = "
            "(1099511627776, 1099511627776)");
}

TEST(DeformableAttention, RefusesLocationsThatAreNotFinite) {
  Sampling sampling{{1, 2}, {1, 2}, {0, 0, 0, std::numeric_limits<double>::quiet_NaN()}, {1, 1}};
  EXPECT_EQ(refusal([&] { Op::validate({}, sampling.inputs()); }),
            "multi_scale_deformable_attention: sampling_locations[0, 0, 0, 0, 1, 1] is nan, but a location must be "
            "finite");
}

}  // namespace
}  // namespace assay
