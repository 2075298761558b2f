// Decisions on planted rows whose right outcome is known.
#include "bench/profile/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace assay::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> simplest_first = {"scalar", "openmp", "libtorch"};

/// A row of `bytes` bytes, timed to ± 1 %.
Measured row(const std::string& backend, int threads, double bytes, double ns, double spread = 0.01) {
  Measured made;
  made.op = "op";
  made.dtype = "f32";
  made.case_name = std::to_string(static_cast<int>(bytes));
  made.backend = backend;
  made.threads = threads;
  made.bytes = bytes;
  made.median_ns = ns;
  made.low_ns = ns * (1 - spread);
  made.high_ns = ns * (1 + spread);
  return made;
}

TEST(Decide, TakesTheFastest) {
  const Decision decision =
      decide({row("scalar", 1, 100, 50), row("openmp", 1, 100, 20), row("libtorch", 1, 100, 30)}, simplest_first, {});
  ASSERT_EQ(decision.choices.size(), 1u);
  EXPECT_EQ(decision.choices[0].best.backend, "openmp");
  EXPECT_THAT(decision.choices[0].tied, IsEmpty());
  EXPECT_EQ(decision.choices[0].over_next_ns, 30);
}

TEST(Decide, GivesATieToTheSimpler) {
  const Decision decision =
      decide({row("scalar", 1, 100, 20.3), row("openmp", 1, 100, 20), row("libtorch", 1, 100, 25)}, simplest_first, {});
  EXPECT_EQ(decision.choices[0].best.backend, "scalar");
  EXPECT_THAT(decision.choices[0].tied, ElementsAre("openmp"));
}

TEST(Decide, GivesATieToTheFewerThreads) {
  const Decision decision = decide({row("openmp", 2, 100, 20), row("openmp", 1, 100, 20.2)}, simplest_first, {});
  ASSERT_EQ(decision.choices.size(), 2u) << "one for each number of threads that may be used";
  EXPECT_EQ(decision.choices[1].best.threads, 1);
}

TEST(Decide, KeepsToTheThreadsThatMayBeUsed) {
  const Decision decision = decide({row("openmp", 2, 100, 10), row("openmp", 1, 100, 20)}, simplest_first, {});
  EXPECT_EQ(decision.choices[0].most_threads, 1);
  EXPECT_EQ(decision.choices[0].best.threads, 1);
  EXPECT_EQ(decision.choices[1].best.threads, 2);
}

TEST(Decide, NeverChoosesWhatFailedParity) {
  const Decision decision =
      decide({row("scalar", 1, 100, 50), row("openmp", 1, 100, 20)}, simplest_first, {"op/openmp"});
  EXPECT_EQ(decision.choices[0].best.backend, "scalar");
}

TEST(Decide, FindsWhereOneOvertakesTheOther) {
  // scalar takes bytes ns, openmp 1000 + bytes/100: on the logarithmic line between the cases they meet near 1,000
  const auto both = [](double bytes) {
    return std::pair(row("scalar", 1, bytes, bytes, 0.001), row("openmp", 1, bytes, 1000 + bytes / 100, 0.001));
  };
  const auto small = both(100), large = both(10000);
  const Decision decision = decide({small.first, small.second, large.first, large.second}, simplest_first, {});
  ASSERT_EQ(decision.crossovers.size(), 1u);
  const Crossover& crossover = decision.crossovers[0];
  EXPECT_EQ(crossover.from, "scalar");
  EXPECT_EQ(crossover.to, "openmp");
  const double left = std::log(100.0 / 1001), right = std::log(10000.0 / 1100);
  EXPECT_NEAR(crossover.bytes, 100 * std::pow(100, -left / (right - left)), 1e-6);
  EXPECT_LT(crossover.low, crossover.bytes);
  EXPECT_GT(crossover.high, crossover.bytes);
  EXPECT_LT(crossover.high / crossover.low, 1.01) << "times known to 0.1 % leave the size uncertain by little";
}

TEST(Decide, WideIntervalsLeaveTheCrossoverWide) {
  const Decision decision = decide({row("scalar", 1, 100, 100, 0.2), row("openmp", 1, 100, 160, 0.2),
                                    row("scalar", 1, 10000, 1000, 0.2), row("openmp", 1, 10000, 600, 0.2)},
                                   simplest_first, {});
  ASSERT_EQ(decision.crossovers.size(), 1u);
  EXPECT_GT(decision.crossovers[0].high / decision.crossovers[0].low, 5);
  EXPECT_GE(decision.crossovers[0].low, 100);
  EXPECT_LE(decision.crossovers[0].high, 10000);
}

TEST(Decide, ABackendThatWasNotTimedLeavesTheWholeRange) {
  const Decision decision = decide({row("scalar", 1, 100, 100), row("openmp", 1, 10000, 600)}, simplest_first, {});
  ASSERT_EQ(decision.crossovers.size(), 1u);
  EXPECT_EQ(decision.crossovers[0].low, 100);
  EXPECT_EQ(decision.crossovers[0].high, 10000);
}

TEST(Decide, NamesWhatIsFurthestFromTheRoof) {
  std::vector<Measured> rows = {row("scalar", 1, 100, 1), row("scalar", 1, 200, 1), row("scalar", 1, 300, 1)};
  rows[0].roof_fraction = 0.9;
  rows[1].op = "without";
  rows[2].op = "other";
  rows[2].roof_fraction = 0.2;
  const std::vector<Choice> furthest = furthest_from_roof(decide(rows, simplest_first, {}), 3);
  ASSERT_EQ(furthest.size(), 2u) << "a row without a roof is not ranked";
  EXPECT_EQ(furthest[0].best.case_name, "300");
}

TEST(Decide, NamesEachOperatorOnceAmongTheFurthest) {
  std::vector<Measured> rows = {row("scalar", 1, 100, 1), row("scalar", 1, 200, 1), row("scalar", 1, 300, 1)};
  rows[0].roof_fraction = 0.1;
  rows[1].roof_fraction = 0.2;
  rows[2].roof_fraction = 0.3;
  rows[2].op = "other";
  const std::vector<Choice> furthest = furthest_from_roof(decide(rows, simplest_first, {}), 3);
  ASSERT_EQ(furthest.size(), 2u);
  EXPECT_EQ(furthest[0].best.case_name, "100");
  EXPECT_EQ(furthest[1].best.op, "other");
}

TEST(Decide, OneCaseAmongOthersMakesNoCrossover) {
  std::vector<Measured> rows;
  for (const double bytes : {100.0, 200.0, 300.0, 400.0, 500.0}) {
    rows.push_back(row("scalar", 1, bytes, bytes == 200 ? 20 : 10));
    rows.push_back(row("openmp", 1, bytes, bytes == 500 ? 5 : 15));
  }
  const Decision decision = decide(rows, simplest_first, {});
  EXPECT_EQ(decision.choices[1].best.backend, "openmp");
  ASSERT_EQ(decision.crossovers.size(), 1u);
  EXPECT_GE(decision.crossovers[0].low, 400);
  EXPECT_EQ(decision.crossovers[0].to, "openmp");
}

TEST(Decide, CasesOfOneSizeHaveNoCrossover) {
  std::vector<Measured> rows = {row("scalar", 1, 100, 10), row("openmp", 1, 100, 20), row("scalar", 1, 100, 20),
                                row("openmp", 1, 100, 10)};
  rows[2].case_name = rows[3].case_name = "another";
  const Decision decision = decide(rows, simplest_first, {});
  ASSERT_EQ(decision.choices.size(), 2u);
  EXPECT_THAT(decision.crossovers, IsEmpty());
}

TEST(MeasuredRows, TakesTimedRowsOnly) {
  Row timed;
  timed.op = "op";
  timed.dtype = "f32";
  timed.case_name = "a";
  timed.backend = "openmp";
  timed.threads = 2;
  timed.cost.bytes = 10;
  timed.verdict = Verdict::passed;
  timed.timing.emplace();
  timed.timing->samples_ns = {5};
  timed.timing->median_ns = 5;
  timed.timing->low_ns = 4;
  timed.timing->high_ns = 6;
  timed.roof_fraction = 0.5;
  timed.bound_by = "memory";
  Row failed = timed, untimed = timed, roofless = timed;
  failed.verdict = Verdict::failed;
  untimed.timing.reset();
  roofless.roof_fraction.reset();
  const std::vector<Measured> rows = measured_rows(std::vector<Row>{timed, failed, untimed, roofless});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].op + "/" + rows[0].case_name + "/" + rows[0].backend + "/" + rows[0].dtype, "op/a/openmp/f32");
  EXPECT_EQ(rows[0].threads, 2);
  EXPECT_EQ(rows[0].bytes, 10);
  EXPECT_THAT((std::vector{rows[0].low_ns, rows[0].median_ns, rows[0].high_ns}), ElementsAre(4, 5, 6));
  EXPECT_EQ(rows[0].roof_fraction, 0.5);
  EXPECT_EQ(rows[0].bound_by, "memory");
  EXPECT_FALSE(rows[1].roof_fraction);
}

}  // namespace
}  // namespace assay::bench
