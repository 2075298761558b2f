// Sampling with contestants of known behaviour; nothing here depends on how long anything takes.
#include "bench/measure/sampler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/measure/statistics.h"

namespace assay::bench {
namespace {

TEST(Median, IsTheMiddleOrTheMeanOfTheTwo) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

TEST(MedianInterval, HasTheRanksOfTheBinomial) {
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  const Interval interval = median_interval(hundred);
  EXPECT_EQ(interval.low, 40);  // the textbook ranks for n = 100: 40 and 61
  EXPECT_EQ(interval.high, 61);
  EXPECT_EQ(median_interval({7}).low, 7);
  EXPECT_EQ(median_interval({1, 2, 3}).high, 3);
}

/// A call that does real work, so that a sample of it has a length.
std::function<void()> spin(int& calls, int rounds) {
  return [&calls, rounds] {
    ++calls;
    volatile double x = 1;
    for (int i = 0; i < rounds; ++i) x = std::sqrt(x + i);
  };
}

SamplingOptions brief() {
  SamplingOptions options;
  options.row_budget_s = 0.05;
  options.warm_up_s = 0.001;
  return options;
}

TEST(Sample, KeepsAllSamplesOfAllContestants) {
  int fast = 0, slow = 0, readied = 0;
  const std::vector<Contestant> contestants = {{"op/case/fast/f32/1", spin(fast, 100), [&] { ++readied; }},
                                               {"op/case/slow/f32/1", spin(slow, 10000), [] {}}};
  const std::vector<Timing> timings = sample(contestants, brief());
  ASSERT_EQ(timings.size(), 2u);
  for (const Timing& timing : timings) {
    EXPECT_FALSE(timing.samples_ns.empty());
    EXPECT_GT(timing.median_ns, 0);
    EXPECT_LE(timing.low_ns, timing.median_ns);
    EXPECT_GE(timing.high_ns, timing.median_ns);
  }
  EXPECT_GT(readied, static_cast<int>(timings[0].samples_ns.size())) << "before each sample, and before warming up";
  EXPECT_GE(timings[0].calls, timings[1].calls) << "a shorter call needs at least as many of them to outlast the timer";
  EXPECT_LT(timings[0].median_ns, timings[1].median_ns) << "a hundred times the work";
}

TEST(Sample, ALabelIsNoRegularExpression) {
  int one = 0, other = 0;
  const std::vector<Contestant> contestants = {{"op/a.c/x/f32/1", spin(one, 10), [] {}},
                                               {"op/abc/x/f32/1", spin(other, 10), [] {}},
                                               {"op/(a[b/x/f32/12", spin(other, 10), [] {}}};
  EXPECT_EQ(sample(contestants, brief()).size(), 3u);
}

TEST(Sample, StopsWhenInterrupted) {
  int calls = 0;
  SamplingOptions options = brief();
  options.row_budget_s = 1e9;
  options.target = 0;
  options.interrupted = [&] { return calls > 50; };
  const std::vector<Contestant> contestants = {{"op/case/x/f32/1", spin(calls, 10000), [] {}}};
  EXPECT_EQ(sample(contestants, options).size(), 1u);
}

}  // namespace
}  // namespace assay::bench
