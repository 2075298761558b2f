// stack_collate on samples worked out by hand, and what it refuses.
#include "reference/collation/stack_collate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace assay {
namespace {

using Op = StackCollate;

std::string refusal(const std::vector<Shape>& samples) {
  Op::Inputs<double> in;
  for (const Shape& shape : samples) in.samples.push_back({nullptr, shape});
  try {
    Op::infer({}, in);
  } catch (const InvalidArgument& refused) {
    return refused.what();
  }
  return "(nothing was refused)";
}

TEST(StackCollate, PutsSamplesOneBehindTheOther) {
  const std::vector<double> first = {1, 2, 3, 4, 5, 6}, second = {-0.0, 7, 8, 9, 10, 11};
  const Op::Inputs<double> in{{{first.data(), {2, 3}}, {second.data(), {2, 3}}}};
  const Shape shape = Op::infer({}, in)[0];
  EXPECT_EQ(shape, (Shape{2, 2, 3}));
  std::vector<double> batch(12, -1);
  ErrorScale scale(1);
  Op::oracle({}, in, {{batch.data(), shape}}, scale);
  EXPECT_EQ(batch, (std::vector<double>{1, 2, 3, 4, 5, 6, -0.0, 7, 8, 9, 10, 11}));
  EXPECT_TRUE(std::signbit(batch[6]));
  EXPECT_EQ(Op::cost({}, in, 4).bytes, 2 * 12 * 4);
}

TEST(StackCollate, TakesSamplesOfAnyRank) {
  const auto batch_of = [](const Shape& sample) {
    return Op::infer({}, {{{nullptr, sample}, {nullptr, sample}, {nullptr, sample}}})[0];
  };
  EXPECT_EQ(batch_of({}), (Shape{3}));
  EXPECT_EQ(batch_of({5}), (Shape{3, 5}));
  EXPECT_EQ(batch_of({1, 2, 3, 4, 5, 6, 7}), (Shape{3, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(StackCollate, NamesTheFirstSampleOfAnotherShape) {
  EXPECT_EQ(refusal({{3, 4}, {3, 4}, {4, 3}, {3, 5}}),
            "stack_collate: input samples.2 has shape [4, 3], but samples.0 has [3, 4]: all must have one shape");
  EXPECT_EQ(refusal({{3, 4}, {3, 4, 1}}),
            "stack_collate: input samples.1 has shape [3, 4, 1], but samples.0 has [3, 4]: all must have one shape");
  EXPECT_EQ(refusal({{}, {1}}),
            "stack_collate: input samples.1 has shape [1], but samples.0 has []: all must have one shape");
  EXPECT_EQ(refusal({{1, 1, 1, 1, 1, 1, 1, 2}}),
            "stack_collate: input samples.0 has shape [1, 1, 1, 1, 1, 1, 1, 2] of rank 8, but a batch of them would "
            "have more than the 8 dimensions of a tensor");
  EXPECT_EQ(refusal({{3, 4}}), "(nothing was refused)");
}

}  // namespace
}  // namespace assay
