// WideInteger: carries, borrows, signs and order across its 64-bit limbs.
#include "reference/wide_integer.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace assay {
namespace {

using Wide = WideInteger<3>;

TEST(WideInteger, CarriesAndBorrowsAcrossLimbs) {
  const Wide one = Wide::shifted(1, 0), two_to_127 = Wide::shifted(1, 127);
  EXPECT_EQ(two_to_127 - one + one, two_to_127);
  EXPECT_EQ(two_to_127 + two_to_127 - two_to_127, two_to_127);
  EXPECT_EQ(Wide() - one + one, Wide());
  EXPECT_EQ(Wide::shifted(-1, 0) + one, Wide());
  EXPECT_EQ(Wide::shifted(-3, 100) + Wide::shifted(3, 100), Wide());
  EXPECT_EQ(Wide::shifted(1, 64) + Wide::shifted(-1, 63), Wide::shifted(1, 63));
}

TEST(WideInteger, ShiftsAcrossLimbs) {
  Wide sum;
  for (int i = 0; i < 1 << 8; ++i) sum += Wide::shifted(0x7654321, 60);
  EXPECT_EQ(sum, Wide::shifted(0x7654321, 68));
  EXPECT_EQ(Wide::shifted(std::numeric_limits<std::int64_t>::min(), 1), Wide::shifted(-1, 64));
}

TEST(WideInteger, OrdersBySignThenMagnitude) {
  const std::vector<Wide> ascending = {
      Wide::shifted(-1, 120), Wide::shifted(-1, 64), Wide::shifted(-1, 0), Wide(),
      Wide::shifted(1, 0),    Wide::shifted(1, 63),  Wide::shifted(1, 64), Wide::shifted(1, 120)};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j) EXPECT_EQ(ascending[i] < ascending[j], i < j) << i << " " << j;
}

}  // namespace
}  // namespace assay
