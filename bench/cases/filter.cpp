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

namespace {

/// Takes the next part of a filter, up to its slash, if it spells one name out. A star may reach over slashes, so that
/// nothing is known of what follows one.
std::string take_name(std::string_view& filter) {
  const std::size_t slash = filter.find('/');
  const std::string_view part = filter.substr(0, slash);
  if (slash == std::string_view::npos || part.find_first_of("*?") != std::string_view::npos) {
    filter = {};
    return {};
  }
  filter.remove_prefix(slash + 1);
  return std::string(part);
}

}  // namespace

FilterIndex::FilterIndex(std::span<const std::string> filters) {
  for (std::size_t i = 0; i < filters.size(); ++i) {
    std::string_view rest = filters[i];
    std::string op = take_name(rest), case_name = take_name(rest);
    const std::string_view prefix = case_name.empty() ? std::string_view() : rest.substr(0, rest.find_first_of("*?/"));
    by_case_[{std::move(op), std::move(case_name)}].push_back({i, std::string(prefix)});
  }
}

std::vector<const FilterIndex::Candidate*> FilterIndex::about(std::string_view op, std::string_view case_name) const {
  std::vector<const Candidate*> candidates;
  const std::string op_name(op), name(case_name);
  for (const auto& key : {std::pair(op_name, name), std::pair(op_name, std::string()), {}}) {
    const auto found = by_case_.find(key);
    if (found == by_case_.end()) continue;
    for (const Candidate& candidate : found->second) candidates.push_back(&candidate);
  }
  return candidates;
}

}  // namespace assay::bench
