// What a case takes of the machine's memory, in one place, and whether there is room for it. The harness asks before it
// allocates: a row without room is UNAVAILABLE, never FAILED.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "bench/cases/cases.h"
#include "bench/cases/sample.h"
#include "reference/tensor.h"

namespace assay::bench {

/// The machine lacks what a row needs, memory or threads: the row is UNAVAILABLE. One sentence.
struct Unavailable : InvalidArgument {
  using InvalidArgument::InvalidArgument;
};

/// Results of more bytes than this are judged where they lie if that is host memory; smaller ones are copied first.
inline constexpr std::size_t most_bytes_copied = 64 << 20;

/// Bytes for the inputs of a case, and twice for what is made of them: widened inputs and truth. A wrong candidate has
/// inputs and a truth of its own, unless there is no activation to change. Of a sample only the slices count.
double bytes_for_truth(const BoundCase& bound, const std::optional<Sample>& sample = std::nullopt);
/// Bytes for one trial: inputs and outputs on the device, guarded copies of them, and the results that are copied to
/// the host to be judged, at most twice at a time.
double bytes_for_trial(const BoundCase& bound, const std::optional<Sample>& sample = std::nullopt, bool on_host = true);
/// Bytes for a trial that is only run: no guarded copies.
double bytes_for_run(const BoundCase& bound, bool on_host = true);

/// Whether so many bytes are left. Not asked for less than 32 MB: a small allocation that fails is caught.
bool has_room(double bytes);
/// Throws Unavailable, with both numbers, if fewer than `bytes` are left; `what` needs them: "its truth takes".
void require_memory(std::string_view what, double bytes);
/// For an allocation that failed all the same.
std::string memory_ran_out();

/// A thread that runs `body`. Unavailable if the machine grants no further one.
std::thread start_thread(std::function<void()> body);

}  // namespace assay::bench
