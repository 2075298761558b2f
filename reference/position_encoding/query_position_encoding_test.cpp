// query_position_encoding on points worked out by hand, and what it refuses.
#include "reference/position_encoding/query_position_encoding.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay {
namespace {

using Op = QueryPositionEncoding;

struct Encoded {
  std::vector<double> encoding, scale;
};

Encoded encode(const Op::Params& params, const Shape& shape, const std::vector<double>& pos) {
  const Op::Inputs<double> in{{pos.data(), shape}};
  const Shape out = Op::infer(params, in)[0];
  const auto elements = static_cast<std::size_t>(out.elements());
  Encoded made{std::vector<double>(elements), {}};
  ErrorScale scale(1);
  scale[0].resize(elements);
  Op::oracle(params, in, {{made.encoding.data(), out}}, scale);
  made.scale = scale[0];
  return made;
}

std::string refusal(const Op::Params& params, const Shape& pos) {
  try {
    Op::infer(params, {{nullptr, pos}});
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(QueryPositionEncoding, HasYBeforeXThenWidthAndHeight) {
  // one pair of channels each, dim_t = 1
  const std::vector<double> encoding = encode({2, 10000, 1}, {1, 1, 4}, {0.1, 0.2, 0.3, 0.4}).encoding;
  const double order[] = {0.2, 0.1, 0.3, 0.4};
  for (std::size_t block = 0; block < 4; ++block) {
    EXPECT_DOUBLE_EQ(encoding[2 * block], std::sin(order[block]));
    EXPECT_DOUBLE_EQ(encoding[2 * block + 1], std::cos(order[block]));
  }
  EXPECT_DOUBLE_EQ(encode({2, 10000, 1}, {1, 1, 2}, {0.1, 0.2}).encoding[0], std::sin(0.2));
}

TEST(QueryPositionEncoding, DividesByTheTemperaturesPower) {
  // F = 4: dim_t is 1, 1, T^(1/2), T^(1/2)
  const Encoded made = encode({4, 100, 2}, {2, 1, 2}, {0, 0, 0.5, 0.25});
  const std::vector<double> second(made.encoding.begin() + 8, made.encoding.end());
  EXPECT_DOUBLE_EQ(second[0], std::sin(0.5)) << "y = 0.25, scaled by 2";
  EXPECT_DOUBLE_EQ(second[2], std::sin(0.05));
  EXPECT_DOUBLE_EQ(second[3], std::cos(0.05));
  EXPECT_DOUBLE_EQ(second[4], std::sin(1.0)) << "x = 0.5";
  EXPECT_DOUBLE_EQ(made.scale[8 + 2], 0.05 * (1 + 0.5 * std::log(100.0) / 4) + std::sin(0.05));
  EXPECT_EQ(made.scale[0], 0) << "the sine of 0 has no error";
}

TEST(QueryPositionEncoding, HasTwoPiAndTenThousandByDefault) {
  const Encoded made = encode({}, {1, 1, 2}, {0, 0.25});
  EXPECT_EQ(made.encoding.size(), 2U * 128);
  EXPECT_DOUBLE_EQ(made.encoding[0], 1) << "a quarter turn";
  EXPECT_DOUBLE_EQ(made.encoding[126], std::sin(std::acos(0.0) / std::pow(10000, 126.0 / 128)));
}

TEST(QueryPositionEncoding, RefusesBadInputsInOneSentence) {
  EXPECT_EQ(refusal({}, {5, 2, 3}),
            "query_position_encoding: input pos has shape [5, 2, 3], but its last extent must be 2 (x, y) or 4 (x, y, "
            "w, h), not 3");
  EXPECT_EQ(refusal({.num_pos_feats = 5}, {5, 2, 4}),
            "query_position_encoding: num_pos_feats is 5, but it must be even: sines and cosines alternate");
  EXPECT_EQ(refusal({.num_pos_feats = 0}, {5, 2, 4}),
            "query_position_encoding: num_pos_feats is 0, but it must be positive");
  EXPECT_EQ(refusal({.num_pos_feats = INT64_MAX / 2 - 1}, {5, 2, 4}),
            "query_position_encoding: num_pos_feats is 4611686018427387902, more channels than can be addressed");
  EXPECT_EQ(refusal({.temperature = -1}, {5, 2, 4}),
            "query_position_encoding: temperature is -1, but it must be positive");
  EXPECT_EQ(refusal({}, {5, 2, 4}), "(nothing was refused)");
}

}  // namespace
}  // namespace assay
