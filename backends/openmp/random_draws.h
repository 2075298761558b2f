// Where the samplers' random numbers come from: MT19937 in blocks, for the orders that torch prescribes, and bits of a
// counter, for draws that threads share.
#pragma once

#include <cmath>
#include <cstdint>

namespace assay::openmp {

/// MT19937 (Matsumoto and Nishimura 1998), a whole state of draws at a time, so that its loops become vector code.
class MersenneTwister {
 public:
  static constexpr std::int64_t block = 624;

  explicit MersenneTwister(std::uint32_t seed) {
    state_[0] = seed;
    for (std::uint32_t k = 1; k < block; ++k) state_[k] = 1812433253U * (state_[k - 1] ^ (state_[k - 1] >> 30)) + k;
  }

  /// The next 624 draws; valid until the next call.
  const std::uint32_t* draw_block() {
    constexpr std::int64_t ahead = 397;
    const auto twisted = [](std::uint32_t upper, std::uint32_t lower) {
      const std::uint32_t word = (upper & 0x80000000U) | (lower & 0x7FFFFFFFU);
      return (word >> 1) ^ ((0U - (lower & 1)) & 0x9908B0DFU);
    };
#pragma omp simd safelen(16)
    for (std::int64_t k = 0; k < block - ahead; ++k) state_[k] = state_[k + ahead] ^ twisted(state_[k], state_[k + 1]);
#pragma omp simd safelen(16)
    for (std::int64_t k = block - ahead; k < block - 1; ++k)
      state_[k] = state_[k + ahead - block] ^ twisted(state_[k], state_[k + 1]);
    state_[block - 1] = state_[ahead - 1] ^ twisted(state_[block - 1], state_[0]);
#pragma omp simd
    for (std::int64_t k = 0; k < block; ++k) {
      std::uint32_t word = state_[k];
      word ^= word >> 11;
      word ^= (word << 7) & 0x9D2C5680U;
      word ^= (word << 15) & 0xEFC60000U;
      draws_[k] = word ^ (word >> 18);
    }
    return draws_;
  }

 private:
  std::uint32_t state_[block], draws_[block];
};

/// to[k] = draws[k] mod (divisor − k), for divisors of at most 2³¹ that stay above 0. By division in float64, whose
/// quotient of two such numbers is never rounded up to the next integer: they differ by at least 2⁻³¹ of it.
inline void remainders(const std::uint32_t* draws, std::int64_t divisor, std::int64_t count, std::int32_t* to) {
  const auto first = static_cast<std::int32_t>(divisor - 1);
#pragma omp simd
  for (std::int64_t k = 0; k < count; ++k) {
    // by a signed integer, for vectors of unsigned ones need AVX-512 to become float64
    const double draw = static_cast<double>(static_cast<std::int32_t>(draws[k] ^ 0x80000000U)) + 0x1p31;
    const double by = static_cast<double>(first - static_cast<std::int32_t>(k)) + 1;
    to[k] = static_cast<std::int32_t>(draw - std::floor(draw / by) * by);
  }
}

/// Reals in [0, 1) by seed and number, in any order: MurmurHash3's finaliser (Appleby 2011) over both.
class CounterDraws {
 public:
  explicit CounterDraws(std::int64_t seed) : key_(mixed(static_cast<std::uint64_t>(seed) ^ 0x5851F42D4C957F2D)) {}

  double operator[](std::int64_t number) const {
    const std::uint64_t bits = mixed(mixed(static_cast<std::uint64_t>(number) + key_) ^ key_);
    return static_cast<double>(bits >> 11) * 0x1p-53;
  }

 private:
  static std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 33)) * 0xFF51AFD7ED558CCD;
    bits = (bits ^ (bits >> 33)) * 0xC4CEB9FE1A85EC53;
    return bits ^ (bits >> 33);
  }

  std::uint64_t key_;
};

}  // namespace assay::openmp
