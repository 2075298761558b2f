// Sine, cosine and exponential in single precision as loops that become vector code: no branches, no tables, no calls,
// and bits moved with bit_cast. How good each is stands above it; simd_math_test.cpp holds them to it.
#pragma once

#include <bit>
#include <cstdint>

namespace assay::openmp {
namespace detail {

/// A bound that the compiler must not see through. GCC would otherwise evaluate all that follows a comparison with a
/// constant at that constant too, and choose between the two results behind every step: three times the instructions at
/// x86-64-v3 (measured with GCC 12).
inline float opaque(float bound) {
  const volatile float hidden = bound;
  return hidden;
}

/// Added to x, |x| < 2²², it leaves no bits for a fraction: what the sum's last bits hold is the integer nearest to x.
inline constexpr float round_to_integer = 0x1.8p23F;

struct SineCosine {
  float sine, cosine;
};

inline SineCosine sine_cosine(float angle, float one) {
  constexpr float two_over_pi = 0x1.45f306p-1F;
  const float shifted = angle * two_over_pi + round_to_integer;
  const float quarters = shifted - round_to_integer;
  const auto quadrant = std::bit_cast<std::uint32_t>(shifted);

  // π/2 in three parts (Cody and Waite 1980; twice those of Cephes sinf.c): the first has 8 bits and the second 11, so
  // that their products with up to 2¹³ quarter turns are exact.
  float rest = angle - quarters * 1.5703125F;
  rest -= quarters * 4.837512969970703125e-4F;
  rest -= quarters * 7.54978995489188216e-8F;
  // Beyond 2²² quarter turns this is noise of any size; within ±1 the polynomials still make a sine of it. NaN stays.
  rest = rest < -one ? -one : rest;
  rest = one < rest ? one : rest;

  // Minimax polynomials on ±π/4 of Cephes sinf.c (Moshier 1992).
  const float square = rest * rest;
  const float odd =
      ((-1.9515295891e-4F * square + 8.3321608736e-3F) * square - 1.6666654611e-1F) * (square * rest) + rest;
  const float even =
      ((2.443315711809948e-5F * square - 1.388731625493765e-3F) * square + 4.166664568298827e-2F) * (square * square) -
      0.5F * square + 1.0F;

  const bool swapped = (quadrant & 1) != 0;
  const auto sine = std::bit_cast<std::uint32_t>(swapped ? even : odd) ^ ((quadrant & 2) << 30);
  const auto cosine = std::bit_cast<std::uint32_t>(swapped ? odd : even) ^ (((quadrant + 1) & 2) << 30);
  return {std::bit_cast<float>(sine), std::bit_cast<float>(cosine)};
}

/// 16·eˣ for x ≤ 0; `lowest` is −91, where 16·2ⁿ becomes 0.
inline float exp_times_16(float x, float lowest) {
  x = x < lowest ? lowest : x;  // NaN stays
  // x = n·ln 2 + rest. The sum's last bits are n + 131, the biased exponent of 16·2ⁿ, and 0 at x = −91.
  constexpr float shift = round_to_integer + 131;
  const float shifted = x * 0x1.715476p+0F + shift;
  const float n = shifted - shift;
  const float scale = std::bit_cast<float>(std::bit_cast<std::uint32_t>(shifted) << 23);
  const float rest = x - n * 0x1.62e430p-1F;
  // (eʳ − 1)/r by a polynomial of degree 5 on ±ln 2/2 (Remez exchange, then a search among its float32 neighbours with
  // the first two coefficients held at 1 and 1/2): eʳ to 0.14·2⁻²⁴. Degree 4 leaves 1.9·2⁻²⁴ and saves 4 % of a
  // softmax.
  float p = 0x1.724ae8p-10F * rest + 0x1.129052p-7F;
  p = p * rest + 0x1.55515ep-5F;
  p = p * rest + 0x1.5554p-3F;
  p = p * rest + 0.5F;
  p = p * rest + 1.0F;
  return p * rest * scale + scale;
}

}  // namespace detail

/// sines[i·stride] and cosines[i·stride] of factor·angles[i]. Up to 10⁴ radians the error is at most 1.5 ulp of the
/// result and 2⁻²⁴ of the angle (its own rounding); however large the angle, the results are within ±1; infinity gives
/// NaN.
template <std::int64_t stride>
void sines_and_cosines(const float* angles, float factor, std::int64_t count, float* sines, float* cosines) {
  const float one = detail::opaque(1);
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const detail::SineCosine value = detail::sine_cosine(factor * angles[i], one);
    sines[i * stride] = value.sine;
    cosines[i * stride] = value.cosine;
  }
}

/// Replaces values[i] by 16·e^(values[i] − most) and returns their sum. No value may exceed `most`. The error is at
/// most 1.5 ulp and half an ulp of the exponent. Exponents below −90.5, −∞ among them, give 0 and hardly any a
/// subnormal number, on which CPUs are slow: the factor 16 makes room. NaN, and infinity less infinity, give NaN.
inline float exponentials_times_16(float* values, float most, std::int64_t count) {
  const float lowest = detail::opaque(-91);
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = detail::exp_times_16(values[i] - most, lowest);
    values[i] = value;
    sum += value;
  }
  return sum;
}

}  // namespace assay::openmp
