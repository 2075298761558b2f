// The rule of nearest interpolation, which mask_downsample and yolo_collate share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace assay::openmp {

/// Which of `in` cells each of `out` cells shows: torch's rule, in float32 as there
/// (aten/src/ATen/native/UpSample.h).
inline std::vector<std::int64_t> nearest_sources(std::int64_t in, std::int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  std::vector<std::int64_t> source;
  for (std::int64_t i = 0; i < out; ++i) {
    const auto nearest = static_cast<std::int64_t>(std::floor(static_cast<float>(i) * scale));
    source.push_back(std::min(nearest, in - 1));
  }
  return source;
}

}  // namespace assay::openmp
