// A digest does not depend on how bytes come, and sees every one of them.
#include "bench/verdict/digest.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "bench/verdict/guard.h"

namespace assay::bench {
namespace {

std::vector<std::byte> some_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  fill_with_pattern(3, bytes.data(), 0, count);
  return bytes;
}

std::uint64_t digest_of(const std::vector<std::byte>& bytes) {
  Digest digest;
  digest.add(bytes.data(), bytes.size());
  return digest.value();
}

TEST(Digests, DoNotDependOnThePieces) {
  const std::vector<std::byte> bytes = some_bytes(1000);
  for (std::size_t piece = 1; piece < 100; ++piece) {
    Digest digest;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      digest.add(bytes.data() + at, std::min(piece, bytes.size() - at));
    EXPECT_EQ(digest.value(), digest_of(bytes)) << piece;
  }
}

TEST(Digests, SeeEveryByte) {
  for (const std::size_t count : {1U, 31U, 32U, 33U, 200U}) {
    std::vector<std::byte> bytes = some_bytes(count);
    const std::uint64_t before = digest_of(bytes);
    for (std::byte& byte : bytes) {
      byte ^= std::byte{1};
      EXPECT_NE(digest_of(bytes), before) << count;
      byte ^= std::byte{1};
    }
    EXPECT_EQ(digest_of(bytes), before);
  }
}

TEST(Digests, SeeTheLengthAndTheOrder) {
  std::set<std::uint64_t> seen;
  for (std::size_t count = 0; count < 100; ++count) seen.insert(digest_of(std::vector<std::byte>(count)));
  EXPECT_EQ(seen.size(), 100U) << "zeros of each length";
  std::vector<std::byte> swapped = some_bytes(64);
  const std::uint64_t before = digest_of(swapped);
  std::swap_ranges(swapped.begin(), swapped.begin() + 32, swapped.begin() + 32);
  EXPECT_NE(digest_of(swapped), before) << "two blocks";
  std::swap_ranges(swapped.begin(), swapped.begin() + 8, swapped.begin() + 8);
  EXPECT_NE(digest_of(swapped), before) << "two words of a block";
}

}  // namespace
}  // namespace assay::bench
