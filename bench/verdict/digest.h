// A digest of bytes that come piece by piece: results of gigabytes are compared between runs without a copy of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::bench {

/// Equal bytes have equal digests, however they are cut into pieces. Different ones differ but for a chance of 2⁻⁶⁴;
/// accidents are the threat, not forgery.
class Digest {
 public:
  void add(const std::byte* bytes, std::size_t count);
  std::uint64_t value() const;

 private:
  // Four chains, since a step of one waits for the step before it: 8 GB/s where one chain gives 2.
  static constexpr std::size_t lanes = 4, block_bytes = lanes * sizeof(std::uint64_t);

  void add_blocks(const std::byte* blocks, std::size_t count);

  std::array<std::uint64_t, lanes> state_{};
  std::array<std::byte, block_bytes> begun_{};  ///< of a block that has not all come
  std::uint64_t count_ = 0;                     ///< bytes so far
};

using Digests = std::vector<std::uint64_t>;  ///< one for each output

}  // namespace assay::bench
