// What wrong kernels do to single values: a narrower format, fewer bits, another zero. Each is a function of a double,
// so that a table can name it.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "bench/planted/rounding.h"

namespace assay::bench::planted {

using Value = double (*)(double);

inline double same(double value) { return value; }

inline double tf32(double value) { return rounded(Format::tf32, value); }
inline double half(double value) { return rounded(Format::half, value); }
inline double bfloat16(double value) { return rounded(Format::bfloat16, value); }

/// The formats that ports pass values through although more was asked for.
struct NarrowFormat {
  std::string_view name, words;
  Value value;
};
inline constexpr NarrowFormat narrow_formats[] = {
    {"tf32", "TF32", tf32}, {"half", "float16", half}, {"bfloat16", "bfloat16", bfloat16}};

inline double in_8_bits(double value) { return std::fmod(value, 256); }
inline double plus_zero(double value) { return value + 0.0; }  // −0 becomes 0
inline double flushed(double value) { return std::abs(value) < FLT_MIN ? std::copysign(0.0, value) : value; }
inline double finite(double value) { return std::isinf(value) ? std::copysign(FLT_MAX, value) : value; }
inline double inverted(double truth) { return 1 - truth; }

/// The lanes of a 256-bit vector of float32.
inline constexpr std::int64_t vector_lanes = 8;

}  // namespace assay::bench::planted
