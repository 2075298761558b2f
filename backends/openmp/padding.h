// The mask of one padded image: shared by padding_mask and nested_tensor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace assay::openmp {

inline void fill_bytes(bool* to, bool value, std::int64_t count) {
  if (count > 0) std::memset(to, value ? 1 : 0, static_cast<std::size_t>(count));
}

/// Rows [begin, end) of the mask [H, W] of an image of height×width in its top left: true is padding.
inline void mark_padding(bool* mask, std::int64_t W, std::int64_t height, std::int64_t width, std::int64_t begin,
                         std::int64_t end) {
  const std::int64_t shown = std::clamp(height, begin, end);
  if (width == W) {
    fill_bytes(mask + begin * W, false, (shown - begin) * W);
  } else {
    for (std::int64_t y = begin; y < shown; ++y) {
      fill_bytes(mask + y * W, false, width);
      fill_bytes(mask + y * W + width, true, W - width);
    }
  }
  fill_bytes(mask + shown * W, true, (end - shown) * W);
}

}  // namespace assay::openmp
