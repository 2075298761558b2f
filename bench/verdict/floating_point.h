// The floating-point environment of a run: the rounding mode and the bits that flush subnormals to zero. A kernel that
// leaves them changed on any thread changes the results of every later one.
#pragma once

#include <string>

namespace assay::bench {

/// Sets the defaults on the calling thread and on the workers of its OpenMP team of `threads`. The process has one
/// OpenMP runtime, so these are the workers of every backend that computes with OpenMP. `threads` is 0 on a device.
void set_default_floating_point(int threads);

/// "it changed the rounding mode or the flush-to-zero bits and left them changed" if the calling thread no longer has
/// the defaults; empty if it has. It has them afterwards.
std::string floating_point_breach();

/// The same of the workers: "… on worker thread 3 …". To ask them costs a team's fork, tens of microseconds where they
/// are more than the CPUs.
std::string floating_point_breach_of_workers(int threads);

}  // namespace assay::bench
