// Shapes and their checked arithmetic.
#include "reference/tensor.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Shape, ComparesByRankAndExtents) {
  EXPECT_EQ((Shape{2, 3}), (Shape{2, 3}));
  EXPECT_FALSE((Shape{2, 3}) == (Shape{2, 3, 1}));
  EXPECT_EQ(Shape{}.elements(), 1);
  EXPECT_EQ((Shape{2, 0, 3}).elements(), 0);
  EXPECT_EQ(to_string(Shape{2, 3, 800}), "[2, 3, 800]");
}

TEST(Shape, RefusesMoreThanEightDimensions) {
  EXPECT_NO_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), InvalidArgument);
}

TEST(CheckedElements, SeesNegativesAndOverflow) {
  EXPECT_EQ(checked_elements(Shape{3, 5}), 15);
  EXPECT_EQ(checked_elements(Shape{3, 0, 5}), 0);
  EXPECT_EQ(checked_elements(Shape{3, -1}), std::nullopt);
  EXPECT_EQ(checked_elements(Shape{std::int64_t{1} << 40, std::int64_t{1} << 40}), std::nullopt);
  EXPECT_EQ(checked_elements(Shape{0, std::int64_t{1} << 40, std::int64_t{1} << 40}), std::nullopt)
      << "a zero must not hide an overflow";
}

TEST(HostMemory, IsAlignedEvenWhenEmpty) {
  for (const std::size_t bytes : {0, 1, 63, 64, 1000}) {
    const auto memory = allocate_host(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.get()) % 64, 0u);
  }
}

}  // namespace
}  // namespace assay
