// Batches worked by hand.
#include "reference/sampling/batch_sampler.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

using Op = BatchSampler;
using Offsets = std::vector<std::int64_t>;

Offsets offsets_of(std::int64_t n, Op::Params params) {
  const Op::Inputs<double> in{{nullptr, {n}}};
  const Shape shape = Op::infer(params, in)[0];
  Offsets offsets(static_cast<std::size_t>(shape[0]), -1);
  ErrorScale scale(1);
  Op::oracle(params, in, {{offsets.data(), shape}}, scale);
  return offsets;
}

TEST(BatchSampler, KeepsOrDropsTheRest) {
  EXPECT_EQ(offsets_of(10, {3, false}), (Offsets{0, 3, 6, 9, 10}));
  EXPECT_EQ(offsets_of(10, {3, true}), (Offsets{0, 3, 6, 9}));
  EXPECT_EQ(offsets_of(9, {3, false}), (Offsets{0, 3, 6, 9}));
  EXPECT_EQ(offsets_of(9, {3, true}), (Offsets{0, 3, 6, 9}));
}

TEST(BatchSampler, TakesFewerIndicesThanABatch) {
  EXPECT_EQ(offsets_of(5, {8, false}), (Offsets{0, 5}));
  EXPECT_EQ(offsets_of(5, {8, true}), (Offsets{0}));
  EXPECT_EQ(offsets_of(5, {INT64_MAX, false}), (Offsets{0, 5}));
  EXPECT_EQ(offsets_of(0, {8, false}), (Offsets{0}));
}

TEST(BatchSampler, RefusesABatchOfNothing) {
  for (const auto& [size, message] :
       {std::pair(std::int64_t{0}, "batch_sampler: batch_size is 0, but it must be positive"),
        std::pair(std::int64_t{-2}, "batch_sampler: batch_size is -2, but it must be positive")}) {
    try {
      offsets_of(5, {size, false});
      FAIL() << size << " was not refused";
    } catch (const InvalidArgument& refused) {
      EXPECT_STREQ(refused.what(), message);
    }
  }
}

}  // namespace
}  // namespace assay
