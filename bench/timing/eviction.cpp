// Walking over more memory than the caches hold.
#include "bench/timing/eviction.h"

#include <benchmark/benchmark.h>

#include <algorithm>

namespace assay::bench {
namespace {

/// Twice the largest cache; where a virtual machine shows its host's, no more than half a gigabyte.
std::size_t eviction_bytes() {
  constexpr std::size_t least = std::size_t{64} << 20, most = std::size_t{512} << 20;
  std::size_t largest = 0;
  for (const auto& cache : benchmark::CPUInfo::Get().caches)
    largest = std::max(largest, static_cast<std::size_t>(cache.size));
  return std::clamp(2 * largest, least, most);
}

}  // namespace

Eviction::Eviction() : buffer_(eviction_bytes() / sizeof(long), 1) {}

void Eviction::evict(int threads) {
  const auto n = static_cast<std::ptrdiff_t>(buffer_.size());
  long* data = buffer_.data();
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::ptrdiff_t i = 0; i < n; ++i) data[i] += i;
}

}  // namespace assay::bench
