// The random order against torch's own numbers, and the samplers that rest on it.
#include "reference/sampling/random_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "reference/sampling/random_sampler.h"
#include "reference/sampling/sequential_sampler.h"
#include "reference/sampling/subset_random_sampler.h"

namespace assay {
namespace {

using Order = std::vector<std::int64_t>;

template <class Refused>
std::string message_of(const Refused& refused) {
  try {
    refused();
  } catch (const InvalidArgument& problem) {
    return problem.what();
  }
  return "(nothing was refused)";
}

TEST(RandomOrder, IsThatOfTorch) {
  // torch 2.11: torch.randperm(n, generator=torch.Generator().manual_seed(seed))
  EXPECT_EQ(sampling::random_order(5, 0), (Order{4, 0, 1, 3, 2}));
  EXPECT_EQ(sampling::random_order(5, 1), (Order{0, 4, 2, 3, 1}));
  EXPECT_EQ(sampling::random_order(8, 42), (Order{6, 3, 0, 7, 2, 1, 4, 5}));
  EXPECT_EQ(sampling::random_order(3, 0), (Order{2, 0, 1}));
  EXPECT_EQ(sampling::random_order(1, 7), (Order{0}));
  EXPECT_EQ(sampling::random_order(0, 7), Order{});
}

TEST(RandomOrder, TakesTheLow32BitsOfASeed) {
  EXPECT_EQ(sampling::random_order(31, 0x500000007), sampling::random_order(31, 7));
  EXPECT_EQ(sampling::random_order(31, -1), sampling::random_order(31, 0xFFFFFFFF));
  EXPECT_NE(sampling::random_order(31, 0x80000000), sampling::random_order(31, 0));
}

TEST(RandomOrder, DrawsFromTheGeneratorOfTheStandardLibrary) {
  // beyond 624 draws, the words of a state
  constexpr std::int64_t n = 3000;
  std::mt19937 random(5489);
  Order order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = 0; i + 1 < n; ++i) std::swap(order[i], order[i + random() % (n - i)]);
  EXPECT_EQ(sampling::random_order(n, 5489), order);
}

TEST(RandomOrder, DrawsTwiceForEachPlaceOfLongOnes) {
  constexpr std::int64_t n = 1000;
  std::mt19937 random(3);
  Order order(n);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t upper = random();
    std::swap(order[i], order[(upper << 32 | random()) % (i + 1)]);
  }
  EXPECT_EQ(sampling::random_order(n, 3, n), order);
  EXPECT_NE(sampling::random_order(n, 3, n + 1), order);
}

TEST(SequentialSampler, CountsFromZero) {
  Order indices(4, -1);
  ErrorScale scale(1);
  SequentialSampler::oracle({4}, {}, {{indices.data(), {4}}}, scale);
  EXPECT_EQ(indices, (Order{0, 1, 2, 3}));
}

TEST(SequentialSampler, RefusesANegativeLengthAndTakesNone) {
  EXPECT_EQ(message_of([] { SequentialSampler::infer({-1}, {}); }),
            "sequential_sampler: length is -1, but a dataset must not have a negative length");
  EXPECT_EQ(SequentialSampler::infer({0}, {})[0], Shape{0});
}

TEST(RandomSampler, IsARandomOrder) {
  Order indices(5, -1);
  ErrorScale scale(1);
  RandomSampler::oracle({5, 1}, {}, {{indices.data(), {5}}}, scale);
  EXPECT_EQ(indices, (Order{0, 4, 2, 3, 1}));
  EXPECT_EQ(message_of([] {
              RandomSampler::infer({-5, 1}, {});
            }),
            "random_sampler: length is -5, but a dataset must not have a negative length");
}

TEST(SubsetRandomSampler, GivesTheSubsetsOwnIndices) {
  const Order subset = {50, -3, 50, 7, 1};
  Order indices(5, -1);
  ErrorScale scale(1);
  SubsetRandomSampler::oracle({0}, {{subset.data(), {5}}}, {{indices.data(), {5}}}, scale);
  EXPECT_EQ(indices, (Order{1, 50, -3, 7, 50}));
}

}  // namespace
}  // namespace assay
