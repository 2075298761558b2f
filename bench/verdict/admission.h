// Whether a case can fail: results that are surely wrong must be refused wherever they differ from the truth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::bench {

struct BoundCase;
struct Expectation;

struct Admission {
  /// The candidates that differ from the truth; each is refused. Empty for a case from which none differs, such as an
  /// all-zero mask: it can still fail on other mistakes, but must be named.
  std::vector<std::string_view> told_apart;
  std::string invalid;  ///< a candidate that differs and would pass; empty if there is none
};

/// Tries zeros, a constant, a copy of each input, the transposed truth, and the truth with the last entries of the
/// inputs left out.
Admission admit(const BoundCase& bound, const Expectation& expected);

}  // namespace assay::bench
