// box_cxcywh_to_xyxy on boxes worked by hand, and the refusal of boxes of another width.
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"

#include <gtest/gtest.h>

#include "reference/registry.h"

namespace assay {
namespace {

using Op = BoxCxcywhToXyxy;

TEST(BoxCxcywhToXyxy, HalvesTheExtentsAroundTheCentre) {
  const std::vector<double> boxes = {5, 3, 4, 2, 0, 0, 0, 0, 1, -2, -3, 8};
  std::vector<double> corners(12);
  ErrorScale scale(1);
  scale[0].resize(12);
  Op::oracle({}, {{boxes.data(), {3, 4}}}, Op::Outputs<double>{{corners.data(), {3, 4}}}, scale);
  EXPECT_EQ(corners, (std::vector<double>{3, 2, 7, 4, 0, 0, 0, 0, 2.5, -6, -0.5, 2}));
  EXPECT_EQ(scale[0], (std::vector<double>{7, 4, 7, 4, 0, 0, 0, 0, 2.5, 6, 2.5, 6}));
}

TEST(BoxCxcywhToXyxy, RefusesBoxesOfAnotherWidth) {
  const OperatorEntry& op = find_operator(Op::name);
  const TensorRef boxes{nullptr, DType::f32, {7, 5}};
  const Slot inputs[] = {{&boxes, 1}};
  try {
    infer(op, op.instances.front(), {}, inputs);
    FAIL() << "nothing was refused";
  } catch (const InvalidArgument& refused) {
    EXPECT_STREQ(refused.what(), "box_cxcywh_to_xyxy: input boxes has shape [7, 5], but extent 1 must be 4");
  }
}

}  // namespace
}  // namespace assay
