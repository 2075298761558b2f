// What a case takes of the machine's memory, in one place, and whether there is room for it. The harness asks before it
// allocates: a row without room is UNAVAILABLE, never FAILED.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "bench/cases/cases.h"
#include "reference/tensor.h"

namespace assay::bench {

/// The machine lacks what a row needs, memory or threads: the row is UNAVAILABLE. One sentence.
struct Unavailable : InvalidArgument {
  using InvalidArgument::InvalidArgument;
};

/// Bytes for the inputs of a case, widened too, and its truth, twice: a wrong candidate has a truth of its own.
double bytes_for_truth(const BoundCase& bound);
/// Bytes for one trial: inputs and outputs on the device, guarded copies of them, and results on the host.
double bytes_for_trial(const BoundCase& bound);
/// Bytes for a trial that is only run: no guarded copies.
double bytes_for_run(const BoundCase& bound);

/// Throws Unavailable, with both numbers, if fewer than `bytes` are left; `what` needs them: "its truth takes".
void require_memory(std::string_view what, double bytes);
/// For an allocation that failed all the same.
std::string memory_ran_out();

/// A thread that runs `body`. Unavailable if the machine grants no further one.
std::thread start_thread(std::function<void()> body);

}  // namespace assay::bench
