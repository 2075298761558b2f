// Sampling with contestants of known behaviour; nothing here depends on how long anything takes.
#include "bench/timing/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <stdexcept>

#include "bench/base/statistics.h"

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

/// A clock that moves only when a fake kernel says so, and the order in which kernels were called.
struct FakeTime {
  double now = 0;
  std::string order;
  std::mt19937_64 noise{7};

  /// A kernel that takes so many microseconds, off by up to `spread` of that at random.
  std::function<void()> kernel(char name, double microseconds, double spread = 0) {
    return [this, name, microseconds, spread] {
      order += name;
      const double off = std::uniform_real_distribution<double>(-spread, spread)(noise);
      now += microseconds * 1e-6 * (1 + off);
    };
  }
  SamplingOptions options() {
    SamplingOptions made;
    made.now = [this] { return now; };
    return made;
  }
};

TEST(Sample, MeasuresAKnownCostExactly) {
  FakeTime time;
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1", time.kernel('a', 40)},
                                               {"op/case/b/f32/1", time.kernel('b', 3)}};
  const std::vector<Timing> timings = sample(contestants, time.options());
  EXPECT_NEAR(timings[0].median_ns, 40e3, 1e-3);
  EXPECT_NEAR(timings[1].median_ns, 3e3, 1e-3);
  EXPECT_EQ(timings[0].calls, 1) << "40 us outlast the timer's noise by themselves";
  EXPECT_EQ(timings[1].calls, 9) << "nine of 3 us are more than 25 us";
}

TEST(Sample, StopsAtOnceWhereNothingVaries) {
  FakeTime time;
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1", time.kernel('a', 50)}};
  const Timing timing = sample(contestants, time.options())[0];
  EXPECT_TRUE(timing.settled);
  EXPECT_EQ(timing.samples_ns.size(), SamplingOptions().least_samples);
}

TEST(Sample, GoesOnUntilTheIntervalIsNarrowEnough) {
  FakeTime time;
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1", time.kernel('a', 50, 0.1)}};
  SamplingOptions options = time.options();
  const Timing timing = sample(contestants, options)[0];
  EXPECT_TRUE(timing.settled);
  EXPECT_GT(timing.samples_ns.size(), 50u) << "uniform noise of 10 % needs a few hundred samples for 1 %";
  EXPECT_LE(timing.high_ns - timing.median_ns, options.target * timing.median_ns);
  EXPECT_LE(timing.median_ns - timing.low_ns, options.target * timing.median_ns);
  EXPECT_NEAR(timing.median_ns, 50e3, 1e3);
}

TEST(Sample, SaysSoWhereTheBudgetEndsFirst) {
  FakeTime time;
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1", time.kernel('a', 50, 0.9)}};
  SamplingOptions options = time.options();
  options.row_budget_s = 0.06;
  const Timing timing = sample(contestants, options)[0];
  EXPECT_FALSE(timing.settled);
  EXPECT_GE(timing.spent_s, options.row_budget_s);
  EXPECT_LT(timing.spent_s, options.row_budget_s + 0.001) << "no more than a sample beyond it";
}

TEST(Sample, ContestantsTakeTurnsInRandomOrder) {
  FakeTime time;
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1", time.kernel('a', 50)},
                                               {"op/case/b/f32/1", time.kernel('b', 50)},
                                               {"op/case/c/f32/1", time.kernel('c', 50)}};
  SamplingOptions options = time.options();
  options.warm_up_s = 0;
  options.least_samples = 60;
  (void)sample(contestants, options);
  const std::string rounds = time.order.substr(6);  // two calls each to warm up
  ASSERT_EQ(rounds.size(), 60u * 3 * 2) << "one call before the clock and one within it";
  std::map<std::string, int> orders;
  for (std::size_t round = 0; round < rounds.size(); round += 6) {
    std::string order;
    for (std::size_t turn = 0; turn < 6; turn += 2) order += rounds[round + turn];
    std::string sorted = order;
    std::sort(sorted.begin(), sorted.end());
    ASSERT_EQ(sorted, "abc") << "every round has each once";
    ++orders[order];
  }
  EXPECT_EQ(orders.size(), 6u) << "all orders occur";
}

TEST(Sample, ADriftHitsAllAlike) {
  FakeTime time;
  // the machine slows down to half its speed while the samples are taken
  const auto drifting = [&](double microseconds) {
    return [&time, microseconds] { time.now += microseconds * 1e-6 * (1 + time.now); };
  };
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1", drifting(100)}, {"op/case/b/f32/1", drifting(200)}};
  SamplingOptions options = time.options();
  options.row_budget_s = 1e9;
  options.target = 1e9;
  options.least_samples = 500;
  const std::vector<Timing> timings = sample(contestants, options);
  EXPECT_GT(timings[0].samples_ns.back(), 1.2 * timings[0].samples_ns.front());
  EXPECT_NEAR(timings[1].median_ns / timings[0].median_ns, 2, 0.05);
}

TEST(Sample, CallsWhatBelongsOutsideTheClockThere) {
  FakeTime time;
  Contestant contestant{"op/case/a/f32/1", time.kernel('a', 50)};
  const auto slow = [&](char name) { return time.kernel(name, 1e6); };
  contestant.ready = slow('r');
  contestant.plan_calls = [&](std::int64_t) { return std::int64_t{2}; };
  contestant.spoil = slow('s');
  contestant.restored = [&] {
    time.kernel('c', 1e6)();
    return true;
  };
  contestant.cool = slow('k');
  SamplingOptions options = time.options();
  options.warm_up_s = 0;
  options.row_budget_s = 1e9;
  options.least_samples = 2;
  const Timing timing = sample(std::vector<Contestant>{contestant}, options)[0];
  EXPECT_NEAR(timing.median_ns, 50e3, 1e-3);
  EXPECT_EQ(time.order, "raarsacskaacrsacskaac");
}

TEST(Sample, WaitsForADeviceOnceASample) {
  FakeTime time;
  Contestant contestant{"op/case/a/f32/0", time.kernel('a', 1)};
  contestant.finish = time.kernel('f', 10);
  SamplingOptions options = time.options();
  options.warm_up_s = 0;
  options.least_samples = 2;
  const Timing timing = sample(std::vector<Contestant>{contestant}, options)[0];
  const auto sample_of = [](std::size_t calls) { return std::string(calls, 'a') + "f"; };
  std::string expected = "afaf";                                                // to warm up
  for (const std::size_t calls : {3, 6, 10, 13}) expected += sample_of(calls);  // of 1 µs each and 10 µs: too short
  EXPECT_EQ(timing.calls, 15);
  for (int samples = 0; samples < 2; ++samples) expected += sample_of(1) + sample_of(15);
  EXPECT_EQ(time.order, expected);
}

TEST(Sample, TakesAContestantsOwnClock) {
  FakeTime time;
  Contestant contestant{"op/case/a/f32/0", time.kernel('a', 100)};
  contestant.finish = [] {};
  contestant.own_clock = [&](std::int64_t calls) -> std::optional<double> {
    for (std::int64_t i = 0; i < calls; ++i) contestant.call();
    return 90e3 * static_cast<double>(calls);
  };
  const Timing timing = sample(std::vector<Contestant>{contestant}, time.options())[0];
  EXPECT_NEAR(timing.median_ns, 90e3, 1e-3);
  EXPECT_EQ(timing.distrust, "");
  EXPECT_GE(static_cast<double>(timing.calls) * 90e3, 500e3) << "a device's clock is coarser";
  contestant.own_clock = [&](std::int64_t) -> std::optional<double> { return std::nullopt; };
  EXPECT_NEAR(sample(std::vector<Contestant>{contestant}, time.options())[0].median_ns, 100e3, 1e-3);
}

TEST(Sample, AClockThatIsFasterThanTheHostsIsNotBelieved) {
  FakeTime time;
  Contestant contestant{"op/case/a/f32/0", time.kernel('a', 1000)};
  contestant.finish = [] {};
  for (const double ns : {2e6, 0.0, -1.0, std::nan("")}) {
    contestant.own_clock = [&](std::int64_t) -> std::optional<double> {
      contestant.call();
      return ns;
    };
    EXPECT_NE(sample(std::vector<Contestant>{contestant}, time.options())[0].distrust, "") << ns;
  }
}

TEST(Sample, AResultThatIsNotRestoredEndsTheRow) {
  FakeTime time;
  Contestant contestant{"op/case/a/f32/1", time.kernel('a', 50)};
  int checks = 0;
  contestant.restored = [&] { return ++checks < 5; };
  const Timing timing = sample(std::vector<Contestant>{contestant}, time.options())[0];
  EXPECT_EQ(timing.problem, "a call left a spoilt result as it was: it did not compute what it is timed for");
}

TEST(Sample, AThrowingKernelEndsItsRowAlone) {
  FakeTime time;
  int calls = 0;
  const std::vector<Contestant> contestants = {{"op/case/a/f32/1",
                                                [&] {
                                                  time.now += 50e-6;
                                                  if (++calls > 2000) throw std::runtime_error("no more");
                                                }},
                                               {"op/case/b/f32/1", time.kernel('b', 50)}};
  SamplingOptions options = time.options();
  options.least_samples = 2000;
  const std::vector<Timing> timings = sample(contestants, options);
  EXPECT_EQ(timings[0].problem, "the kernel threw: no more");
  EXPECT_EQ(timings[1].problem, "");
  EXPECT_EQ(timings[1].samples_ns.size(), 2000u);
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

TEST(Rounds, TheNextStopsWhenAllSamplesTogetherAreEnough) {
  FakeTime time;
  SamplingOptions options = time.options();
  const std::vector<Contestant> alone = {{"op/case/a/f32/1", time.kernel('a', 50, 0.1)}};
  const Timing first = sample(alone, options)[0];
  options.target *= 2;
  EXPECT_GT(sample(alone, options)[0].samples_ns.size(), options.least_samples);
  std::vector<Contestant> again = alone;
  again[0].earlier = first.samples_ns;
  EXPECT_EQ(sample(again, options)[0].samples_ns.size(), options.least_samples) << "they are known well enough already";
}

TEST(Rounds, AreJoinedInOrder) {
  Timing first, second;
  first.samples_ns = {9, 11, 10};
  first.rounds = {3};
  first.cpu_ns = 10;
  first.spent_s = 1;
  second.samples_ns = {20};
  second.rounds = {1};
  second.cpu_ns = 30;
  second.spent_s = 2;
  second.calls = 7;
  const Timing both = join(first, second, 0.01);
  EXPECT_EQ(both.samples_ns, (std::vector<double>{9, 11, 10, 20}));
  EXPECT_EQ(both.rounds, (std::vector<std::size_t>{3, 1}));
  EXPECT_EQ(both.median_ns, 10.5);
  EXPECT_EQ(both.low_ns, 9);
  EXPECT_EQ(both.high_ns, 20);
  EXPECT_EQ(both.cpu_ns, 15);
  EXPECT_EQ(both.spent_s, 3);
  EXPECT_EQ(both.calls, 7);
  EXPECT_FALSE(both.settled) << "from 9 to 20";
}

TEST(Rounds, AreSettledAnewOnceJoined) {
  Timing wide, narrow;
  wide.samples_ns = {1, 100};
  wide.settled = true;
  narrow.samples_ns = std::vector<double>(50, 10.0);
  EXPECT_TRUE(join(wide, narrow, 0.01).settled);
  EXPECT_FALSE(join(Timing(), wide, 0.01).settled);
  EXPECT_TRUE(join(Timing(), Timing(), 0.01).samples_ns.empty());
}

}  // namespace
}  // namespace assay::bench
