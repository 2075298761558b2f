// Pacing on made-up cases: everything fits into the budget as soon as one case of each operator is known.
#include "bench/profile/pace.h"

#include <gtest/gtest.h>

namespace assay::bench {
namespace {

TEST(Pace, SharesAllOfTheBudgetWhileNothingIsKnown) {
  EXPECT_DOUBLE_EQ(Pace().row_budget_s(30, {{"a", 100, 10}, {"b", 100, 5}}), 2);
}

TEST(Pace, LeavesRoomForWhatIsNotTiming) {
  Pace pace;
  pace.untimed({"a", 100, 10}, 1);                                                // 0.01 s a byte
  EXPECT_DOUBLE_EQ(pace.row_budget_s(30, {{"a", 1000, 10}, {"b", 100, 10}}), 1);  // (30 − 10) / 20
}

TEST(Pace, FollowsTheLatestCase) {
  Pace pace;
  pace.untimed({"a", 1, 10}, 1);
  pace.untimed({"a", 1000, 10}, 10);
  EXPECT_DOUBLE_EQ(pace.row_budget_s(30, {{"a", 1000, 10}}), 2);
}

TEST(Pace, KeepsAShareForTiming) {
  Pace pace;
  pace.untimed({"a", 1, 1}, 100);
  EXPECT_DOUBLE_EQ(pace.row_budget_s(40, {{"a", 1000, 10}}), 1);
}

TEST(Pace, StaysWithinWhatIsOfUse) {
  EXPECT_DOUBLE_EQ(Pace().row_budget_s(1e6, {{"a", 1, 1}}), 5);
  EXPECT_DOUBLE_EQ(Pace().row_budget_s(0.001, {{"a", 1, 1}}), 0.05);
  EXPECT_DOUBLE_EQ(Pace().row_budget_s(-1, {{"a", 1, 1}}), 0.05);
}

TEST(Pace, CasesWithoutOutputsAndNoCasesAreHarmless) {
  Pace pace;
  pace.untimed({"a", 0, 0}, 1);
  EXPECT_GT(pace.row_budget_s(10, {{"a", 0, 0}}), 0);
  EXPECT_DOUBLE_EQ(pace.row_budget_s(10, {}), 5);
}

}  // namespace
}  // namespace assay::bench
