// The rule of nearest interpolation, which mask_downsample and yolo_collate share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace assay {

/// Which of `in` cells is shown by cell i of `out`: torch's upsample_nearest index
/// (aten/src/ATen/native/UpSample.h), in float32 as there. Exact integers differ on some extents (26→22, i = 11).
inline std::int64_t nearest_source(std::int64_t i, std::int64_t in, std::int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  return std::min(static_cast<std::int64_t>(std::floor(static_cast<float>(i) * scale)), in - 1);
}

}  // namespace assay
