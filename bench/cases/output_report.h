// What a comparison found of one output: counts, worst errors and the first places that disagree. Tables and result
// files are made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/tensor.h"

namespace assay::bench {

/// One element that disagrees.
struct Place {
  Shape index;
  double got = 0, expected = 0, tolerance = 0;
};

/// Everything there is to say about one output of one run.
struct OutputReport {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  bool ok = false;
  std::int64_t elements = 0;     ///< held against the truth: all of the shape, or those of the sampled slices
  std::int64_t mismatches = 0;   ///< elements out of tolerance
  std::int64_t unspecified = 0;  ///< elements held to a range only: the operator or their tolerance leaves them open
  double max_abs = 0, max_rel = 0, max_ulp = 0;
  double max_error_ratio = 0;  ///< largest error as a share of its tolerance; 0 where bits must agree and do
  double nmse = 0;             ///< Σ(got − r)² / Σr²
  std::int64_t nan_got = 0, nan_expected = 0, inf_got = 0, inf_expected = 0;
  /// exact, f64, f32, tf32, bf16 or worse: the best class whose u keeps every error within c·u·S
  std::string precision_class;
  std::optional<Place> worst;  ///< the element that used most of its tolerance; none where every bit agreed
  std::vector<Place> places;   ///< the first ten that disagree
};

/// The index of the element that comes `element`-th in row-major order.
Shape index_of(std::int64_t element, const Shape& shape);
/// "encoding[0, 3, 1, 2] is 0.5, expected 0.25 (tolerance 1e-06)".
std::string describe(const std::string& output, const Place& place);
/// "3 of 64 elements of probs are wrong; the first: probs[0, 1] is 0.5, expected 0.25 (tolerance 1e-06)".
std::string describe_mismatches(const OutputReport& report);

}  // namespace assay::bench
