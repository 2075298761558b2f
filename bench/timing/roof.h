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

/// The bytes over the bandwidth of the fastest pattern at this working set and thread count, or the operations over the
/// peak of the best instruction set level, whichever takes longer. Wherever the probe has to be read between its
/// points, the faster neighbour counts, so that the time is a floor indeed. Buffers that are not in the caches (`cold`)
/// come at the speed of the largest working set. None where the case costs nothing, the threads are not the host's (0),
/// or the probe has nothing to say.
std::optional<Floor> floor_of(const Probe& probe, const Cost& cost, double working_set_bytes, int threads, DType dtype,
                              bool cold);

/// Whether a row reached a share of its roof that cannot be.
bool beyond_the_roof(double fraction);

/// Inputs and outputs of a case together.
double working_set_bytes(const BoundCase& bound, const TensorPack& inputs, std::span<const Shape> outputs);

/// Gives a timed row its roof_fraction and bound_by. A PASSED row beyond the roof becomes MISTRUSTED, with the numbers.
/// Where fewer bytes than the working set must be moved (a few cells of a large mask), those alone may stay in a nearer
/// cache, so the roof is that of so small a set.
void hold_against_roof(const Probe& probe, double working_set_bytes, DType dtype, bool cold, Row& row);

}  // namespace assay::bench
