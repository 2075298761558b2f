// --filter: globs over operator/case/backend/dtype/threads.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::bench {

/// `*` matches any run of characters, `/` included; `?` any one.
bool glob_matches(std::string_view pattern, std::string_view text);

/// No filter takes all; otherwise any one suffices.
bool any_matches(std::span<const std::string> filters, std::string_view label);

/// Filters looked up by what they spell out: an operator and a case are compared once for each case, a backend's name
/// before a row is made. With filters that spell them out, a selection takes time in proportion to what it selects.
class FilterIndex {
 public:
  explicit FilterIndex(std::span<const std::string> filters);

  /// A filter that may take rows of a case, if the backend's name begins so; empty where a star may reach further.
  struct Candidate {
    std::size_t filter;
    std::string backend_prefix;
    bool may_take(std::string_view backend) const { return backend.starts_with(backend_prefix); }
  };

  /// All filters that can take a row of this case.
  std::vector<const Candidate*> about(std::string_view op, std::string_view case_name) const;
  bool empty() const { return by_case_.empty(); }

 private:
  /// By operator and case; an empty name where the filter does not spell it out.
  std::map<std::pair<std::string, std::string>, std::vector<Candidate>> by_case_;
};

}  // namespace assay::bench
