// Cases that cannot fail are found out: too wide a tolerance, and truths that trivial results share.
#include "bench/verdict/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/verdict/check.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

BoundCase softmax_case(const Recipe& scores) {
  BoundCase bound;
  bound.op = &find_operator("window_softmax");
  bound.instance = bound.op->find(DType::f32);
  bound.name = "one";
  bound.recipe = {{"scores", {2, 1, 3, 3}, scores}};
  return bound;
}

BoundCase mask_case(const Recipe& mask) {
  BoundCase bound;
  bound.op = &find_operator("mask_downsample");
  bound.instance = bound.op->find(DType::f32);
  bound.name = "one";
  bound.params = resolve(*bound.op, {{"out_height", Scalar(std::int64_t{2})}, {"out_width", Scalar(std::int64_t{3})}});
  bound.recipe = {{"mask", {2, 5, 7}, mask}};
  return bound;
}

TEST(Admission, AnOrdinaryCaseRefusesEveryCandidate) {
  const Expectation expected = expect(softmax_case(Normal{0, 2}), 1, 0);
  EXPECT_EQ(expected.invalid, "");
  for (const char* candidate : {"zeros", "a constant", "a copy of an input", "the truth transposed",
                                "the truth without the inputs' last entries"})
    EXPECT_THAT(expected.told_apart, Contains(candidate));
}

TEST(Admission, ATruthThatTrivialResultsShareIsTold) {
  const Expectation expected = expect(mask_case(Values{std::vector<double>(70, 0.0)}), 1, 0);
  EXPECT_EQ(expected.invalid, "");
  EXPECT_THAT(expected.told_apart, IsEmpty());
}

TEST(Admission, AToleranceThatAcceptsZerosIsInvalid) {
  const BoundCase bound = softmax_case(Normal{0, 2});
  Expectation expected = expect(bound, 1, 0);
  for (double& scale : expected.truth.scale[0]) scale = 1e7;  // a tolerance of about 6
  const Admission admission = admit(bound, expected);
  EXPECT_THAT(admission.invalid, HasSubstr("its tolerances accept zeros"));
  EXPECT_THAT(admission.told_apart, IsEmpty());
}

TEST(Admission, AToleranceThatHidesADroppedTermIsInvalid) {
  // the first line has a zero where the candidate puts one, so that it alone could refuse the other candidates
  BoundCase bound = softmax_case(Values{{3, 1, 0, 2, 1, 5, 1, 2, 5, 4, 1, 5, 1, 0, 5, 2, 2, 5}});
  Expectation expected = expect(bound, 1, 0);
  ASSERT_EQ(expected.invalid, "");
  for (std::size_t i = 3; i < expected.truth.scale[0].size(); ++i) expected.truth.scale[0][i] = 1e7;
  const Admission admission = admit(bound, expected);
  EXPECT_THAT(admission.invalid, HasSubstr("accept the truth without the inputs' last entries"));
  EXPECT_THAT(admission.told_apart, Contains("zeros"));
}

/// window_softmax with tolerances of about 0.003.
void tolerant_oracle(std::span<const Scalar> params, Slots inputs, Slots truth, ErrorScale& scale) {
  find_operator("window_softmax").oracle(params, inputs, truth, scale);
  for (double& s : scale[0]) s = 5e3;
}

TEST(Admission, DecidesWhetherACaseIsOne) {
  OperatorEntry tolerant = find_operator("window_softmax");
  tolerant.oracle = tolerant_oracle;
  // without the last score of a line, taken for zero, its probabilities change by about 0.002
  BoundCase bound = softmax_case(Values{{2, 0, .02, 2, 0, .02, 2, 0, .02, 2, 0, .02, 2, 0, .02, 2, 0, .02}});
  EXPECT_EQ(expect(bound, 1, 0).invalid, "");
  bound.op = &tolerant;
  EXPECT_THAT(expect(bound, 1, 0).invalid, HasSubstr("accept the truth without the inputs' last entries"));
}

TEST(Admission, NoPropertyCaseOfAnyOperatorIsInvalid) {
  for (const OperatorEntry& op : operators())
    for (const OperatorInstance& instance : op.instances)
      for (Case& made : property_cases(op, 7, 20)) {
        BoundCase bound{&op, &instance, made.name, made.source, made.tier, made.params, made.inputs, nullptr, 0};
        EXPECT_EQ(expect(bound, 7, 0).invalid, "") << op.name << "/" << made.name;
      }
}

}  // namespace
}  // namespace assay::bench
