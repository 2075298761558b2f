// What a plan meets in use besides one call after the other: other buffers, other threads, other plans, a thousand
// calls. Each sequence gives the bits that the first run gave. Start with check_sequences().
#pragma once

#include <cstddef>

#include "bench/cases/cases.h"
#include "bench/cases/row.h"
#include "bench/verdict/digest.h"
#include "bench/verdict/expectation.h"
#include "bench/verdict/trial.h"

namespace assay::bench {

/// A row that has passed its first run.
struct Scene {
  const BoundCase& bound;
  const Expectation& expected;
  const Companion* companion;  ///< null without one
  Trial& trial;                ///< with inputs and a plan bound to them
  Row& row;
  const Digests& right;  ///< of the first run's results
};

/// The most bytes of inputs and outputs with which a plan is called many times. Each operator has some such case, and a
/// call takes about a microsecond there, or ten where the kernel is as slow as the oracle.
inline constexpr std::size_t most_bytes_of_many_calls = 1024;

/// Runs one sequence after the other until one fails: a second set of buffers, a new thread, another plan alive at
/// once. If the row is the first of its backend also two host threads at once, where the backend allows it, and a
/// thousand calls; they show nothing else at another thread count. A case that is not small is dear to run: it meets a
/// new thread and another plan, in the first row of each backend.
void check_sequences(const Scene& scene, bool first_of_backend);

}  // namespace assay::bench
