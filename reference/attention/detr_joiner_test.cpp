// detr_joiner on batches whose mask is known, and what it refuses.
#include "reference/attention/detr_joiner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numbers>

namespace assay {
namespace {

DetrJoiner::Inputs<double> images(const std::vector<std::pair<std::int64_t, std::int64_t>>& sizes) {
  DetrJoiner::Inputs<double> in;
  for (const auto& [height, width] : sizes) in.images.push_back({nullptr, {3, height, width}});
  return in;
}

struct Result {
  std::vector<bool> mask;
  std::vector<double> encoding, scale;
};

Result joined(const DetrJoiner::Params& params, const DetrJoiner::Inputs<double>& in) {
  const auto shapes = DetrJoiner::infer(params, in);
  const auto cells = static_cast<std::size_t>(shapes[0].elements());
  const auto mask = std::make_unique<bool[]>(cells);
  Result result{{}, std::vector<double>(static_cast<std::size_t>(shapes[1].elements())), {}};
  ErrorScale error(2);
  error[1].resize(result.encoding.size());
  DetrJoiner::oracle(params, in, {{mask.get(), shapes[0]}, {result.encoding.data(), shapes[1]}}, error);
  result.mask.assign(mask.get(), mask.get() + cells);
  result.scale = error[1];
  return result;
}

std::string refusal(const DetrJoiner::Params& params) {
  try {
    DetrJoiner::infer(params, images({{4, 4}}));
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(DetrJoiner, RoundsTheFeatureMapUp) {
  EXPECT_EQ(DetrJoiner::infer({}, images({{200, 200}, {200, 250}})), (std::vector<Shape>{{2, 7, 8}, {2, 256, 7, 8}}));
  EXPECT_EQ(DetrJoiner::infer({.stride = 1, .num_pos_feats = 2}, images({{3, 5}})),
            (std::vector<Shape>{{1, 3, 5}, {1, 4, 3, 5}}));
}

TEST(DetrJoiner, MarksWhatTheFeatureMapShowsOfThePadding) {
  // a canvas of 5x6 at stride 2: rows 0, 1 and 3 of it (5/3 each), columns 0, 2 and 4
  const Result result = joined({.stride = 2, .num_pos_feats = 2}, images({{5, 4}, {2, 6}}));
  EXPECT_EQ(result.mask, (std::vector<bool>{false, false, true, false, false, true, false, false, true,  //
                                            false, false, false, false, false, false, true, true, true}));
}

TEST(DetrJoiner, EncodesTheMaskNormalised) {
  const Result result = joined({.stride = 2, .num_pos_feats = 2}, images({{5, 4}, {2, 6}}));
  const auto angle = [](double position, double last) { return position / (last + 1e-6) * 2 * std::numbers::pi; };
  const auto at = [&](std::size_t b, std::size_t c, std::size_t y, std::size_t x) {
    return result.encoding[((b * 4 + c) * 3 + y) * 3 + x];
  };
  EXPECT_DOUBLE_EQ(at(0, 0, 1, 0), std::sin(angle(2, 3)));  // y: the second of three valid rows
  EXPECT_DOUBLE_EQ(at(1, 1, 0, 2), std::cos(angle(1, 2)));  // and the first of two
  EXPECT_DOUBLE_EQ(at(0, 2, 0, 1), std::sin(angle(2, 2)));  // x: the second of two valid columns
  EXPECT_DOUBLE_EQ(at(1, 3, 2, 2), 1);                      // a row of padding alone
  for (std::size_t i = 0; i < result.scale.size(); ++i) EXPECT_GE(result.scale[i], std::abs(result.encoding[i]));
}

TEST(DetrJoiner, RefusesParametersThatMakeNoFeatureMap) {
  EXPECT_EQ(refusal({.stride = 0}), "detr_joiner: stride is 0, but it must be positive");
  EXPECT_EQ(refusal({.num_pos_feats = -2}), "detr_joiner: num_pos_feats is -2, but it must be positive");
  EXPECT_EQ(refusal({.num_pos_feats = 7}),
            "detr_joiner: num_pos_feats is 7, but it must be even: sines and cosines alternate");
}

}  // namespace
}  // namespace assay
