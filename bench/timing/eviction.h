// Emptying the host's caches between samples, for --cache cold. A device empties its own.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace assay::bench {

/// A buffer twice as large as the last-level cache; writing all of it replaces everything else in the caches.
class Eviction {
 public:
  Eviction();
  /// Reads and writes all of it with `threads` threads, so that the private caches of their cores are emptied too.
  void evict(int threads);
  std::size_t bytes() const { return buffer_.size() * sizeof(buffer_[0]); }

 private:
  std::vector<long> buffer_;
};

}  // namespace assay::bench
