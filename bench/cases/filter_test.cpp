// Globs.
#include "bench/cases/filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace assay::bench {
namespace {

TEST(Glob, MatchesAsWritten) {
  struct Row {
    std::string_view pattern, text;
    bool matches;
  };
  const Row table[] = {
      {"a/b/c", "a/b/c", true},
      {"a/b/c", "a/b/d", false},
      {"*", "", true},
      {"*", "a/b", true},
      {"a*", "ba", false},
      {"a*c", "abbbc", true},
      {"a*c", "abbbcd", false},
      {"*/openmp/*", "x/y/openmp/f32/1", true},
      {"?", "", false},
      {"a?c", "a/c", true},
      {"**a**", "bab", true},
      {"", "", true},
      {"", "a", false},
      {"*a*b*c*", "xxaxxbxxcxx", true},
      {"*a*b*c*", "xxaxxcxxbxx", false},
  };
  for (const Row& row : table)
    EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << " on " << row.text;
}

TEST(Glob, IsNotBlownUpByStars) {
  const std::string text(2000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", text));
}

TEST(Glob, IsNotBlownUpByItsLength) {
  const std::string label(600, 'a'), megabytes(4'000'000, 'a');
  EXPECT_FALSE(glob_matches("*" + megabytes + "b", label));
  EXPECT_FALSE(glob_matches(std::string(4'000'000, '?'), label));
  EXPECT_TRUE(glob_matches(std::string(4'000'000, '*') + "a", label));
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(glob_matches("*" + std::string(300, 'a') + "b", label));  // the worst one
}

TEST(AnyMatches, NoFilterTakesAll) {
  EXPECT_TRUE(any_matches({}, "x"));
  const std::vector<std::string> filters = {"a*", "b*"};
  EXPECT_TRUE(any_matches(filters, "bc"));
  EXPECT_FALSE(any_matches(filters, "cb"));
}

/// The filters that the index names for a row, and of those the ones that match it.
std::vector<std::size_t> found_by_index(const std::vector<std::string>& filters, std::string_view op,
                                        std::string_view case_name, std::string_view backend, std::string_view rest) {
  const FilterIndex index(filters);
  std::vector<std::size_t> found;
  for (const FilterIndex::Candidate* candidate : index.about(op, case_name))
    if (candidate->may_take(backend) &&
        glob_matches(filters[candidate->filter], fmt::format("{}/{}/{}/{}", op, case_name, backend, rest)))
      found.push_back(candidate->filter);
  std::sort(found.begin(), found.end());
  return found;
}

TEST(FilterIndex, LosesNoFilterThatMatches) {
  const std::vector<std::string> filters = {"op/a/first/f32/1",
                                            "op/a/first*",
                                            "op/a/*",
                                            "op/a*",
                                            "op/*/second/*",
                                            "o?/a/first/f32/1",
                                            "*",
                                            "*/first/*",
                                            "op/?/f*",
                                            "op/a/f",
                                            "op/a",
                                            "op",
                                            "",
                                            "/a/first/f32/1",
                                            "op/a/fi?st/f32/1",
                                            "op/b/first/*",
                                            "o*/a/*/*",
                                            "op//f*",
                                            "op/a/first/*",
                                            "*op/a/first/f32/1"};
  for (const std::string_view op : {"op", "oq", "other"})
    for (const std::string_view case_name : {"a", "b", "ab"})
      for (const std::string_view backend : {"first", "second", "firstborn"}) {
        const std::string label = fmt::format("{}/{}/{}/f32/1", op, case_name, backend);
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < filters.size(); ++i)
          if (glob_matches(filters[i], label)) all.push_back(i);
        EXPECT_EQ(found_by_index(filters, op, case_name, backend, "f32/1"), all) << label;
      }
}

TEST(FilterIndex, AsksOnlyTheFiltersThatCouldTakeACase) {
  std::vector<std::string> filters = {"*/scalar/*", "op7/*"};
  for (int op = 0; op < 50; ++op)
    for (int i = 0; i < 50; ++i) filters.push_back(fmt::format("op{}/case{}/mine.op{}.*/f32/1", op, i, op));
  const FilterIndex index(filters);
  const auto candidates = index.about("op7", "case3");
  ASSERT_EQ(candidates.size(), 3U);  // of 2502: its own, that of its operator, and the one with a star first
  EXPECT_EQ(filters[candidates[0]->filter], "op7/case3/mine.op7.*/f32/1");
  EXPECT_TRUE(candidates[0]->may_take("mine.op7.wrong"));
  EXPECT_FALSE(candidates[0]->may_take("mine.op8.wrong"));
  EXPECT_FALSE(index.empty());
  EXPECT_TRUE(FilterIndex({}).empty());
}

}  // namespace
}  // namespace assay::bench
