// Blocks of 32 bytes, each a word for every chain.
#include "bench/verdict/digest.h"

#include <algorithm>
#include <cstring>

#include "reference/recipe.h"

namespace assay::bench {

void Digest::add_blocks(const std::byte* blocks, std::size_t count) {
  const auto word = [](const std::byte* from) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, from, sizeof bits);
    return bits;
  };
  auto [a, b, c, d] = state_;  // in registers
  for (; count > 0; --count, blocks += block_bytes) {
    a = random_bits(a, word(blocks));
    b = random_bits(b, word(blocks + 8));
    c = random_bits(c, word(blocks + 16));
    d = random_bits(d, word(blocks + 24));
  }
  state_ = {a, b, c, d};
}

void Digest::add(const std::byte* bytes, std::size_t count) {
  const std::size_t begun = count_ % block_bytes;
  count_ += count;
  if (begun != 0) {
    const std::size_t missing = std::min(count, block_bytes - begun);
    std::memcpy(begun_.data() + begun, bytes, missing);
    bytes += missing;
    count -= missing;
    if (begun + missing < block_bytes) return;
    add_blocks(begun_.data(), 1);
  }
  add_blocks(bytes, count / block_bytes);
  const std::size_t rest = count % block_bytes;
  if (rest != 0) std::memcpy(begun_.data(), bytes + (count - rest), rest);
}

std::uint64_t Digest::value() const {
  Digest whole = *this;
  const std::size_t begun = count_ % block_bytes;
  std::fill(whole.begun_.begin() + static_cast<std::ptrdiff_t>(begun), whole.begun_.end(), std::byte{0});
  whole.add_blocks(whole.begun_.data(), 1);
  std::uint64_t digest = count_;
  for (const std::uint64_t state : whole.state_) digest = random_bits(digest, state);
  return digest;
}

}  // namespace assay::bench
