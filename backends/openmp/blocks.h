// Copies and fills for rows of a few dozen floats, where a call to memcpy or a loop's scalar tail costs more than the
// row itself: they work in whole blocks of 16 floats and so may read and write up to 15 floats past the row's end.
#pragma once

#include <algorithm>
#include <cstdint>

namespace assay::openmp {

inline constexpr std::int64_t block = 16;  ///< floats of the widest vector, and of a cache line

/// Floats that must lie behind a row that is handled in whole blocks.
inline constexpr std::int64_t block_slack = block - 1;

inline void copy_blocks(float* to, const float* from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += block) {
#pragma omp simd simdlen(16)
    for (std::int64_t lane = 0; lane < block; ++lane) to[i + lane] = from[i + lane];
  }
}

inline void fill_blocks(float* to, float value, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += block) {
#pragma omp simd simdlen(16)
    for (std::int64_t lane = 0; lane < block; ++lane) to[i + lane] = value;
  }
}

}  // namespace assay::openmp
