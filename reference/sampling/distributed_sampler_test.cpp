// Shares of ranks worked by hand.
#include "reference/sampling/distributed_sampler.h"

#include <gtest/gtest.h>

#include "reference/sampling/random_order.h"

namespace assay {
namespace {

using Op = DistributedSampler;
using Indices = std::vector<std::int64_t>;

Indices share_of(const Op::Params& params) {
  const Shape shape = Op::infer(params, {})[0];
  Indices indices(static_cast<std::size_t>(shape[0]), -1);
  ErrorScale scale(1);
  Op::oracle(params, {}, {{indices.data(), shape}}, scale);
  return indices;
}

Op::Params in_order(std::int64_t length, std::int64_t world, std::int64_t rank, bool drop_last = false) {
  return {length, world, rank, false, 0, 0, drop_last};
}

TEST(DistributedSampler, TakesEveryWorldThAndWraps) {
  EXPECT_EQ(share_of(in_order(8, 3, 0)), (Indices{0, 3, 6}));
  EXPECT_EQ(share_of(in_order(8, 3, 1)), (Indices{1, 4, 7}));
  EXPECT_EQ(share_of(in_order(8, 3, 2)), (Indices{2, 5, 0}));
}

TEST(DistributedSampler, CutsWithDropLast) {
  EXPECT_EQ(share_of(in_order(8, 3, 2, true)), (Indices{2, 5}));
  EXPECT_EQ(share_of(in_order(9, 3, 2, true)), (Indices{2, 5, 8}));
  EXPECT_EQ(share_of(in_order(2, 3, 1, true)), Indices{});
}

TEST(DistributedSampler, WrapsAsOftenAsItTakes) {
  EXPECT_EQ(share_of(in_order(3, 8, 5)), Indices{2});
  EXPECT_EQ(share_of(in_order(3, 8, 7)), Indices{1});
  EXPECT_EQ(share_of(in_order(1, 5, 4)), Indices{0});
  EXPECT_EQ(share_of(in_order(0, 5, 4)), Indices{});
}

TEST(DistributedSampler, ShufflesBySeedAndEpochTogether) {
  const Indices order = sampling::random_order(7, 14);
  const Indices expected = {order[1], order[3], order[5], order[0]};
  EXPECT_EQ(share_of({7, 2, 1, true, 11, 3, false}), (Indices{order[1], order[3], order[5], order[0]}));
  EXPECT_EQ(share_of({7, 2, 1, true, 3, 11, false}), expected);
}

TEST(DistributedSampler, RefusesWhatIsNoRankAndNoSum) {
  const auto refusal = [](const Op::Params& params) -> std::string {
    try {
      share_of(params);
    } catch (const InvalidArgument& refused) {
      return refused.what();
    }
    return "(nothing was refused)";
  };
  EXPECT_EQ(refusal(in_order(5, 3, 3)),
            "distributed_sampler: rank is 3, but it must be one of 0 to 2, since world is 3");
  EXPECT_EQ(refusal(in_order(5, 3, -1)),
            "distributed_sampler: rank is -1, but it must be one of 0 to 2, since world is 3");
  EXPECT_EQ(refusal(in_order(5, 0, 0)), "distributed_sampler: world is 0, but it must be positive");
  EXPECT_EQ(refusal(in_order(-5, 3, 0)),
            "distributed_sampler: length is -5, but a dataset must not have a negative length");
  EXPECT_EQ(refusal({5, 3, 0, true, INT64_MAX, 1, false}),
            "distributed_sampler: seed 9223372036854775807 and epoch 1 add up to more than 64 bits hold");
}

}  // namespace
}  // namespace assay
