// The glob of --filter on any pattern and text: the first line is the pattern, the rest the text. Accepted means
// matched.
#include <algorithm>
#include <array>

#include "bench/cases/filter.h"
#include "golden/fuzz/target.h"

namespace assay::fuzz {
namespace {

std::vector<std::string> seeds() {
  return {
      "",
      "*",
      "**\n",
      "?\n",
      "?\nx",
      "\nx",
      "a/b/c\na/b/c",
      "a/b/c\na/b/d",
      "*/openmp/*\npadding_mask/coco_pair/openmp/f32/1",
      "padding_mask/*/f32/?\npadding_mask/coco_pair/openmp/f32/1",
      "*a*b*c*\nxxaxxbxxcxx",
      "*a*b*c*\nxxaxxcxxbxx",
      "a*c\nabbbcd",
      "*?*?*?*\nab",
      "?*?\nab",
      "*a?c*\nxxabxabc",
      "*ab?ab*b\nababababab",
      "*a*a*a*a*a*a*a*a*a*ab\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "*\xff?\n\xff\xfe\xff",
  };
}

constexpr std::array<std::string_view, 12> words = {
    "*", "**", "?", "*?", "?*", "/", "\n", "*a", "a*", "ab", "aaa", "padding_mask/coco_pair/openmp/f32/1"};

/// The meaning of a glob, letter by letter: `ways[t]` tells whether what is read of the pattern matches the first t
/// characters of the text. Takes pattern × text steps whatever they are.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  std::vector<bool> ways(text.size() + 1, false);
  ways[0] = true;
  for (const char c : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    if (c == '*') next[0] = ways[0];
    for (std::size_t t = 1; t <= text.size(); ++t)
      next[t] = c == '*' ? ways[t] || next[t - 1] : ways[t - 1] && (c == '?' || c == text[t - 1]);
    ways = next;
  }
  return ways[text.size()];
}

bool accepts(std::string_view input) {
  using bench::glob_matches;
  const std::size_t line = std::min(input.find('\n'), input.size());
  const std::string_view pattern = input.substr(0, line), text = input.substr(std::min(line + 1, input.size()));
  const bool matched = glob_matches(pattern, text);
  require(matched == matches_by_definition(pattern, text), "a match is not what the pattern means");

  const std::string stars(pattern.size() + 1, '*');
  require(glob_matches(stars, text), "stars do not match everything");
  require(glob_matches(std::string(text.size(), '?'), text), "as many question marks do not match a text");
  require(!glob_matches(std::string(text.size() + 1, '?'), text), "more question marks match a text");
  require(glob_matches("*" + std::string(text) + "*", text), "a text between stars does not match itself");
  if (text.find_first_of("*?") == std::string_view::npos)
    require(glob_matches(text, text), "a text without special characters does not match itself");

  const std::vector<std::string> filters = {std::string(pattern)};
  require(bench::any_matches(filters, text) == matched, "a filter alone does not decide");
  require(bench::any_matches({}, text), "no filter does not take all");
  return matched;
}

}  // namespace

const Target target = {seeds, words, nullptr, accepts};

}  // namespace assay::fuzz
