// A kernel that is right except under one condition: a drawn case meets it, and is reduced to the smallest one that
// does.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/registry.h"
#include "bench/cases/selection.h"
#include "bench/verdict/shrink.h"
#include "bench/verdict/verified_case.h"
#include "reference/masking/padding_mask.h"

namespace assay::bench {
namespace {

using testing::HasSubstr;

/// padding_mask that forgets the last cell where the canvas is wider than 40 and the batch has three images or more.
class Conditional final : public HostBackend {
 public:
  Conditional() { kernels_.add<PaddingMask, float>(mask); }
  std::string_view name() const override { return "conditional"; }
  std::string_view description() const override { return "wrong where W > 40 and B >= 3"; }
  Claims claims() const override { return {.honours_threads = true}; }

 private:
  static void mask(const PaddingMask::Params&, const PaddingMask::Inputs<float>& in,
                   const PaddingMask::Outputs<float>& out) {
    const Shape& s = out.mask.shape;
    bool* cell = out.mask.data;
    for (std::int64_t b = 0; b < s[0]; ++b)
      for (std::int64_t y = 0; y < s[1]; ++y)
        for (std::int64_t x = 0; x < s[2]; ++x) *cell++ = y >= in.sizes.data[2 * b] || x >= in.sizes.data[2 * b + 1];
    if (s[2] > 40 && s[0] >= 3) cell[-1] = !cell[-1];
  }
};

void add_once() {
  static Conditional backend;
  static const bool added = [] {
    add_backend(backend);
    return true;
  }();
  ASSERT_TRUE(added);
}

Selection rows_of(const std::string& case_name) {
  SelectionOptions options;
  options.filters = {fmt::format("padding_mask/{}/conditional/f32/*", case_name)};
  options.threads = {1, 2};
  return select(options);
}

std::string no_command(const Row&) { return ""; }

std::vector<Row> verified(const CaseRows& selected) {
  std::vector<Row> rows;
  verify_case(selected, default_seed, no_command, [&](Row&& row) { rows.push_back(std::move(row)); });
  return rows;
}

TEST(Shrink, FindsTheSmallestCaseThatFails) {
  add_once();
  const Selection selection = rows_of("drawn:B=17,H=33,W=127,height=many_more,sizes=descending");
  ASSERT_EQ(selection.cases.size(), 1U);
  const Row failed = verified(selection.cases[0]).front();
  ASSERT_EQ(failed.verdict, Verdict::failed) << failed.reason;
  const std::optional<Row> smallest = shrink(selection.cases[0], failed, default_seed, no_command);
  ASSERT_TRUE(smallest);
  EXPECT_EQ(smallest->case_name, "drawn:B=3,H=1,W=41");
  EXPECT_EQ(smallest->verdict, Verdict::failed);
  EXPECT_THAT(smallest->reason, HasSubstr("mask[2, 0, 40]"));
}

TEST(Shrink, LeavesTheSmallestCaseAndCasesThatAreNotDrawnAlone) {
  add_once();
  const Selection smallest = rows_of("drawn:B=3,H=1,W=41");
  const Row failed = verified(smallest.cases[0]).front();
  ASSERT_EQ(failed.verdict, Verdict::failed);
  EXPECT_FALSE(shrink(smallest.cases[0], failed, default_seed, no_command));
  const Selection golden = rows_of("coco_mixed_b8");
  const Row workload = verified(golden.cases[0]).front();
  ASSERT_EQ(workload.verdict, Verdict::failed);
  EXPECT_FALSE(shrink(golden.cases[0], workload, default_seed, no_command));
}

TEST(Cover, MeetsTheConditionAtEveryThreadCount) {
  add_once();
  SelectionOptions options;
  options.filters = {"padding_mask/*/conditional/*"};
  options.threads = {1, 2, 3, 7};
  options.cases.drawn = Drawn::array;
  options.cases.drawn_only = true;
  const Selection selection = select(options);
  std::set<int> counts;
  std::size_t met = 0;
  for (const CaseRows& selected : selection.cases) {
    ASSERT_EQ(selected.rows.size(), 2U) << "the largest count and another";
    EXPECT_EQ(std::max(selected.rows[0].threads, selected.rows[1].threads), 7);
    for (const Row& row : selected.rows) counts.insert(row.threads);
    const Shape& mask = selected.bound->output_shapes[0];
    met += mask[2] > 40 && mask[0] >= 3;
  }
  EXPECT_EQ(counts, (std::set<int>{1, 2, 3, 7}));
  EXPECT_GT(met, 10U);
}

}  // namespace
}  // namespace assay::bench
