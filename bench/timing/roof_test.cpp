// Floors from probes with known numbers: which point, pattern, thread count and level speak, and what is distrusted.
#include "bench/timing/roof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace assay::bench {
namespace {

constexpr double kib = 1024, mib = 1024 * kib;

/// One thread: loads at 200, 100, 50 and 10 bytes a nanosecond, streamed stores at 20 everywhere. Two: twice as much.
/// Peaks of 40 and 60 f32 and 20 f64 operations a nanosecond; twice as much with two threads.
Probe known() {
  Probe probe;
  for (const int threads : {1, 2}) {
    const double n = threads;
    probe.curves.push_back(
        {Pattern::load,
         threads,
         {{4 * kib, {200 * n, 1}}, {64 * kib, {100 * n, 1}}, {mib, {50 * n, 1}}, {256 * mib, {10 * n, 1}}}});
    probe.curves.push_back({Pattern::stream_store, threads, {{4 * kib, {20 * n, 1}}, {256 * mib, {20 * n, 1}}}});
    probe.peaks.push_back({"x86-64-v2", DType::f32, threads, {40 * n, 1}});
    probe.peaks.push_back({"x86-64-v3", DType::f32, threads, {60 * n, 1}});
    probe.peaks.push_back({"x86-64-v3", DType::f64, threads, {20 * n, 1}});
  }
  return probe;
}

double memory_ns(double working_set, int threads, bool cold = false) {
  const auto floor = floor_of(known(), {1000, 0}, working_set, threads, DType::f32, cold);
  EXPECT_TRUE(floor && floor->bound_by == "memory");
  return floor ? floor->ns : -1;
}

TEST(Roof, ThePatternThatIsFastestAtTheWorkingSetSpeaks) {
  EXPECT_DOUBLE_EQ(memory_ns(4 * kib, 1), 5);
  EXPECT_DOUBLE_EQ(memory_ns(64 * kib, 1), 10);
  EXPECT_DOUBLE_EQ(memory_ns(mib, 1), 20);
  EXPECT_DOUBLE_EQ(memory_ns(256 * mib, 1), 50) << "streamed stores";
}

TEST(Roof, BetweenPointsAndBeyondThemTheFasterNeighbourSpeaks) {
  EXPECT_DOUBLE_EQ(memory_ns(1, 1), 5);
  EXPECT_DOUBLE_EQ(memory_ns(64 * kib - 1, 1), 5);
  EXPECT_DOUBLE_EQ(memory_ns(64 * kib + 1, 1), 10);
  EXPECT_DOUBLE_EQ(memory_ns(mib - 1, 1), 10);
  EXPECT_DOUBLE_EQ(memory_ns(10 * mib, 1), 20);
  EXPECT_DOUBLE_EQ(memory_ns(1e18, 1), 50);
}

TEST(Roof, ASmallerSetIsNeverSlowerThanALargerOne) {
  Probe probe = known();
  probe.curves = {{Pattern::load, 1, {{4 * kib, {1, 1}}, {64 * kib, {100, 1}}, {mib, {50, 1}}}}};
  EXPECT_DOUBLE_EQ(floor_of(probe, {1000, 0}, 4 * kib, 1, DType::f32, false)->ns, 10);
}

TEST(Roof, ColdBuffersComeAtTheSpeedOfTheLargestSet) {
  EXPECT_DOUBLE_EQ(memory_ns(4 * kib, 1, true), 50);
  EXPECT_DOUBLE_EQ(memory_ns(4 * kib, 2, true), 25);
}

TEST(Roof, TheNearestThreadCountAboveSpeaksElseTheLargest) {
  EXPECT_DOUBLE_EQ(memory_ns(mib, 2), 10);
  EXPECT_DOUBLE_EQ(memory_ns(mib, 8), 10);
  Probe probe = known();
  for (BandwidthCurve& curve : probe.curves)
    if (curve.threads == 2) curve.threads = 4;
  EXPECT_DOUBLE_EQ(floor_of(probe, {1000, 0}, mib, 2, DType::f32, false)->ns, 10);
  EXPECT_DOUBLE_EQ(floor_of(probe, {1000, 0}, mib, 1, DType::f32, false)->ns, 20);
}

TEST(Roof, FewerThreadsSpeakWhereTheyAreFaster) {
  Probe probe = known();
  for (BandwidthCurve& curve : probe.curves)
    if (curve.threads == 2)
      for (BandwidthPoint& point : curve.points) point.rate.best = 1;
  EXPECT_DOUBLE_EQ(floor_of(probe, {1000, 0}, mib, 2, DType::f32, false)->ns, 20);
}

TEST(Roof, OperationsBindWhereTheyTakeLonger) {
  const auto of = [](Cost cost, int threads, DType dtype) {
    return *floor_of(known(), cost, mib, threads, dtype, false);
  };
  EXPECT_DOUBLE_EQ(of({1000, 6000}, 1, DType::f32).ns, 100);
  EXPECT_EQ(of({1000, 6000}, 1, DType::f32).bound_by, "compute");
  EXPECT_DOUBLE_EQ(of({1000, 6000}, 2, DType::f32).ns, 50);
  EXPECT_DOUBLE_EQ(of({1000, 6000}, 1, DType::f64).ns, 300);
  EXPECT_DOUBLE_EQ(of({0, 6000}, 1, DType::u8).ns, 100) << "of a dtype that was not measured: the best of all";
  EXPECT_EQ(of({1000, 1200}, 1, DType::f32).bound_by, "memory") << "both take 20 ns";
}

TEST(Roof, NothingIsSaidWhereThereIsNothingToSay) {
  EXPECT_FALSE(floor_of(known(), {0, 0}, mib, 1, DType::f32, false));
  EXPECT_FALSE(floor_of(known(), {1000, 0}, mib, 0, DType::f32, false)) << "no threads of the host";
  EXPECT_FALSE(floor_of(Probe{}, {1000, 1000}, mib, 1, DType::f32, false));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(floor_of(known(), {nan, nan}, mib, 1, DType::f32, false));
}

Timing timing_of(double ns) {
  Timing timing;
  timing.samples_ns = {ns};
  timing.median_ns = timing.low_ns = timing.high_ns = ns;
  return timing;
}

/// A row that must move `bytes` of 2,000,000 and whose median was `ns`.
Row row_that_took(double ns, double bytes = 2e6) {
  Row row;
  row.verdict = Verdict::passed;
  row.cost = {bytes, 0};
  row.timing = timing_of(ns);
  hold_against_roof(known(), 2e6, DType::f32, false, row);
  return row;
}

TEST(Roof, ARowBeyondItIsMistrusted) {
  constexpr double floor = 2e6 / 50;
  EXPECT_DOUBLE_EQ(*row_that_took(2 * floor).roof_fraction, 0.5);
  EXPECT_EQ(row_that_took(2 * floor).bound_by, "memory");
  EXPECT_EQ(row_that_took(2 * floor).verdict, Verdict::passed);
  EXPECT_EQ(row_that_took(floor / 1.04).verdict, Verdict::passed);
  const Row row = row_that_took(floor / 1.06);
  EXPECT_EQ(row.verdict, Verdict::mistrusted);
  EXPECT_THAT(row.reason, testing::HasSubstr("its 37.7 µs is 106 % of the roof: 2000000 bytes and 0 operations take "
                                             "40.0 µs at least, by memory"));
}

TEST(Roof, OnlyWhatMustBeMovedHasToComeFromAfar) {
  EXPECT_DOUBLE_EQ(*row_that_took(10, 1000).roof_fraction, 0.5) << "1000 bytes at 200 a nanosecond";
}

TEST(Roof, ARowThatFailedStaysFailed) {
  Row row;
  row.verdict = Verdict::failed;
  row.reason = "wrong";
  row.cost = {1000, 0};
  row.timing = timing_of(1);
  hold_against_roof(known(), mib, DType::f32, false, row);
  EXPECT_EQ(row.verdict, Verdict::failed);
  EXPECT_EQ(row.reason, "wrong");
}

TEST(Roof, ARowWithoutATimeHasNone) {
  Row row;
  row.verdict = Verdict::passed;
  row.cost = {1000, 0};
  hold_against_roof(known(), mib, DType::f32, false, row);
  EXPECT_FALSE(row.roof_fraction);
}

TEST(Roof, OneHundredAndFivePercentIsTheMost) {
  EXPECT_FALSE(beyond_the_roof(1.05));
  EXPECT_TRUE(beyond_the_roof(1.0501));
  EXPECT_TRUE(beyond_the_roof(std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(beyond_the_roof(std::numeric_limits<double>::quiet_NaN()));
}

}  // namespace
}  // namespace assay::bench
