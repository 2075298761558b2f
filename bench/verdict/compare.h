// Holds the tensors of a result against the truth, element by element. Start with compare().
//
// An output with an ErrorBound must keep its Tolerance (tolerance.h). An output without one must agree bit for bit (−0
// is not 0), with NaN exactly where the oracle has NaN.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cases/output_report.h"
#include "reference/operator.h"

namespace assay::bench {

/// What the oracle gave for one set of inputs: the outputs, on the host, and the error scale of their elements.
struct Truth {
  TensorPack outputs;
  ErrorScale scale{0};
};

/// Holds `got` (host memory, the output's dtype) against the truth of output number `output`.
OutputReport compare(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output);

/// Holds a framework's float64 result of an inexact output against the truth, with the tolerance of a witness.
OutputReport compare_witness(const FieldInfo& field, const TensorRef& witness, const Truth& truth, std::size_t output);

/// Whether compare() would accept `value`, rounded to the output's dtype, as one element of the output.
bool accepts(const FieldInfo& field, double value, const Truth& truth, std::size_t output, std::int64_t element);

}  // namespace assay::bench
