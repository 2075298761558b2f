// The case beyond 32 bits of operators that have one.
#include "bench/cases/beyond_32_bits.h"

#include <gtest/gtest.h>

#include "reference/registry.h"

namespace assay::bench {
namespace {

TEST(Beyond32Bits, KnowsTheSmallestCase) {
  const auto name = [](const char* op) {
    const std::optional<Choices> choices = smallest_beyond_32_bits(find_operator(op));
    return choices ? name_of(*choices) : "none";
  };
  EXPECT_EQ(name("padding_mask"), "drawn:B=129,H=1,W=16777217");
  EXPECT_EQ(name("hungarian_assignment"), "none") << "its truth cannot be sampled";
}

}  // namespace
}  // namespace assay::bench
