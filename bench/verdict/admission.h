// Whether a case can fail: its tolerances must tell right from wrong, and results that are surely wrong must be refused
// where they differ from the truth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/verdict/compare.h"

namespace assay::bench {

struct BoundCase;
struct Expectation;

/// Why the tolerances of output number `output` cannot tell right from wrong; empty if they can. An inexact output
/// needs max τ < max |r| and RMS(r) > 100·RMS(τ) (Tolerance::least_contrast). If that fails, the elements with τ ≥
/// RMS(r)/100 are left open in `truth.scale` and the others must meet it: one row of a softmax that is masked with −1e9
/// has τ of about 300, the rows beside it 1e-6.
///
/// A kernel gains nothing from an open element: the range it is held to is r ± τ, cut to the range that the operator
/// declares. The element only counts no more as evidence that the case can fail. So most elements must remain: the case
/// is no test if more than half of those that the operator specifies are left open.
std::string admit_tolerances(const FieldInfo& field, Truth& truth, std::size_t output);

/// A wrong result: its value for element `i` of an output.
using Candidate = std::function<double(std::size_t output, std::int64_t i)>;

/// Whether the operator's judge, which decides on whole results, refuses a candidate.
bool judge_refuses(const BoundCase& bound, const Expectation& expected, const Candidate& candidate);

struct Admission {
  /// The candidates that differ from the truth; each is refused. Empty for a case from which none differs, such as an
  /// all-zero mask: it can still fail on other mistakes, and verify names it.
  std::vector<std::string_view> told_apart;
  std::string invalid;  ///< names a candidate that differs and would pass; empty if there is none
};

/// Tries zeros, a constant, a copy of each input, the transposed truth, and the truth with the last entries of the
/// inputs left out. Of a sampled truth, and the inputs that it depends on, the same.
Admission admit(const BoundCase& bound, const Expectation& expected);

}  // namespace assay::bench
