// The oracle of shifted_window_mask on a map of four windows, and what it refuses.
#include "reference/window_attention/shifted_window_mask.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

using Op = ShiftedWindowMask;

std::vector<double> mask_of(const Op::Params& params) {
  const Shape shape = Op::infer(params, {})[0];
  std::vector<double> mask(static_cast<std::size_t>(shape.elements()), -1);
  ErrorScale scale(1);
  Op::oracle(params, {}, {{mask.data(), shape}}, scale);
  return mask;
}

std::string refusal(const Op::Params& params) {
  try {
    Op::infer(params, {});
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(ShiftedWindowMask, PartsTheRegionsOfAMapOf4x4) {
  constexpr double f = -100;
  const std::vector<double> expected = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   // nothing came round
                                        0, f, 0, f, f, 0, f, 0, 0, f, 0, f, f, 0, f, 0,   // the right column
                                        0, 0, f, f, 0, 0, f, f, f, f, 0, 0, f, f, 0, 0,   // the lower row
                                        0, f, f, f, f, 0, f, f, f, f, 0, f, f, f, f, 0};  // each token by itself
  EXPECT_EQ(mask_of({4, 4, 2, 2, 1, 1}), expected);
}

TEST(ShiftedWindowMask, PartsOneAxisAlone) {
  EXPECT_EQ(mask_of({4, 1, 2, 1, 1, 0, 3}), (std::vector<double>{0, 0, 0, 0, 0, 3, 3, 0}));
  EXPECT_EQ(mask_of({1, 6, 1, 2, 0, 0}), std::vector<double>(12, 0));
}

TEST(ShiftedWindowMask, OfOneWindowPartsWhatCameRound) {
  EXPECT_EQ(mask_of({1, 3, 1, 3, 0, 2, 7}), (std::vector<double>{0, 7, 7, 7, 0, 0, 7, 0, 0}));
}

TEST(ShiftedWindowMask, NamesTheParameterThatDoesNotFit) {
  EXPECT_EQ(refusal({10, 9, 3, 3, 1, 1}),
            "shifted_window_mask: height is 10, but it must be a multiple of window_h = 3");
  EXPECT_EQ(refusal({9, 10, 3, 3, 1, 1}),
            "shifted_window_mask: width is 10, but it must be a multiple of window_w = 3");
  EXPECT_EQ(refusal({9, 9, 3, 3, 3, 1}),
            "shifted_window_mask: shift_h is 3, but it must be at least 0 and less than window_h = 3");
  EXPECT_EQ(refusal({9, 9, 3, 3, 1, -1}),
            "shifted_window_mask: shift_w is -1, but it must be at least 0 and less than window_w = 3");
  EXPECT_EQ(refusal({9, 9, 0, 3, 0, 0}), "shifted_window_mask: window_h is 0, but it must be positive");
  EXPECT_EQ(refusal({0, 9, 3, 3, 0, 0}), "shifted_window_mask: height is 0, but it must be positive");
  constexpr std::int64_t many = std::int64_t{1} << 40;
  EXPECT_EQ(refusal({many, many, 1, 1, 0, 0}),
            "shifted_window_mask: a map of 1099511627776x1099511627776 has more tokens than can be addressed");
}

}  // namespace
}  // namespace assay
