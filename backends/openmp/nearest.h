// The rule of nearest interpolation, which mask_downsample and yolo_collate share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace assay::openmp {

/// Which of `in` cells cell i of another size shows, `scale` being the float32 quotient of the sizes: torch's rule, in
/// float32 as there (aten/src/ATen/native/UpSample.h).
inline std::int64_t nearest_source(std::int64_t i, std::int64_t in, float scale) {
  return std::min(static_cast<std::int64_t>(std::floor(static_cast<float>(i) * scale)), in - 1);
}

/// The same for each of `out` cells.
inline std::vector<std::int64_t> nearest_sources(std::int64_t in, std::int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  std::vector<std::int64_t> source;
  for (std::int64_t i = 0; i < out; ++i) source.push_back(nearest_source(i, in, scale));
  return source;
}

}  // namespace assay::openmp
