// How the kernels share their work: parallel_for over tasks that do not depend on the number of workers, so that
// neither do the results, and Scratch, the memory a worker has to itself.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "backends/openmp/thresholds.h"

namespace assay::openmp {

/// The number of threads the user asked for; all of them until then.
inline int& thread_count() {
  static int count = omp_get_max_threads();
  return count;
}

/// Runs body(task, worker) for every task in [0, tasks), which move `bytes` together; `worker` is below thread_count().
template <class Body>
void parallel_for(std::int64_t tasks, std::int64_t bytes, const Body& body) {
  const std::int64_t useful = std::min(tasks, bytes / std::max<std::int64_t>(thresholds.worker, 1));
  const int workers = static_cast<int>(std::min<std::int64_t>(thread_count(), useful));
  if (workers <= 1) {  // even a team of one costs OpenMP 0.1 µs
    for (std::int64_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
#pragma omp parallel for num_threads(workers) schedule(static)
  for (std::int64_t task = 0; task < tasks; ++task) body(task, omp_get_thread_num());
}

/// Room for `count` floats for each worker, not initialised: pages that no worker touches are never committed. A plan
/// makes it at the thread count that it runs with.
class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(std::int64_t count)
      : stride_((static_cast<std::size_t>(count) + line - 1) / line * line),
        floats_(std::make_unique_for_overwrite<float[]>(stride_ * static_cast<std::size_t>(thread_count()))) {}

  float* operator[](int worker) const { return floats_.get() + stride_ * static_cast<std::size_t>(worker); }

 private:
  static constexpr std::size_t line = 32;  ///< floats of two cache lines, which prefetchers fetch together
  std::size_t stride_ = 0;
  std::unique_ptr<float[]> floats_;
};

}  // namespace assay::openmp
