// The comparison: what it must let through, and above all what it must not.
#include "bench/verdict/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::bench {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
TensorRef tensor_of(TensorPack& pack, const std::vector<T>& values) {
  TensorRef made = new_host_tensor(pack, DTypeOf<T>::value, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), static_cast<T*>(made.data));
  return made;
}

FieldInfo field(DType dtype, std::optional<ErrorBound> bound) {
  FieldInfo made;
  made.name = "out";
  made.dtype = dtype;
  made.bound = bound;
  return made;
}

Truth truth_of(const std::vector<double>& values, std::vector<double> scale) {
  Truth truth{TensorPack(1), ErrorScale(1)};
  truth.outputs[0].push_back(tensor_of(truth.outputs, values));
  truth.scale[0] = std::move(scale);
  return truth;
}

OutputReport inexact(const std::vector<float>& got, const std::vector<double>& expected, std::vector<double> scale,
                     double c = 4) {
  TensorPack pack(1);
  return compare(field(DType::f32, ErrorBound{c}), tensor_of(pack, got), truth_of(expected, std::move(scale)), 0);
}

OutputReport exact(const std::vector<float>& got, const std::vector<double>& expected) {
  TensorPack pack(1);
  return compare(field(DType::f32, {}), tensor_of(pack, got), truth_of(expected, {}), 0);
}

TEST(CompareWithin, MeasuresTheErrorAsAShareOfTheTolerance) {
  const float off = 1 + 2 * 0x1p-23f;  // four times u away
  const OutputReport report = inexact({1, off}, {1, 1}, {1, 1}, 8);
  EXPECT_TRUE(report.ok);
  EXPECT_NEAR(report.max_error_ratio, 0.5, 1e-6);
  EXPECT_EQ(report.max_ulp, 2);
  EXPECT_EQ(report.precision_class, "f32");
}

TEST(CompareWithin, KeepsTheWorstElementBesideTheFirst) {
  const OutputReport report = inexact({1.5f, 3, 1}, {1, 1, 1}, {1, 1, 1});
  ASSERT_TRUE(report.worst);
  EXPECT_EQ(report.worst->index[0], 1);
  EXPECT_EQ(report.worst->got, 3);
  EXPECT_EQ(report.places.front().index[0], 0);
}

TEST(CompareWithin, ANaNStaysTheWorst) {
  const OutputReport report = inexact({1, 1, 1.5f}, {1, 1, 1}, {1, nan, 1});
  EXPECT_FALSE(report.ok);
  EXPECT_TRUE(std::isnan(report.max_error_ratio));
  ASSERT_TRUE(report.worst);
  EXPECT_EQ(report.worst->index[0], 1);
}

TEST(CompareWithin, AFlushedSubnormalUsesAQuarterOfTheTolerance) {
  const OutputReport report = inexact({0}, {0x1p-126}, {0x1p-126});
  EXPECT_TRUE(report.ok);
  EXPECT_NEAR(report.max_error_ratio, 0.25, 1e-3);
}

TEST(Accepts, AgreesWithTheComparisonOnEveryKindOfElement) {
  struct One {
    double value, expected, scale;
  };
  for (const One& one : {One{1, 1, 1}, One{1 + 0x1p-22, 1, 1}, One{1 + 0x1p-20, 1, 1}, One{nan, 1, 1}, One{nan, nan, 0},
                         One{inf, inf, 0}, One{-inf, inf, 0}, One{1, nan, 0}, One{0, -0.0, 0}, One{1, 1, nan},
                         One{1, 1, -1}, One{1, 1, inf}}) {
    const Truth truth = truth_of({one.expected}, {one.scale});
    for (const bool bounded : {true, false}) {
      const FieldInfo info = field(DType::f32, bounded ? std::optional(ErrorBound{4}) : std::nullopt);
      TensorPack pack(1);
      const TensorRef got = tensor_of(pack, std::vector<float>{static_cast<float>(one.value)});
      EXPECT_EQ(accepts(info, one.value, truth, 0, 0), compare(info, got, truth, 0).ok)
          << one.value << " for " << one.expected << " at scale " << one.scale << (bounded ? "" : ", exact");
    }
  }
}

TEST(Accepts, AnOpenElementTakesItsRange) {
  Truth truth = truth_of({0, 5}, {1, 1});
  truth.scale.leave_open(0, {1, -1, 1});
  truth.scale.sort_open();
  const FieldInfo info = field(DType::f32, ErrorBound{4});
  EXPECT_TRUE(accepts(info, 0.5, truth, 0, 1));
  EXPECT_FALSE(accepts(info, 5, truth, 0, 1));
  EXPECT_FALSE(accepts(info, nan, truth, 0, 1));
}

TEST(CompareWithin, FailsBeyondTheToleranceAndSaysWhere) {
  const OutputReport report = inexact({1, 1.5f, 1}, {1, 1, 1}, {1, 1, 1});
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.mismatches, 1);
  ASSERT_EQ(report.places.size(), 1u);
  EXPECT_EQ(report.places[0].index, (Shape{1}));
  EXPECT_EQ(report.precision_class, "worse");
  EXPECT_EQ(describe_mismatches(report),
            "1 of 3 elements of out are wrong; the first: out[1] is 1.5, expected 1 (tolerance 2.38e-07)");
}

TEST(CompareWithin, NaNFailsUnlessExpected) {
  EXPECT_FALSE(inexact({NAN}, {1}, {1}).ok);
  EXPECT_FALSE(inexact({1}, {nan}, {0}).ok);
  EXPECT_TRUE(inexact({NAN, 1}, {nan, 1}, {0, 1}).ok);
  EXPECT_EQ(inexact({NAN}, {1}, {1}).nan_got, 1);
}

TEST(CompareWithin, InfinityFailsUnlessExpected) {
  EXPECT_FALSE(inexact({INFINITY}, {1}, {1}).ok);
  EXPECT_FALSE(inexact({-INFINITY}, {inf}, {1}).ok);
  EXPECT_TRUE(inexact({INFINITY}, {inf}, {1}).ok);
}

TEST(CompareWithin, AnUnusableToleranceFailsAll) {
  EXPECT_FALSE(inexact({1}, {1}, {nan}).ok);
  EXPECT_FALSE(inexact({1}, {1}, {inf}).ok);
  EXPECT_FALSE(inexact({1}, {1}, {-1}).ok);
}

TEST(CompareWithin, OpenElementsAreHeldToTheirRangeAndCounted) {
  Truth truth = truth_of({0.5, 0.5, 0.5}, {1, 1e9, 1e9});
  truth.scale.leave_open(0, {1, -1, 1});
  truth.scale.leave_open(0, {2, -1, 1});
  TensorPack pack(1);
  const FieldInfo out = field(DType::f32, ErrorBound{4});
  EXPECT_TRUE(compare(out, tensor_of<float>(pack, {0.5f, -0.9f, 1}), truth, 0).ok);
  EXPECT_FALSE(compare(out, tensor_of<float>(pack, {0.5f, -0.9f, 1.01f}), truth, 0).ok);
  EXPECT_FALSE(compare(out, tensor_of<float>(pack, {0.5f, NAN, 0}), truth, 0).ok);
  EXPECT_EQ(compare(out, tensor_of<float>(pack, {0.5f, 0, 0}), truth, 0).unspecified, 2);
}

TEST(CompareWithin, ANaNIsTheWorstPrecision) {
  EXPECT_EQ(inexact({1, NAN}, {1, 1}, {1, 1}).precision_class, "worse");
  EXPECT_EQ(inexact({NAN, 1.5f}, {1, 1}, {1, 1}).precision_class, "worse");
  EXPECT_EQ(inexact({INFINITY, 1}, {1, 1}, {1, 1}).precision_class, "worse");
}

TEST(CompareWithin, ClassifiesPrecision) {
  const auto class_of = [](double error) {
    return inexact({static_cast<float>(1 + error)}, {1}, {1}, 1).precision_class;
  };
  EXPECT_EQ(class_of(0), "exact");
  EXPECT_EQ(class_of(0x1p-12), "tf32");
  EXPECT_EQ(class_of(0x1p-9), "bf16");
  EXPECT_EQ(class_of(0.1), "worse");
}

TEST(CompareExact, TellsNegativeZeroAndNaN) {
  EXPECT_TRUE(exact({0.f, -0.f, 1, NAN, -INFINITY}, {0.0, -0.0, 1, nan, -inf}).ok);
  EXPECT_FALSE(exact({-0.f}, {0.0}).ok);
  EXPECT_FALSE(exact({0.f}, {nan}).ok);
  EXPECT_FALSE(exact({NAN}, {0.0}).ok);
}

TEST(CompareExact, KeepsTheFirstTenPlaces) {
  const OutputReport report = exact(std::vector<float>(25, 1), std::vector<double>(25, 2));
  EXPECT_EQ(report.mismatches, 25);
  EXPECT_EQ(report.places.size(), 10u);
}

TEST(CompareExact, ABooleanByteIsZeroOrOne) {
  TensorPack pack(1);
  Truth truth{TensorPack(1), ErrorScale(1)};
  truth.outputs[0].push_back(new_host_tensor(truth.outputs, DType::boolean, {2}));
  const TensorRef got = new_host_tensor(pack, DType::boolean, {2});
  auto *expected = static_cast<std::uint8_t*>(truth.outputs[0][0].data), *bytes = static_cast<std::uint8_t*>(got.data);
  expected[0] = bytes[0] = 0;
  expected[1] = 1;
  bytes[1] = 255;
  EXPECT_FALSE(compare(field(DType::boolean, {}), got, truth, 0).ok);
}

TEST(Compare, AnotherShapeFails) {
  EXPECT_FALSE(exact({1, 2}, {1}).ok);
  EXPECT_FALSE(inexact({1, 2}, {1}, {1}).ok);
}

}  // namespace
}  // namespace assay::bench
