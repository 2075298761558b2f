// Holds the vector mathematics to the accuracy its header states, against the standard library in float64.
#include "backends/openmp/simd_math.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace assay::openmp {
namespace {

using testing::Each;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr double u = 0x1p-24;

/// Distance to the next float32 above |value|.
double ulp(double value) {
  return std::nextafter(static_cast<float>(std::abs(value)), infinity) - static_cast<float>(std::abs(value));
}

struct Waves {
  std::vector<float> sines, cosines;
};

Waves waves_of(const std::vector<float>& angles) {
  Waves waves{std::vector<float>(angles.size()), std::vector<float>(angles.size())};
  sines_and_cosines<1>(angles.data(), 1, static_cast<std::int64_t>(angles.size()), waves.sines.data(),
                       waves.cosines.data());
  return waves;
}

std::vector<float> exponentials_of(std::vector<float> values, float most = 0) {
  exponentials_times_16(values.data(), most, static_cast<std::int64_t>(values.size()));
  return values;
}

/// Both signs of values from 2^-30 to `largest`, `steps` to each factor of 2, and 0.
std::vector<float> sweep(double largest, int steps) {
  std::vector<float> values = {0.0F};
  for (double x = 0x1p-30; x <= largest; x *= std::exp2(1.0 / steps)) {
    values.push_back(static_cast<float>(x));
    values.push_back(static_cast<float>(-x));
  }
  return values;
}

TEST(SinesAndCosines, AreAccurateTo10000Radians) {
  const std::vector<float> angles = sweep(1e4, 5003);
  const Waves waves = waves_of(angles);
  for (std::size_t i = 0; i < angles.size(); ++i) {
    const double angle = angles[i], sine = std::sin(angle), cosine = std::cos(angle);
    ASSERT_LE(std::abs(waves.sines[i] - sine), 1.5 * ulp(sine) + u * std::abs(angle)) << "sin " << angle;
    ASSERT_LE(std::abs(waves.cosines[i] - cosine), 1.5 * ulp(cosine) + u * std::abs(angle)) << "cos " << angle;
  }
}

TEST(SinesAndCosines, StayWithinOneHoweverLargeTheAngle) {
  const std::vector<float> angles = sweep(3e38, 101);
  const Waves waves = waves_of(angles);
  EXPECT_THAT(waves.sines, Each(testing::AllOf(testing::Ge(-1.0F), testing::Le(1.0F))));
  EXPECT_THAT(waves.cosines, Each(testing::AllOf(testing::Ge(-1.0F), testing::Le(1.0F))));
}

TEST(SinesAndCosines, OfZeroAreExactAndOfInfinityAndNanAreNan) {
  const Waves zero = waves_of(std::vector<float>(33, 0.0F));
  EXPECT_THAT(zero.sines, Each(0.0F));
  EXPECT_THAT(zero.cosines, Each(1.0F));
  const Waves none = waves_of({infinity, -infinity, nan, -nan});
  EXPECT_THAT(none.sines, Each(testing::IsNan()));
  EXPECT_THAT(none.cosines, Each(testing::IsNan()));
}

TEST(SinesAndCosines, InterleaveWithAStrideOfTwo) {
  const std::vector<float> angles = {0.25F, -0.5F, 3.0F};
  const Waves apart = waves_of({0.5F, -1.0F, 6.0F});
  std::vector<float> together(6);
  sines_and_cosines<2>(angles.data(), 2, 3, together.data(), together.data() + 1);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(together[2 * i], apart.sines[i]);
    EXPECT_EQ(together[2 * i + 1], apart.cosines[i]);
  }
}

TEST(Exponentials, AreAccurateDownToTheSmallestResult) {
  std::vector<float> values;
  for (float x = 0; x > -90; x -= 0.00037F) values.push_back(x);
  const std::vector<float> got = exponentials_of(values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = values[i], expected = 16 * std::exp(x);
    ASSERT_LE(std::abs(got[i] - expected), 1.5 * ulp(expected) + u * std::abs(x) * expected) << "exp " << x;
  }
}

TEST(Exponentials, EndInZero) {
  std::vector<float> values;
  for (float x = -85; x > -110; x -= 0.001F) values.push_back(x);
  for (const float value : exponentials_of(values)) ASSERT_TRUE(value == 0 || value > 0x1.6p-127F) << value;
  EXPECT_THAT(exponentials_of({-90.6F, -91.0F, -1e30F, -std::numeric_limits<float>::max(), -infinity}), Each(0.0F));
}

TEST(Exponentials, OfNothingButInfinityAreNan) {
  EXPECT_THAT(exponentials_of({-infinity, -infinity}, -infinity), Each(testing::IsNan()));
  EXPECT_THAT(exponentials_of({infinity}, infinity), Each(testing::IsNan()));
  EXPECT_THAT(exponentials_of({nan, -nan}), Each(testing::IsNan()));
}

TEST(Exponentials, AreSummed) {
  std::vector<float> values(37, 2.0F);
  EXPECT_EQ(exponentials_times_16(values.data(), 2, 37), 37 * 16.0F);
}

}  // namespace
}  // namespace assay::openmp
