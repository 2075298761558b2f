// The loops that the probe times, one table of them for each instruction set level. All levels are compiled from one
// source, probe_kernels.cpp. That file includes no other header of the project, and this header defines no function, so
// that the linker cannot pick code of the wrong level.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace assay::bench {

/// Word i of a buffer after pass p is probe_first + p * probe_pass + i * probe_step, modulo 2^64. No two words of a
/// line are equal and no line is all zeros: some CPUs store zeros at twice the speed. The sum has a closed form, which
/// checks the loops. The factors may be any odd numbers.
constexpr uint64_t probe_first = 1;
constexpr uint64_t probe_pass = 0x9e3779b97f4a7c15;
constexpr uint64_t probe_step = 0xd1342543de82ef95;

/// All counts of words are multiples of this: eight vectors of the widest level.
constexpr size_t probe_granule = 64;

/// Buffers are aligned to a cache line. Each function repeats its work `passes` times, in one thread.
struct ProbeKernels {
  const char* isa;
  /// The sum of all words, times passes.
  uint64_t (*load)(const uint64_t* from, size_t words, uint64_t passes);
  /// Writes the words of passes 1 to `passes`, in that order. `stream` uses non-temporal stores if the CPU has them.
  void (*store)(uint64_t* to, size_t words, uint64_t passes);
  void (*stream_store)(uint64_t* to, size_t words, uint64_t passes);
  void (*copy)(uint64_t* to, const uint64_t* from, size_t words, uint64_t passes);
  void (*stream_copy)(uint64_t* to, const uint64_t* from, size_t words, uint64_t passes);
  /// x = x * 1/2 + 1 in independent chains that start from distinct values; a pass is one step of all chains. Returns
  /// the sum of the chains, which is 2 × chains after 64 passes or more.
  float (*multiply_add_f32)(uint64_t passes);
  double (*multiply_add_f64)(uint64_t passes);
  int chains_f32, chains_f64;
};

}  // namespace assay::bench
