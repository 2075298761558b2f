// The loops that the probe times, one table of them for each instruction set level. Each level is the same source,
// probe_kernels.cpp, compiled for it; this header is all that file sees of the project, and holds nothing that a linker
// could pick from the wrong level.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace assay::bench {

/// What buffers hold: word i after pass p is probe_first + p * probe_pass + i * probe_step, modulo 2^64. So no two
/// words of a line are equal and none is all zeros, for which some CPUs take short cuts (storing zeros ran at twice the
/// speed), and sums have a closed form to be held against. Any odd numbers would do for the factors.
constexpr uint64_t probe_first = 1;
constexpr uint64_t probe_pass = 0x9e3779b97f4a7c15;
constexpr uint64_t probe_step = 0xd1342543de82ef95;

/// All counts of words are multiples of this: eight vectors of the widest level.
constexpr size_t probe_granule = 64;

/// Buffers are aligned to a cache line. Each function is done `passes` times over, in one thread.
struct ProbeKernels {
  const char* isa;
  /// The sum of all words, times passes.
  uint64_t (*load)(const uint64_t* from, size_t words, uint64_t passes);
  /// Writes the words of passes 1 to `passes`, one after the other. `stream` goes around the caches where the CPU can.
  void (*store)(uint64_t* to, size_t words, uint64_t passes);
  void (*stream_store)(uint64_t* to, size_t words, uint64_t passes);
  void (*copy)(uint64_t* to, const uint64_t* from, size_t words, uint64_t passes);
  void (*stream_copy)(uint64_t* to, const uint64_t* from, size_t words, uint64_t passes);
  /// x = x * 1/2 + 1 in a number of independent chains that a run fills with distinct values; each pass is one step of
  /// all chains. Returns the chains' sum, which is 2 × chains after 64 passes and more.
  float (*multiply_add_f32)(uint64_t passes);
  double (*multiply_add_f64)(uint64_t passes);
  int chains_f32, chains_f64;
};

}  // namespace assay::bench
