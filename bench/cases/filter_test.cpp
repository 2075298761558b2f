// Globs.
#include "bench/cases/filter.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace assay::bench
