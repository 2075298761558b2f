// Folding the bytes of a tensor into one number.
#include "bench/verdict/digest.h"

#include <array>
#include <cstring>

#include "reference/recipe.h"

namespace assay::bench {
namespace {

/// Each step is a bijection of the lane, so that one changed word always changes it.
void fold(std::uint64_t& lane, const std::byte* from, std::size_t count) {
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio, as in SplitMix64
  std::uint64_t word = 0;
  std::memcpy(&word, from, count);
  lane = (lane ^ word) * odd;
  lane ^= lane >> 32;
}

}  // namespace

void Digest::add(const std::byte* piece, std::size_t count) {
  constexpr std::size_t word = sizeof(std::uint64_t);
  std::array<std::uint64_t, 4> lanes = {1, 2, 3, 4};  // four do not wait for each other's products
  std::size_t i = 0;
  for (; i + lanes.size() * word <= count; i += lanes.size() * word)
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) fold(lanes[lane], piece + i + lane * word, word);
  for (; i < count; i += word) fold(lanes[0], piece + i, std::min(word, count - i));
  for (const std::uint64_t lane : lanes) state_ = random_bits(state_, lane);
}

Digests digests(const TensorPack& results) {
  Digests all;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TensorRef& tensor = results[i][0];
    const auto bytes = static_cast<std::size_t>(bytes_of(tensor));
    Digest digest(bytes);
    for_each_piece(bytes, [&](std::size_t first, std::size_t count) {
      digest.add(static_cast<const std::byte*>(tensor.data) + first, count);
    });
    all.push_back(digest.value());
  }
  return all;
}

}  // namespace assay::bench
