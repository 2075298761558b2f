// Folding the bytes of a tensor into one number.
#include "bench/verdict/digest.h"

#include <algorithm>
#include <cstring>

#include "reference/recipe.h"

namespace assay::bench {
namespace {

std::uint64_t digest(const TensorRef& tensor) {
  const auto* bytes = static_cast<const std::byte*>(tensor.data);
  const auto n = static_cast<std::size_t>(bytes_of(tensor));
  std::uint64_t state = n;
  for (std::size_t i = 0; i < n; i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, std::min(sizeof word, n - i));
    state = random_bits(state, word);
  }
  return state;
}

}  // namespace

Digests digests(const TensorPack& results) {
  Digests all;
  for (std::size_t i = 0; i < results.size(); ++i) all.push_back(digest(results[i][0]));
  return all;
}

}  // namespace assay::bench
