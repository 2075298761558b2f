// The rule of nearest interpolation, which mask_downsample and yolo_collate share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace assay::scalar {

/// floor(i·scale), at most in − 1; in float32. `scale` is the float32 quotient in/out.
inline std::int64_t nearest_source(std::int64_t i, float scale, std::int64_t in) {
  return std::min(static_cast<std::int64_t>(std::floor(static_cast<float>(i) * scale)), in - 1);
}

}  // namespace assay::scalar
