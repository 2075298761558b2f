// yolo_collate on images and targets worked out by hand, and what it refuses.
#include "reference/collation/yolo_collate.h"

#include <gtest/gtest.h>

#include <numeric>

namespace assay {
namespace {

using Op = YoloCollate;

/// A batch: the size of each image, whose pixels count from 100·(its number), and its targets, row by row.
struct Batch {
  std::vector<std::int64_t> sizes;
  std::vector<std::vector<double>> targets;
  std::vector<std::vector<double>> pixels = {};

  Op::Inputs<double> inputs() {
    Op::Inputs<double> in;
    for (std::size_t b = 0; b < sizes.size(); ++b) {
      pixels.emplace_back(static_cast<std::size_t>(3 * sizes[b] * sizes[b]));
      std::iota(pixels.back().begin(), pixels.back().end(), 100.0 * static_cast<double>(b));
      in.images.push_back({pixels.back().data(), {3, sizes[b], sizes[b]}});
    }
    for (const auto& own : targets) in.targets.push_back({own.data(), {static_cast<std::int64_t>(own.size() / 6), 6}});
    return in;
  }
};

struct Collated {
  std::vector<double> images, targets;
};

Collated collate(Batch batch, std::int64_t image_size) {
  const Op::Inputs<double> in = batch.inputs();
  const std::vector<Shape> shapes = Op::infer({image_size}, in);
  Collated made{std::vector<double>(static_cast<std::size_t>(shapes[0].elements())),
                std::vector<double>(static_cast<std::size_t>(shapes[1].elements()))};
  ErrorScale scale(2);
  Op::oracle({image_size}, in, {{made.images.data(), shapes[0]}, {made.targets.data(), shapes[1]}}, scale);
  return made;
}

std::string refusal(Batch batch, std::int64_t image_size) {
  try {
    Op::infer({image_size}, batch.inputs());
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(YoloCollate, ResizesByTheNearestRule) {
  const std::vector<double> images = collate({{3, 1}, {{}, {}}}, 2).images;
  // of three rows and columns the first and the second: floor(1 · 1.5) = 1
  EXPECT_EQ(images, (std::vector<double>{0,   1,   3,   4,   9,   10,  12,  13,  18,  19,  21,  22,  //
                                         100, 100, 100, 100, 101, 101, 101, 101, 102, 102, 102, 102}));
}

TEST(YoloCollate, TakesItsIndexInFloat32) {
  const std::vector<double> images = collate({{26}, {{}}}, 22).images;
  EXPECT_EQ(images[11], 12) << "exact integers give 13";
  EXPECT_EQ(images[11 * 22], 12 * 26);
}

TEST(YoloCollate, NumbersTargetsByTheirImageWithOrWithoutTargets) {
  const Batch batch{{1, 1, 1}, {{9, 1, 2, 3, 4, 5}, {}, {9, 10, 11, 12, 13, 14, 0, 20, 21, 22, 23, 24}}};
  EXPECT_EQ(collate(batch, 1).targets,
            (std::vector<double>{0, 1, 2, 3, 4, 5, 2, 10, 11, 12, 13, 14, 2, 20, 21, 22, 23, 24}));
  EXPECT_TRUE(collate({{1, 1}, {{}, {}}}, 1).targets.empty());
}

TEST(YoloCollate, CountsEachSampledPixelOnce) {
  Batch batch{{4, 2}, {{1, 2, 3, 4, 5, 6}, {}}};
  // 3 channels: 9 of 16 and 4 pixels read, 9 written of each; one target: 5 numbers read, 6 written
  EXPECT_EQ(Op::cost({3}, batch.inputs(), 4).bytes, 4 * (3 * (9 + 9 + 4 + 9) + 11));
}

TEST(YoloCollate, RefusesListsOfUnequalLength) {
  EXPECT_EQ(refusal({{2, 3}, {{1, 2, 3, 4, 5, 6}}}, 4),
            "yolo_collate: there are 2 images, but targets of 1; an image without any has targets of shape [0, 6]");
  EXPECT_EQ(refusal({{2}, {{}}}, 0), "yolo_collate: image_size is 0, but it must be positive");
  EXPECT_EQ(refusal({{2}, {{}}}, -3), "yolo_collate: image_size is -3, but it must be positive");
  EXPECT_EQ(refusal({{2}, {{}}}, 7), "(nothing was refused)");
}

}  // namespace
}  // namespace assay
