// The oracle of flatten_tokens on features that count their places.
#include "reference/attention/flatten_tokens.h"

#include <gtest/gtest.h>

#include <numeric>

namespace assay {
namespace {

using Op = FlattenTokens;

TEST(FlattenTokens, PutsCellsFirstAndChannelsLast) {
  const Shape features{2, 2, 1, 3};
  std::vector<double> counted(12), tokens(12, -1);
  std::iota(counted.begin(), counted.end(), 0);
  const Op::Inputs<double> in{{counted.data(), features}};
  const Shape shape = Op::infer({}, in)[0];
  EXPECT_EQ(shape, (Shape{3, 2, 2}));
  ErrorScale scale(1);
  Op::oracle({}, in, {{tokens.data(), shape}}, scale);
  EXPECT_EQ(tokens, (std::vector<double>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
}

TEST(FlattenTokens, MovesEveryElementOnce) {
  constexpr std::int64_t element_bytes = 4;
  EXPECT_EQ(Op::cost({}, {{nullptr, {2, 3, 5, 7}}}, element_bytes).bytes, 2 * 2 * 3 * 5 * 7 * 4);
}

}  // namespace
}  // namespace assay
