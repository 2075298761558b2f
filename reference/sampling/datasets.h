// The datasets whose lengths the samplers' workloads have, and the seeds that the models' own training uses.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace assay::sampling {

struct Dataset {
  std::string_view name, source;
  std::int64_t length;
};

inline constexpr Dataset coco_train = {"coco_train", "DETR: the 118,287 training images of COCO 2017", 118287};
inline constexpr Dataset coco_val = {"coco_val", "DETR: the 5,000 validation images of COCO 2017", 5000};
inline constexpr Dataset imagenet_train = {"imagenet_train", "Swin: the 1,281,167 training images of ImageNet-1k",
                                           1281167};
inline constexpr Dataset imagenet_val = {"imagenet_val", "Swin: the 50,000 validation images of ImageNet-1k", 50000};

/// main.py of facebookresearch/detr, --seed.
inline constexpr std::int64_t detr_seed = 42;

/// Seeds that a narrow or signed integer changes. MT19937 takes the low 32 bits alone.
inline const std::vector<std::int64_t> drawn_seeds = {42,         0,           1,         -1,       0x7FFFFFFF,
                                                      0x80000000, 0x100000007, INT64_MAX, INT64_MIN};

}  // namespace assay::sampling
