// One number for each output, to compare results to the bit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "reference/tensor.h"

namespace assay::bench {

/// Long tensors are read, written and digested in pieces that stay in the caches.
inline constexpr std::size_t piece_bytes = std::size_t{64} << 10;

/// Calls `use(first, count)` for each piece of `bytes` bytes.
template <class Use>
void for_each_piece(std::size_t bytes, Use use) {
  for (std::size_t first = 0; first < bytes; first += piece_bytes) use(first, std::min(piece_bytes, bytes - first));
}

using Digests = std::vector<std::uint64_t>;

/// The digest of one tensor's bytes: add() gets its pieces in order.
class Digest {
 public:
  explicit Digest(std::size_t all_bytes) : state_(all_bytes) {}
  void add(const std::byte* piece, std::size_t count);
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_;
};

/// One for each output of `results` on the host.
Digests digests(const TensorPack& results);

}  // namespace assay::bench
