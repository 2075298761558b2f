// The companion of a case: the same each time, of the same operator and dtype, and not the same problem.
#include "bench/cases/companion.h"

#include <gtest/gtest.h>

#include "reference/registry.h"

namespace assay::bench {
namespace {

std::string params_of(const BoundCase& bound) {
  std::string text;
  for (const Scalar& value : bound.params) text += to_string(value) + " ";
  return text;
}

std::vector<BoundCase> cases_of_all() {
  CaseOptions options;
  options.drawn_only = true;
  options.drawn = Drawn::share;
  return collect_cases(options).cases;
}

TEST(Companion, IsASmallCaseOfTheSameOperatorWithOtherShapesOrParameters) {
  for (const BoundCase& bound : cases_of_all()) {
    const BoundCase companion = companion_of(bound, default_seed);
    EXPECT_EQ(companion.op, bound.op);
    EXPECT_EQ(companion.instance, bound.instance);
    EXPECT_EQ(companion.tier, Tier::small);
    EXPECT_TRUE(companion.name.starts_with(drawn_prefix)) << companion.name;
    EXPECT_TRUE(companion.output_shapes != bound.output_shapes || params_of(companion) != params_of(bound))
        << bound.op->name << "/" << bound.name;
  }
}

TEST(Companion, DependsOnTheLabelAndTheSeedAlone) {
  std::size_t other_seeds = 0, all = 0;
  for (const BoundCase& bound : cases_of_all()) {
    const BoundCase once = companion_of(bound, 1), again = companion_of(bound, 1), other = companion_of(bound, 2);
    EXPECT_EQ(once.output_shapes, again.output_shapes);
    EXPECT_EQ(params_of(once), params_of(again));
    other_seeds += once.output_shapes != other.output_shapes || params_of(once) != params_of(other);
    ++all;
  }
  EXPECT_GT(other_seeds, all / 2) << "as a rule another seed draws another companion";
}

}  // namespace
}  // namespace assay::bench
