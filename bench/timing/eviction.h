// Emptying the caches between samples.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace assay::bench {

/// A buffer twice as large as the last-level cache; walking over it drives out whatever else was cached.
class Eviction {
 public:
  Eviction();
  /// Reads and writes all of it with so many threads, so that the private caches of their cores are emptied as well.
  void evict(int threads);
  std::size_t bytes() const { return buffer_.size() * sizeof(buffer_[0]); }

 private:
  std::vector<long> buffer_;
};

}  // namespace assay::bench
