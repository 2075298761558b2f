// The covering array: every pair of levels that fits the budget is in a case, and no case is larger.
#include "bench/cases/cover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bench/cases/cases.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

using testing::Contains;

constexpr double small_budget = 1 << 14;

TEST(Cover, HasEveryPairThatFits) {
  for (const OperatorEntry& op : operators()) {
    Cover cover(op, small_budget, 1);
    const std::vector<Choices> cases = cover.array();
    const PairCount counted = cover.count(cases);
    EXPECT_EQ(counted.covered, counted.possible) << op.name;
    EXPECT_GT(counted.possible, 30U) << op.name;  // a sampler has one factor, a length: its levels are counted
    for (const Choices& choices : cases) {
      const std::optional<double> work = work_of(op, choices);
      ASSERT_TRUE(work) << op.name << "/" << name_of(choices);
      EXPECT_LE(*work, small_budget) << op.name << "/" << name_of(choices);
    }
  }
}

TEST(Cover, BeginsWithTheSmallestCaseThatIsNotEmpty) {
  for (const OperatorEntry& op : operators()) {
    const Choices first = Cover(op, small_budget, 1).array().front();
    double elements = 0;
    for (const CaseInput& input : make_case(op, first, 1).inputs)
      elements += static_cast<double>(input.shape.elements());
    EXPECT_LE(elements, 64) << op.name << "/" << name_of(first);  // few enough to be called a thousand times
    for (std::size_t f = 0; f < first.factors().size(); ++f) {
      const Factor& factor = first.factors()[f];
      if (factor.range == nullptr) continue;
      EXPECT_GT(first[f], 0) << op.name << "/" << name_of(first);
      EXPECT_EQ(first.level_of(f), smallest_level(factor)) << op.name << "/" << name_of(first);
    }
  }
}

TEST(Cover, WithoutACaseLosesItsPairs) {
  const OperatorEntry& op = find_operator("mask_downsample");
  Cover cover(op, small_budget, 1);
  std::vector<Choices> cases = cover.array();
  cases.pop_back();  // it began with a pair that no case before it has
  EXPECT_LT(cover.count(cases).covered, cover.count(cases).possible);
  EXPECT_EQ(cover.count({}).covered, 0U);
}

TEST(Cover, CountsThePairsOfJudgedRowsAlone) {
  const OperatorEntry& op = find_operator("padding_mask");
  const std::vector<Cover> covers = {Cover(op, small_budget, 1), Cover(find_operator("hungarian_assignment"), 1, 1)};
  Row judged;
  judged.op = op.name;
  judged.case_name = "drawn:B=2,H=5,W=9";
  judged.outputs.resize(1);
  Row not_judged = judged;
  not_judged.case_name = "drawn:B=3,H=7,W=8";
  not_judged.outputs.clear();
  const std::vector<Row> rows = {judged, judged, not_judged};
  const std::vector<PairCount> counted = pairs_judged(covers, rows);
  ASSERT_EQ(counted.size(), 1U);
  const std::size_t factors = factors_of(*op.domain).size();
  EXPECT_EQ(counted[0].op, op.name);
  EXPECT_EQ(counted[0].covered, factors * (factors - 1) / 2);
}

TEST(Cover, NamesWhatIsTooLarge) {
  const OperatorEntry& op = find_operator("padding_mask");
  const Cover cover(op, default_element_budget, 1);
  const PairCount counted = cover.count({});
  EXPECT_THAT(counted.too_large_levels, testing::ElementsAre("H=16777217", "W=16777217"));
  EXPECT_GT(counted.too_large, 0U);
  const PairCount large = Cover(op, large_element_budget, 1).count({});
  EXPECT_TRUE(large.too_large_levels.empty());
  EXPECT_GT(large.possible, counted.possible);
}

TEST(Cover, LeavesOutWhatIsNoTest) {
  const OperatorEntry& op = find_operator("window_softmax");
  Cover cover(op, small_budget, 1);
  EXPECT_GT(cover.count({}).excluded, 0U);
  for (const Choices& choices : cover.array())
    EXPECT_FALSE(choices.is("scores", "large") && choices.is("bias", "plain")) << name_of(choices);
}

TEST(Cover, EveryLevelOccursInSomeValidCase) {
  for (const OperatorEntry& op : operators())
    EXPECT_NO_THROW(Cover(op, large_element_budget, 1).check_levels()) << op.name;
  OperatorEntry op = find_operator("padding_mask");
  Domain domain = *op.domain;
  domain.valid = [](const Choices& choices) { return choices.extent("H") != 64; };
  op.domain = std::make_shared<const Domain>(domain);
  EXPECT_THROW(Cover(op, large_element_budget, 1).check_levels(), std::logic_error);
}

TEST(Share, HasEveryLevelThatSmallCasesCanHave) {
  for (const OperatorEntry& op : operators()) {
    Cover cover(op, default_element_budget, 1);
    const std::vector<Choices> share = cover.share(default_share);
    std::vector<std::set<std::size_t>> seen(factors_of(*op.domain).size());
    for (const Choices& choices : share)
      for (std::size_t f = 0; f < seen.size(); ++f)
        if (const auto level = choices.level_of(f)) seen[f].insert(*level);
    std::size_t levels = 0, all = 0;
    for (std::size_t f = 0; f < seen.size(); ++f) {
      levels += seen[f].size();
      all += factors_of(*op.domain)[f].levels.size();
    }
    EXPECT_GE(levels * 10, all * 7) << op.name;
    EXPECT_LT(share.size(), 64U) << op.name;
  }
}

std::vector<std::string> names(std::uint64_t seed) {
  std::vector<std::string> all;
  Cover cover(find_operator("sine_position_encoding"), default_element_budget, seed);
  for (const Choices& choices : cover.share(default_share)) all.push_back(name_of(choices));
  return all;
}

TEST(Share, IsTheSameForASeedAndAnotherForAnother) {
  EXPECT_EQ(names(4), names(4));
  EXPECT_NE(names(4), names(5));
}

TEST(Cover, AnOperatorWithOneFactorIsCoveredLevelByLevel) {
  OperatorEntry op = find_operator("relative_position_index");
  Domain domain = *op.domain;
  domain.extents.pop_back();
  domain.derived.push_back({"window_w", [](const Choices&) { return std::int64_t{3}; }});
  op.domain = std::make_shared<const Domain>(domain);
  Cover cover(op, small_budget, 1);
  EXPECT_EQ(cover.count(cover.array()).covered, cover.count({}).possible);
  EXPECT_GT(cover.count({}).possible, 5U);
}

TEST(Cases, ADrawnCaseIsMadeForAFilterThatSpellsItOut) {
  CaseOptions options;
  options.named = {{"padding_mask", "drawn:B=2,H=6,W=10"}};
  const CaseList list = collect_cases(options);
  std::vector<std::string> found;
  for (const BoundCase& bound : list.cases) found.push_back(bound.name);
  EXPECT_THAT(found, Contains("drawn:B=2,H=6,W=10"));
}

}  // namespace
}  // namespace assay::bench
