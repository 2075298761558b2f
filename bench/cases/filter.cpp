// Glob matching in constant space, without recursion. However long a pattern is, no more than its stars are looked at
// besides |text|² / 4 comparisons, and a text is a label: at most two names of 255 characters and a few more.
#include "bench/cases/filter.h"

#include <algorithm>

namespace assay::bench {

bool glob_matches(std::string_view pattern, std::string_view text) {
  const auto stars = static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '*'));
  if (pattern.size() - stars > text.size()) return false;  // each of the others takes one character
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;  // let the last star take one character more
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool any_matches(std::span<const std::string> filters, std::string_view label) {
  return filters.empty() ||
         std::any_of(filters.begin(), filters.end(), [&](const std::string& f) { return glob_matches(f, label); });
}

}  // namespace assay::bench
