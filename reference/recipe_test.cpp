// Recipes: the same everywhere, within their ranges, and refused where they make no sense.
#include "reference/recipe.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay {
namespace {

template <class T>
std::vector<T> filled(const Shape& shape, const Recipe& recipe, std::uint64_t key) {
  TensorPack pack(1);
  const TensorRef tensor = new_host_tensor(pack, DTypeOf<T>::value, shape);
  fill(tensor, recipe, key);
  const auto* data = static_cast<const T*>(tensor.data);
  return std::vector<T>(data, data + shape.elements());
}

TEST(RandomBits, HasPinnedValues) {
  // pinned, so that another machine or a later version regenerates the inputs a failure was reported with
  EXPECT_EQ(random_bits(0, 0), 0xe220a8397b1dcdafu);  // SplitMix64 from state 0: its published first output
  EXPECT_EQ(random_bits(0, 1), 0x6e789e6aa1b965f4u);
}

TEST(Recipe, AnElementDependsOnKeyAndIndexAlone) {
  const auto whole = filled<float>({100}, Uniform{-1, 1}, 7);
  const auto shorter = filled<float>({10}, Uniform{-1, 1}, 7);
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), whole.begin()));
  EXPECT_NE(filled<float>({10}, Uniform{-1, 1}, 8), shorter);
}

TEST(Recipe, UniformAndNormalHaveTheirMoments) {
  const auto uniform = filled<double>({20000}, Uniform{2, 4}, 1);
  const auto normal = filled<double>({20000}, Normal{3, 0.5}, 2);
  double mean_u = 0, mean_n = 0, variance_n = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    EXPECT_GE(uniform[i], 2);
    EXPECT_LT(uniform[i], 4);
    mean_u += uniform[i] / 20000;
    mean_n += normal[i] / 20000;
    variance_n += (normal[i] - 3) * (normal[i] - 3) / 20000;
  }
  EXPECT_NEAR(mean_u, 3, 0.03);
  EXPECT_NEAR(mean_n, 3, 0.03);
  EXPECT_NEAR(variance_n, 0.25, 0.02);
}

TEST(Recipe, PaddingOfMarksOutsideEachRectangle) {
  const auto mask = filled<bool>({2, 2, 3}, PaddingOf{{{2, 2}, {1, 3}}}, 0);
  EXPECT_EQ(mask, (std::vector<bool>{false, false, true, false, false, true, false, false, false, true, true, true}));
}

TEST(Recipe, PicksDifferentIntegersOfEachGroup) {
  const Picks ascending{{{3, 5}, {0, 4}, {2, 2}}, Picks::Order::ascending};
  for (std::uint64_t key = 0; key < 50; ++key) {
    const auto picked = filled<std::int64_t>({5}, ascending, key);
    EXPECT_TRUE(0 <= picked[0] && picked[0] < picked[1] && picked[1] < picked[2] && picked[2] < 5) << key;
    EXPECT_TRUE(picked[3] == 0 && picked[4] == 1) << key;
  }
  EXPECT_NE(filled<std::int64_t>({5}, ascending, 1), filled<std::int64_t>({5}, ascending, 2));
  const Picks descending{{{3, 5}}, Picks::Order::descending, true};
  EXPECT_EQ(filled<std::int64_t>({3}, descending, 0), (std::vector<std::int64_t>{2, 1, 0}));
}

TEST(Recipe, BoxesAsCentreAndSizeAreThoseOfTheirCorners) {
  const auto corners = filled<double>({20, 4}, Boxes{}, 3);
  const auto centred = filled<double>({20, 4}, Boxes{.centre_and_size = true}, 3);
  for (std::size_t i = 0; i < corners.size(); i += 4)
    for (std::size_t axis = 0; axis < 2; ++axis) {
      EXPECT_EQ(corners[i + axis], centred[i + axis] - centred[i + 2 + axis] / 2);
      EXPECT_EQ(corners[i + 2 + axis], centred[i + axis] + centred[i + 2 + axis] / 2);
    }
}

TEST(Recipe, AroundTokensLooksAroundTheQuerysOwnToken) {
  const AroundTokens exactly{{{1, 2}, {2, 1}}, 0};
  // tokens: both columns of the first level, then both rows of the second; query 4 is token 0 again
  const auto middles = filled<float>({1, 5, 1, 2, 1, 2}, exactly, 3);
  EXPECT_EQ(middles, (std::vector<float>{0.25F, 0.5F,  0.25F, 0.5F,  0.75F, 0.5F,  0.75F, 0.5F, 0.5F,  0.25F,
                                         0.5F,  0.25F, 0.5F,  0.75F, 0.5F,  0.75F, 0.25F, 0.5F, 0.25F, 0.5F}));
  const auto around = filled<float>({1, 4, 1, 2, 50, 2}, AroundTokens{{{1, 2}, {2, 1}}, 3}, 3);
  for (std::size_t i = 0; i < 100; i += 2) {  // query 0 on the first level: 3 pixels of 1/2 to either side
    EXPECT_LE(std::abs(around[i] - 0.25F), 1.5F);
    EXPECT_LE(std::abs(around[i + 1] - 0.5F), 3.0F);
  }
}

TEST(Recipe, RefusesWhatItCannotMake) {
  EXPECT_THROW(filled<float>({1, 5, 1, 3, 1, 2}, AroundTokens{{{1, 2}}, 1}, 0), InvalidArgument);
  EXPECT_THROW(filled<float>({2, 2, 3}, PaddingOf{{{1, 1}, {1, 1}}}, 0), InvalidArgument);
  EXPECT_THROW(filled<bool>({1, 2, 3}, PaddingOf{{{1, 1}, {1, 1}}}, 0), InvalidArgument);
  EXPECT_THROW(filled<std::int64_t>({3}, Values{{1, 2}}, 0), InvalidArgument);
  EXPECT_THROW(filled<std::int64_t>({3}, Picks{{{3, 2}}}, 0), InvalidArgument);
  EXPECT_THROW(filled<std::int64_t>({3}, Picks{{{2, 2}}}, 0), InvalidArgument);
}

}  // namespace
}  // namespace assay
