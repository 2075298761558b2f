// The roof over a case: how fast the machine of a probe could at best do what any implementation of it must.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bench/cases/cases.h"
#include "bench/cases/row.h"
#include "bench/machine/probe.h"
#include "reference/operator.h"

namespace assay::bench {

/// The least time of one call, and what sets it: "memory" or "compute".
struct Floor {
  double ns;
  std::string_view bound_by;
};

/// The larger of two times: the bytes over the bandwidth of the fastest pattern at this working set and thread count,
/// and the operations over the peak of the best instruction set level. Between two points of the probe the faster one
/// counts, so that no kernel can be faster. `cold` buffers have the bandwidth of the largest working set. Nothing if
/// the case costs nothing, if the row is a device's (0 threads), or if the probe has no measurement for it.
std::optional<Floor> floor_of(const Probe& probe, const Cost& cost, double working_set_bytes, int threads, DType dtype,
                              bool cold);

/// Whether a share of the roof is impossible: more than 105 %.
bool beyond_the_roof(double fraction);

/// Bytes of the inputs and outputs of a case together.
double working_set_bytes(const BoundCase& bound, const TensorPack& inputs, std::span<const Shape> outputs);

/// Gives a timed row its roof_fraction and bound_by. A PASSED row beyond the roof becomes MISTRUSTED, with the numbers.
/// If the case moves fewer bytes than its buffers hold (a few cells of a large mask), the bandwidth is that of the
/// smaller size.
void hold_against_roof(const Probe& probe, double working_set_bytes, DType dtype, bool cold, Row& row);

}  // namespace assay::bench
