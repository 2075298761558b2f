// Guard pages: what is touched is noticed and named, on any thread, and what is not touched raises no alarm.
#include "bench/verdict/guard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace assay::bench {
namespace {

thread_local volatile std::byte sink;

TEST(GuardedBuffer, QuietWhereOnlyTheTensorIsWritten) {
  for (const std::size_t bytes : {0, 1, 7, 64, 4095, 4096, 4097, 100000})
    for (const Placement placement : placements) {
      GuardedBuffer buffer(bytes, 1, "output x");
      buffer.poison(1, placement);
      for (std::size_t i = 0; i < bytes; ++i) buffer.tensor()[i] = std::byte{1};
      EXPECT_EQ(buffer.trespass(), "") << bytes << " bytes " << name_of(placement);
    }
}

TEST(GuardedBuffer, LiesWhereThePlacementSays) {
  GuardedBuffer buffer(12, 4, "output x");
  const auto address = [&] { return reinterpret_cast<std::uintptr_t>(buffer.tensor()); };
  buffer.poison(1, Placement::at_end);
  EXPECT_EQ((address() + 12) % 4096, 0u);
  buffer.poison(1, Placement::at_start);
  EXPECT_EQ(address() % 4096, 0u);
  buffer.poison(1, Placement::odd);
  EXPECT_EQ(address() % 64, 4u);
}

TEST(GuardedBuffer, NamesWhatWasTouched) {
  GuardedBuffer buffer(12, 4, "output x");
  buffer.poison(1, Placement::at_end);
  sink = buffer.tensor()[12];
  EXPECT_EQ(buffer.trespass(), "it read beyond output x");
  buffer.poison(2, Placement::at_end);
  buffer.tensor()[5000] = std::byte{1};
  EXPECT_EQ(buffer.trespass(), "it wrote beyond output x");
  buffer.poison(3, Placement::at_start);
  sink = buffer.tensor()[-1];
  EXPECT_EQ(buffer.trespass(), "it read before output x");
  buffer.poison(4, Placement::at_start);
  EXPECT_EQ(buffer.trespass(), "") << "a guard is whole again after it was touched";
}

TEST(GuardedBuffer, NoticesWritesIntoThePatternAroundTheTensor) {
  GuardedBuffer buffer(12, 4, "output x");
  buffer.poison(1, Placement::odd);
  buffer.tensor()[-1] ^= std::byte{1};
  EXPECT_EQ(buffer.trespass(), "it wrote before output x");
  buffer.poison(1, Placement::odd);
  buffer.tensor()[12] ^= std::byte{1};
  EXPECT_EQ(buffer.trespass(), "it wrote beyond output x");
}

TEST(GuardedBuffer, IsReadOnlyOnceFilled) {
  GuardedBuffer buffer(3, 1, "input x");
  buffer.fill(1, Placement::at_end, "abc");
  EXPECT_EQ(std::memcmp(buffer.tensor(), "abc", 3), 0);
  EXPECT_EQ(buffer.trespass(), "");
  buffer.tensor()[0] = std::byte{'a'};  // even the value that was there
  EXPECT_EQ(buffer.trespass(), "it wrote to input x");
}

TEST(GuardedBuffer, NoticesOtherThreads) {
  GuardedBuffer buffer(8, 8, "output x");
  buffer.poison(1, Placement::at_end);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&, t] { sink = buffer.tensor()[8 + 4096 * t]; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(buffer.trespass(), "it read beyond output x");
}

TEST(GuardedBuffer, MayStillBeTouchedAfterItsEnd) {
  std::byte* tensor = nullptr;
  {
    GuardedBuffer buffer(8, 8, "output x");
    buffer.poison(1, Placement::at_end);
    tensor = buffer.tensor();
  }
  GuardedBuffer next(8, 8, "output y");
  next.poison(1, Placement::at_end);
  EXPECT_NE(next.tensor(), tensor);
  std::thread([&] { std::memset(tensor, 1, 8); }).join();  // a thread that a kernel left running
  EXPECT_EQ(next.trespass(), "");
}

TEST(GuardedBuffer, GivesBackTheAddressesOfManyOthers) {
  for (int i = 0; i < 10000; ++i) GuardedBuffer(8, 8, "output x").poison(1, Placement::at_end);  // 20 GB of addresses
}

TEST(Pattern, TellsEveryChangedByte) {
  std::vector<std::byte> bytes(37);
  fill_with_pattern(7, bytes.data(), 0, bytes.size());
  EXPECT_TRUE(holds_pattern(7, bytes.data(), 0, bytes.size()));
  EXPECT_FALSE(holds_pattern(8, bytes.data(), 0, bytes.size()));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] ^= std::byte{0x80};
    EXPECT_FALSE(holds_pattern(7, bytes.data(), 0, bytes.size())) << i;
    EXPECT_TRUE(holds_pattern(7, bytes.data(), 0, i)) << i;
    EXPECT_TRUE(holds_pattern(7, bytes.data(), i + 1, bytes.size())) << i;
    bytes[i] ^= std::byte{0x80};
  }
}

}  // namespace
}  // namespace assay::bench
