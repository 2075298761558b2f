// The mask of one padded image, and how a canvas is cut into blocks of rows: shared by padding_mask and nested_tensor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "backends/openmp/thresholds.h"

namespace assay::openmp {

/// The rows of a canvas in blocks of about as many bytes as thresholds.h says.
class RowBlocks {
 public:
  RowBlocks(std::int64_t rows, std::int64_t row_bytes)
      : rows_(rows),
        size_(std::clamp<std::int64_t>(thresholds.canvas_block / row_bytes, 1, std::max<std::int64_t>(rows, 1))),
        count_((rows + size_ - 1) / size_) {}

  std::int64_t count() const { return count_; }
  std::int64_t begin(std::int64_t block) const { return block * size_; }
  std::int64_t end(std::int64_t block) const { return std::min(rows_, (block + 1) * size_); }

 private:
  std::int64_t rows_, size_, count_;
};

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
