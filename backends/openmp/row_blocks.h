// How a canvas, or what else consists of rows, is cut into the blocks that tasks take.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backends/openmp/thresholds.h"

namespace assay::openmp {

/// Rows in blocks of about as many bytes as thresholds.h says.
class RowBlocks {
 public:
  RowBlocks(std::int64_t rows, std::int64_t row_bytes)
      : rows_(rows),
        size_(std::clamp<std::int64_t>(thresholds.canvas_block / row_bytes, 1, std::max<std::int64_t>(rows, 1))),
        count_((rows + size_ - 1) / size_) {}

  std::int64_t count() const { return count_; }
  std::int64_t begin(std::int64_t i) const { return i * size_; }
  std::int64_t end(std::int64_t i) const { return std::min(rows_, (i + 1) * size_); }

 private:
  std::int64_t rows_, size_, count_;
};

}  // namespace assay::openmp
