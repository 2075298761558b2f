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

#include "bench/cases/output_report.h"
#include "reference/operator.h"

namespace assay::bench {

/// The oracle's outputs on the host and how ill-conditioned they are. The truth for every backend.
struct Truth {
  TensorPack outputs;
  ErrorScale scale{0};
};

/// Asks the operator for the truth of one set of inputs, which have been widened.
Truth evaluate_oracle(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
                      Slots widened, std::span<const Shape> shapes);

/// Holds `got` (host memory) against the truth of output number `output`. `share` narrows every tolerance: the golden
/// witness has to agree within 1/64 of it. `got` has the operator's dtype or the oracle's.
OutputReport compare(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
                     double share = 1);

/// τ of one element of an output that has a bound.
double tolerance_at(const FieldInfo& field, const Truth& truth, std::size_t output, std::int64_t element);

/// Whether one value, rounded to the output's dtype, would do for one element; unspecified elements accept their range.
bool accepts(const FieldInfo& field, double value, const Truth& truth, std::size_t output, std::int64_t element);

/// Why this truth could not tell a right result from a wrong one; empty if it can. For an inexact output the largest
/// tolerance must stay below max |r| and the tolerances' RMS a hundred times below that of r.
std::string inadmissible(const FieldInfo& field, const Truth& truth, std::size_t output);

}  // namespace assay::bench
