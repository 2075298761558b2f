// The floating-point environment of a run: the rounding mode and the bits that flush subnormals to zero. A kernel that
// leaves them changed on any thread changes the results of every later one.
#pragma once

#include <string>

namespace assay::bench {

/// Sets the defaults on the calling thread and on the workers of its OpenMP team of `threads`. The process has one
/// OpenMP runtime, so these are the workers of every backend that computes with OpenMP. `threads` is 0 on a device.
void set_default_floating_point(int threads);

/// Which of these threads no longer has the defaults: "it changed the rounding mode or the flush-to-zero bits on worker
/// thread 3 and left them changed". Empty if all have them. All have them afterwards.
std::string floating_point_breach(int threads);

}  // namespace assay::bench
