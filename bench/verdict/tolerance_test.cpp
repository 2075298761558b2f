// The tolerance as a function of dtype, error scale and value.
#include "bench/verdict/tolerance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::bench {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

FieldInfo field(DType dtype, ErrorBound bound) {
  FieldInfo made;
  made.dtype = dtype;
  made.bound = bound;
  return made;
}

TEST(Tolerance, IsTheBoundOfItsDtype) {
  EXPECT_EQ(Tolerance(field(DType::f32, {10})).at(3), 30 * 0x1p-24 + 0x1p-124);
  EXPECT_EQ(Tolerance(field(DType::f64, {10})).at(3), 30 * 0x1p-53 + 0x1p-124);
  EXPECT_EQ(Tolerance(field(DType::f32, {10})).at(0), 0x1p-124);
}

TEST(Tolerance, OfAWitnessIsTheSameAtEveryDtype) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tolerance witness = Tolerance::of_witness(field(dtype, {10}));
    EXPECT_EQ(witness.at(64), 10 * 0x1p-24 + 0x1p-124);
    EXPECT_EQ(witness.at(0), 0x1p-124) << "the smallest tolerance is not divided";
  }
}

TEST(Tolerance, AdmitsWhatUsesNoMoreThanAllOfIt) {
  EXPECT_TRUE(Tolerance::admits(1.5, 1, 0.5));
  EXPECT_FALSE(Tolerance::admits(1.6, 1, 0.5));
  EXPECT_FALSE(Tolerance::admits(nan, 1, 0.5));
  EXPECT_FALSE(Tolerance::admits(inf, 1, 0.5));
  EXPECT_EQ(Tolerance::share_used(1.25, 1, 0.5), 0.5);
  EXPECT_EQ(Tolerance::share_used(1, 1, 0x1p-124), 0);
  EXPECT_EQ(Tolerance::share_used(nan, 1, 0.5), inf);
}

TEST(Tolerance, IsUsableIfFiniteAndNotNegative) {
  EXPECT_TRUE(Tolerance::is_usable(0));
  for (const double bad : {-1.0, inf, nan}) EXPECT_FALSE(Tolerance::is_usable(bad));
}

TEST(Tolerance, WidensTheRangeByTheToleranceAtItsEnds) {
  const Tolerance probability(field(DType::f32, {.c = 10, .low = 0, .high = 1}));
  EXPECT_EQ(probability.lowest(), -0x1p-124);
  EXPECT_EQ(probability.highest(), 1 + 10 * 0x1p-24);
  const Tolerance anything(field(DType::f32, {10}));
  EXPECT_EQ(anything.lowest(), -inf);
  EXPECT_EQ(anything.highest(), inf);
}

TEST(Tolerance, SaysWhichRoundoffAnErrorNeeds) {
  const Tolerance bound(field(DType::f32, {4}));
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(1, 1, 1)), "f64");
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(1 + 0x1p-22, 1, 1)), "f32");
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(1 + 0x1p-10, 1, 1)), "tf32");
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(1 + 0x1p-7, 1, 1)), "bf16");
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(2, 1, 1)), "worse");
  for (const double special : {nan, inf}) EXPECT_EQ(precision_class_of(bound.roundoff_needed(special, 1, 1)), "worse");
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(1, 0, 0)), "worse") << "an error where the scale is zero";
  EXPECT_EQ(precision_class_of(bound.roundoff_needed(0x1p-126, 0, 0)), "f64") << "a flushed subnormal";
}

}  // namespace
}  // namespace assay::bench
