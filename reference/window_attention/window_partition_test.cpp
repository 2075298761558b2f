// The oracles of window_partition and window_reverse on maps whose elements count their places, and what they refuse.
#include "reference/window_attention/window_partition.h"

#include <gtest/gtest.h>

#include <numeric>

#include "reference/window_attention/window_reverse.h"

namespace assay {
namespace {

std::vector<double> counted(const Shape& shape) {
  std::vector<double> elements(static_cast<std::size_t>(shape.elements()));
  std::iota(elements.begin(), elements.end(), 0);
  return elements;
}

std::vector<double> partitioned(const Shape& x, const WindowPartition::Params& params) {
  const std::vector<double> map = counted(x);
  const WindowPartition::Inputs<double> in{{map.data(), x}};
  const Shape shape = WindowPartition::infer(params, in)[0];
  std::vector<double> windows(static_cast<std::size_t>(shape.elements()), -1);
  ErrorScale scale(1);
  WindowPartition::oracle(params, in, {{windows.data(), shape}}, scale);
  return windows;
}

std::vector<double> reversed(const std::vector<double>& windows, const Shape& given,
                             const WindowReverse::Params& params) {
  const WindowReverse::Inputs<double> in{{windows.data(), given}};
  const Shape shape = WindowReverse::infer(params, in)[0];
  std::vector<double> map(static_cast<std::size_t>(shape.elements()), -1);
  ErrorScale scale(1);
  WindowReverse::oracle(params, in, {{map.data(), shape}}, scale);
  return map;
}

template <class Op>
std::string refusal(const typename Op::Params& params, const Shape& shape) {
  try {
    Op::infer(params, {{nullptr, shape}});
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(WindowPartition, CutsRowByRow) {
  EXPECT_EQ(partitioned({1, 2, 6, 1}, {2, 3, 0, 0}), (std::vector<double>{0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11}));
}

TEST(WindowPartition, RollsUpAndToTheLeft) {
  // rolled: 5 3 4 / 2 0 1
  EXPECT_EQ(partitioned({1, 2, 3, 1}, {2, 3, 1, 2}), (std::vector<double>{5, 3, 4, 2, 0, 1}));
  EXPECT_EQ(partitioned({1, 4, 1, 1}, {2, 1, 1, 0}), (std::vector<double>{1, 2, 3, 0}));
}

TEST(WindowPartition, KeepsImagesAndChannelsTogether) {
  EXPECT_EQ(partitioned({2, 1, 2, 3}, {1, 1, 0, 0}), counted({12}));
  EXPECT_EQ(partitioned({2, 1, 2, 2}, {1, 2, 0, 1}), (std::vector<double>{2, 3, 0, 1, 6, 7, 4, 5}));
}

TEST(WindowPartition, NamesWhatDoesNotFit) {
  EXPECT_EQ(refusal<WindowPartition>({3, 2, 0, 0}, {2, 10, 4, 5}),
            "window_partition: height is 10, but it must be a multiple of window_h = 3");
  EXPECT_EQ(refusal<WindowPartition>({2, 2, 0, 2}, {2, 10, 4, 5}),
            "window_partition: shift_w is 2, but it must be at least 0 and less than window_w = 2");
}

TEST(WindowReverse, UndoesThePartition) {
  const Shape x{3, 6, 10, 2};
  EXPECT_EQ(reversed(partitioned(x, {3, 5, 2, 3}), {12, 3, 5, 2}, {6, 10, 3, 5, 2, 3}), counted(x));
  EXPECT_EQ(reversed(partitioned(x, {2, 10, 1, 0}), {9, 2, 10, 2}, {6, 10, 2, 10, 1, 0}), counted(x));
}

TEST(WindowReverse, RollsDownAndToTheRight) {
  EXPECT_EQ(reversed({0, 1, 2, 3, 4, 5}, {1, 2, 3, 1}, {2, 3, 2, 3, 1, 2}), (std::vector<double>{4, 5, 3, 1, 2, 0}));
}

TEST(WindowReverse, NamesWhatDoesNotFit) {
  EXPECT_EQ(refusal<WindowReverse>({4, 6, 2, 3, 0, 0}, {8, 2, 2, 5}),
            "window_reverse: input windows has shape [8, 2, 2, 5], but windows of 2x3 are needed");
  EXPECT_EQ(
      refusal<WindowReverse>({4, 6, 2, 3, 0, 0}, {7, 2, 3, 5}),
      "window_reverse: input windows has shape [7, 2, 3, 5], whose 7 windows are not a multiple of the 4 of a 4x6 "
      "map");
  EXPECT_EQ(refusal<WindowReverse>({4, 7, 2, 3, 0, 0}, {8, 2, 3, 5}),
            "window_reverse: width is 7, but it must be a multiple of window_w = 3");
}

}  // namespace
}  // namespace assay
