// Digests tell every changed byte, also in the last piece of a long tensor.
#include "bench/verdict/digest.h"

#include <gtest/gtest.h>

#include <set>

namespace assay::bench {
namespace {

Digests digests_of(std::vector<std::uint8_t>& bytes) {
  TensorPack pack(1);
  pack[0].push_back({bytes.data(), DType::u8, {static_cast<std::int64_t>(bytes.size())}});
  return digests(pack);
}

TEST(Digest, TellsEveryChangedByte) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{37}, std::size_t{64}, piece_bytes + 9}) {
    std::vector<std::uint8_t> bytes(size, 3);
    const Digests before = digests_of(bytes);
    for (std::size_t i = 0; i < size; i += size < 100 ? 1 : 997) {
      bytes[i] ^= 0x80;
      EXPECT_NE(digests_of(bytes), before) << i << " of " << size;
      bytes[i] ^= 0x80;
    }
    bytes.back() ^= 1;
    EXPECT_NE(digests_of(bytes), before) << "the last of " << size;
    bytes.back() ^= 1;
    EXPECT_EQ(digests_of(bytes), before);
  }
}

TEST(Digest, TellsPlacesAndLengthsApart) {
  std::set<Digests> seen;
  std::size_t all = 0;
  for (std::size_t size : {0, 1, 8, 32, 40}) {
    std::vector<std::uint8_t> bytes(size, 0);
    seen.insert(digests_of(bytes));
    ++all;
    for (std::size_t i = 0; i < size; ++i, ++all) {
      bytes[i] = 1;
      seen.insert(digests_of(bytes));
      bytes[i] = 0;
    }
  }
  EXPECT_EQ(seen.size(), all);
}

}  // namespace
}  // namespace assay::bench
