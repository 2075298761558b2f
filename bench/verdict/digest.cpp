// Blocks of 32 bytes, each a word for every chain.
#include "bench/verdict/digest.h"

#include <algorithm>
#include <cstring>

#include "reference/recipe.h"

namespace assay::bench {

void Digest::add_block(const std::byte* block) {
  std::array<std::uint64_t, lanes> words;
  std::memcpy(words.data(), block, block_bytes);
  for (std::size_t lane = 0; lane < lanes; ++lane) state_[lane] = random_bits(state_[lane], words[lane]);
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
    add_block(begun_.data());
  }
  for (; count >= block_bytes; bytes += block_bytes, count -= block_bytes) add_block(bytes);
  if (count != 0) std::memcpy(begun_.data(), bytes, count);
}

std::uint64_t Digest::value() const {
  Digest whole = *this;
  const std::size_t begun = count_ % block_bytes;
  std::fill(whole.begun_.begin() + static_cast<std::ptrdiff_t>(begun), whole.begun_.end(), std::byte{0});
  whole.add_block(whole.begun_.data());
  std::uint64_t digest = count_;
  for (const std::uint64_t state : whole.state_) digest = random_bits(digest, state);
  return digest;
}

}  // namespace assay::bench
