// Image sizes that several operators' workloads share, each with where it comes from.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/recipe.h"

namespace assay::workloads {

using Sizes = std::vector<std::pair<std::int64_t, std::int64_t>>;  ///< (height, width) of each image of a batch

/// The smallest batch with padding: two images that differ in width alone.
inline Sizes seed_2img() { return {{200, 200}, {200, 250}}; }
/// Two COCO images after DETR's resize (short side 800, long side at most 1333).
inline Sizes coco_pair() { return {{800, 1066}, {800, 1199}}; }
/// Eight COCO images after DETR's resize; landscape and portrait mixed, as a shuffled loader gives them.
inline Sizes coco_mixed_b8() {
  return {{800, 1066}, {800, 1199}, {1066, 800}, {800, 1333}, {750, 1333}, {800, 1066}, {901, 800}, {800, 800}};
}
/// The largest landscape canvas of DETR's resize, beside a smaller image so that something is padded.
inline Sizes coco_max() { return {{800, 1333}, {750, 1000}}; }

/// The canvas that holds a batch: the maximum of each extent.
inline std::pair<std::int64_t, std::int64_t> canvas(const Sizes& sizes) {
  std::pair<std::int64_t, std::int64_t> most{0, 0};
  for (const auto& [height, width] : sizes) {
    if (height > most.first) most.first = height;
    if (width > most.second) most.second = width;
  }
  return most;
}

/// The source of all cases of DETR's batches.
inline constexpr std::string_view detr_batch =
    "DETR (facebookresearch/detr): COCO images resized to short side 800, long side at most 1333";

}  // namespace assay::workloads
