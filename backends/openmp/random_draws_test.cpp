// The generators in blocks against that of the standard library and against plain arithmetic.
#include "backends/openmp/random_draws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace assay::openmp {
namespace {

TEST(MersenneTwister, DrawsAsTheStandardLibraryDoes) {
  for (const std::uint32_t seed : {0U, 1U, 42U, 0x80000000U, 0xFFFFFFFFU}) {
    std::mt19937 expected(seed);
    MersenneTwister random(seed);
    for (int block = 0; block < 3; ++block) {
      const std::uint32_t* draws = random.draw_block();
      for (std::int64_t k = 0; k < MersenneTwister::block; ++k) ASSERT_EQ(draws[k], expected()) << seed << ", " << k;
    }
  }
}

TEST(Remainders, AreExact) {
  std::mt19937 random(1);
  constexpr std::int64_t count = 500;
  for (const std::int64_t divisor : {500LL, 501LL, 65537LL, 214748363LL, 1LL << 31}) {
    std::vector<std::uint32_t> draws(count);
    for (std::uint32_t& draw : draws) draw = static_cast<std::uint32_t>(random());
    for (std::size_t k = 0; k < count / 2; ++k) {  // multiples, and one less
      const std::int64_t by = divisor - static_cast<std::int64_t>(k);
      draws[k] = static_cast<std::uint32_t>(0xFFFFFFFF / by * by - static_cast<std::int64_t>(k % 2));
    }
    draws[count - 1] = 0xFFFFFFFF;
    draws[count - 2] = 0;
    std::vector<std::int32_t> got(count);
    remainders(draws.data(), divisor, count, got.data());
    for (std::int64_t k = 0; k < count; ++k)
      ASSERT_EQ(got[static_cast<std::size_t>(k)], draws[static_cast<std::size_t>(k)] % (divisor - k))
          << divisor << ", " << k;
  }
}

TEST(CounterDraws, LieBelowOneAndDifferBySeed) {
  double sum = 0;
  for (std::int64_t number = 0; number < 100000; ++number) {
    const double draw = CounterDraws(1)[number];
    ASSERT_TRUE(draw >= 0 && draw < 1);
    ASSERT_NE(draw, CounterDraws(2)[number]);
    sum += draw;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);  // 5 standard deviations
}

}  // namespace
}  // namespace assay::openmp
