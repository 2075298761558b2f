// How a result is judged: every element against the oracle's value and its own tolerance. Start with compare().
//
//     |got − r| ≤ c·u·S + tiny      u = 2⁻²⁴ for f32, 2⁻⁵³ for f64; tiny = 2⁻¹²⁴; S the oracle's error scale
//
// An output without a bound must agree bit for bit (−0 is not 0), with NaN exactly where the oracle has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/operator.h"

namespace assay {

/// The oracle's outputs on the host and how ill-conditioned they are. The truth for every backend.
struct Truth {
  TensorPack outputs;
  ErrorScale scale{0};
};

/// Asks the operator for the truth of one set of inputs.
Truth evaluate_oracle(const OperatorInstance& instance, std::span<const Scalar> params, Slots inputs,
                      std::span<const Shape> shapes);

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
  std::int64_t elements = 0;
  std::int64_t mismatches = 0;   ///< elements out of tolerance
  std::int64_t unspecified = 0;  ///< elements the operator leaves open; held to their range only
  double max_abs = 0, max_rel = 0, max_ulp = 0;
  double max_error_ratio = 0;  ///< largest error as a share of its tolerance; 0 where bits must agree and do
  double nmse = 0;             ///< Σ(got − r)² / Σr²
  std::int64_t nan_got = 0, nan_expected = 0, inf_got = 0, inf_expected = 0;
  std::string_view
      precision_class;  ///< exact, f64, f32, tf32, bf16 or worse: the best whose u keeps every error within c·u·S
  std::optional<Place> worst;  ///< the element that used most of its tolerance; none where every bit agreed
  std::vector<Place> places;   ///< the first ten that disagree
};

/// Holds `got` (host memory) against the truth of output number `output`. `share` narrows every tolerance: the golden
/// witness has to agree within 1/64 of it. `got` has the operator's dtype or the oracle's.
OutputReport compare(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
                     double share = 1);

/// Whether one value, rounded to the output's dtype, would do for one element; unspecified elements accept their range.
bool accepts(const FieldInfo& field, double value, const Truth& truth, std::size_t output, std::int64_t element);

/// Why this truth could not tell a right result from a wrong one; empty if it can. For an inexact output the largest
/// tolerance must stay below max |r| and the tolerances' RMS a hundred times below that of r.
std::string inadmissible(const FieldInfo& field, const Truth& truth, std::size_t output);

/// "encoding[0, 3, 1, 2] is 0.5, expected 0.25 (tolerance 1e-06)".
std::string describe(const std::string& output, const Place& place);
/// The first place that disagrees, in one phrase.
std::string describe_first(const OutputReport& report);

}  // namespace assay
