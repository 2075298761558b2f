// learned_position_encoding on tables worked out by hand, and what it refuses.
#include "reference/position_encoding/learned_position_encoding.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

using Op = LearnedPositionEncoding;

Op::Inputs<double> tables(const Shape& row_embed, const Shape& col_embed) {
  return {{nullptr, row_embed}, {nullptr, col_embed}};
}

std::string refusal(const Op::Params& params, const Op::Inputs<double>& in) {
  try {
    Op::infer(params, in);
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(LearnedPositionEncoding, HasColumnsFirstThenRows) {
  const std::vector<double> row_embed = {10, 20, 11, 21, 12, 22};  // three rows, of which two are shown
  const std::vector<double> col_embed = {1, 5, 2, 6, 3, 7, 4, 8};  // four columns, of which three are shown
  const Op::Inputs<double> in{{row_embed.data(), {3, 2}}, {col_embed.data(), {4, 2}}};
  const Op::Params params{2, 2, 3};
  const Shape shape = Op::infer(params, in)[0];
  EXPECT_EQ(shape, (Shape{2, 4, 2, 3}));
  std::vector<double> encoding(48);
  ErrorScale scale(1);
  Op::oracle(params, in, {{encoding.data(), shape}}, scale);
  const std::vector<double> image = {1,  2,  3,  1,  2,  3,  5,  6,  7,  5,  6,  7,  //
                                     10, 10, 10, 11, 11, 11, 20, 20, 20, 21, 21, 21};
  EXPECT_EQ(std::vector<double>(encoding.begin(), encoding.begin() + 24), image);
  EXPECT_EQ(std::vector<double>(encoding.begin() + 24, encoding.end()), image) << "all images have the same";
  EXPECT_EQ(Op::cost(params, in, 4).bytes, 4 * ((2 + 3) * 2 + 48));
}

TEST(LearnedPositionEncoding, RefusesAMapLargerThanItsTables) {
  EXPECT_EQ(
      refusal({1, 51, 50}, tables({50, 4}, {50, 4})),
      "learned_position_encoding: height is 51, but input row_embed has shape [50, 4]: only 50 of them are known");
  EXPECT_EQ(refusal({1, 5, 8}, tables({50, 4}, {7, 4})),
            "learned_position_encoding: width is 8, but input col_embed has shape [7, 4]: only 7 of them are known");
  EXPECT_EQ(refusal({0, 5, 8}, tables({50, 4}, {50, 4})),
            "learned_position_encoding: batch is 0, but it must be positive");
  EXPECT_EQ(refusal({1, -1, 8}, tables({50, 4}, {50, 4})),
            "learned_position_encoding: height is -1, but it must be positive");
  EXPECT_EQ(refusal({1, 1, 0}, tables({50, 4}, {50, 4})),
            "learned_position_encoding: width is 0, but it must be positive");
  EXPECT_EQ(refusal({1, 50, 7}, tables({50, 4}, {7, 4})), "(nothing was refused)");
}

}  // namespace
}  // namespace assay
