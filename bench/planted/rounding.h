// The number formats that ports pass values through although float32 was asked for.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace assay::bench::planted {

enum class Format : std::uint8_t { full, tf32, half, bfloat16 };

/// `value` rounded to nearest, ties to even, as the format would hold it; unchanged by `full`.
inline double rounded(Format format, double value) {
  if (format == Format::full || !std::isfinite(value) || value == 0) return value;
  const int bits = format == Format::bfloat16 ? 8 : 11;                 // of the significand, the leading one included
  const int smallest = format == Format::half ? -24 : -126 - bits + 1;  // exponent of the spacing of subnormal numbers
  int exponent = 0;
  std::frexp(value, &exponent);
  const double spacing = std::ldexp(1.0, std::max(exponent - bits, smallest));
  const double nearest = std::nearbyint(value / spacing) * spacing;
  constexpr double largest_half = 65504;
  const bool overflows = format == Format::half && std::abs(nearest) > largest_half;
  return overflows ? std::copysign(INFINITY, value) : nearest;
}

}  // namespace assay::bench::planted
