// How many threads OpenMP grants. The CPU backends that compute with OpenMP tell the harness, so that a row never says
// more threads than there were.
#pragma once

#include <omp.h>

#include <map>

namespace assay {

/// Makes OpenMP keep to the count that is asked for, and returns how many threads a team of `threads` has: fewer under
/// OMP_THREAD_LIMIT. A team is forked once for each count, because its workers spin for a while after their work.
inline int openmp_team_of(int threads) {
  omp_set_dynamic(0);  // OMP_DYNAMIC lets the runtime give fewer whenever the machine is busy
  static std::map<int, int> known;
  const auto [granted, fresh] = known.try_emplace(threads, 1);
  if (!fresh || threads <= 1) return granted->second;
  int came = 1;
#pragma omp parallel num_threads(threads)
  {
#pragma omp single
    came = omp_get_num_threads();
  }
  return granted->second = came;
}

}  // namespace assay
