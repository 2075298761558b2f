// Cases that cannot fail are found out: too wide a tolerance, and truths that trivial results share.
#include "bench/verdict/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bench/verdict/expectation.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- the contrast of tolerances ----

FieldInfo inexact_field(ErrorBound bound) {
  FieldInfo made;
  made.name = "out";
  made.dtype = DType::f32;
  made.bound = bound;
  return made;
}

/// τ = 2⁻²²·scale with the constant 4.
Truth truth_of(const std::vector<double>& values, std::vector<double> scale) {
  Truth truth{TensorPack(1), ErrorScale(1)};
  const TensorRef made = new_host_tensor(truth.outputs, DType::f64, {1, static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), static_cast<double*>(made.data));
  truth.outputs[0].push_back(made);
  truth.scale[0] = std::move(scale);
  return truth;
}

std::string weakness_of(const std::vector<double>& values, std::vector<double> scale) {
  Truth truth = truth_of(values, std::move(scale));
  return admit_tolerances(inexact_field({4}), truth, 0);
}

TEST(AdmitTolerances, LeavesAnOrdinaryOutputAsItIs) {
  Truth truth = truth_of({1, 2, NAN}, {1, 2, 0});
  EXPECT_EQ(admit_tolerances(inexact_field({4}), truth, 0), "");
  EXPECT_THAT(truth.scale.open(0), IsEmpty());
}

TEST(AdmitTolerances, RefusesWhatIsNoTolerance) {
  EXPECT_EQ(weakness_of({1, 1}, {1, NAN}), "output out has the tolerance nan at [0, 1]");
  EXPECT_EQ(weakness_of({1, 1}, {-1, 1}), "output out has the tolerance -2.384185791015625e-07 at [0, 0]");
}

TEST(AdmitTolerances, RefusesAnOutputThatTheOperatorLeavesOpen) {
  Truth truth = truth_of({1}, {1});
  truth.scale.leave_open(0, {0, -1, 1});
  EXPECT_EQ(admit_tolerances(inexact_field({4}), truth, 0), "output out has nothing but unspecified elements");
}

TEST(AdmitTolerances, LeavesHopelessElementsOpenWithinTheirToleranceAndTheRange) {
  const ErrorBound bounds[] = {{.c = 4, .low = 0, .high = 1}, {.c = 4}};
  for (const ErrorBound& bound : bounds) {
    Truth truth = truth_of({0.5, 0.25, 0.75}, {1, 0x1p24, 1});  // a tolerance of 4
    ASSERT_EQ(admit_tolerances(inexact_field(bound), truth, 0), "");
    ASSERT_EQ(truth.scale.open(0).size(), 1u);
    const ErrorScale::Open& open = truth.scale.open(0)[0];
    EXPECT_EQ(open.element, 1);
    const bool ranged = bound.high == 1;
    EXPECT_NEAR(open.low, ranged ? 0 : -3.75, 1e-30);
    EXPECT_NEAR(open.high, ranged ? 1 : 4.25, 1e-6);
  }
}

TEST(AdmitTolerances, NeverWidensWhatAnElementAccepts) {
  const FieldInfo out = inexact_field({.c = 4, .low = -1, .high = 1});
  Truth before = truth_of({0.5, 0.25, 0.75}, {1, 0x1p22, 1}), after = truth_of({0.5, 0.25, 0.75}, {1, 0x1p22, 1});
  ASSERT_EQ(admit_tolerances(out, after, 0), "");
  ASSERT_EQ(after.scale.open(0).size(), 1u);
  for (double value = -3; value <= 3; value += 0x1p-6)
    for (std::int64_t i = 0; i < 3; ++i)
      EXPECT_TRUE(!accepts(out, value, after, 0, i) || accepts(out, value, before, 0, i)) << value << " at " << i;
  for (const double special : {NAN, INFINITY, -INFINITY}) EXPECT_FALSE(accepts(out, special, after, 0, 1));
}

TEST(AdmitTolerances, NamesTheFirstHopelessElementWhereTooManyAre) {
  EXPECT_EQ(weakness_of({3, 4, 1}, {1, 0x1p23, 0x1p24}),
            "the tolerances of output out tell nothing: 2 of its 3 elements have one of 0.0294 (1/100 of its RMS) or "
            "more, and they are more than half of the output; the first: out[0, 1] is 4 with a tolerance of 2");
  EXPECT_THAT(weakness_of({1, 1}, {1e5, 1e5}), HasSubstr("2 of its 2 elements"));
}

TEST(AdmitTolerances, NeedsContrastWithoutTheHopelessElementsToo) {
  EXPECT_THAT(weakness_of({0, 0, 1}, {0, 0, 0x1p24}), HasSubstr("all others are zero; the first: out[0, 2] is 1"));
  // the limit is 1/100 of an RMS of 707; without the first element the RMS is 1 and the tolerance 1
  EXPECT_THAT(weakness_of({1000, 1}, {0x1p32, 0x1p22}),
              HasSubstr("the others have a tolerance of 1, no smaller than its largest value 1; the first: out[0, 0]"));
}

// ---- the wrong candidates ----

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

TEST(Admission, OneMaskedRowLeavesTheOthersJudged) {
  BoundCase bound = softmax_case(Normal{0, 2});
  std::vector<double> mask(9, 0);
  std::fill(mask.begin() + 3, mask.begin() + 6, -1e9);  // row 1 of both windows
  bound.recipe.push_back({"mask", {1, 3, 3}, Values{mask}});
  const Expectation expected = expect(bound, 1, 0);
  EXPECT_EQ(expected.invalid, "");
  EXPECT_EQ(expected.truth.scale.open(0).size(), 6u);
  for (const char* candidate : {"zeros", "a constant", "a copy of an input", "the truth transposed",
                                "the truth without the inputs' last entries"})
    EXPECT_THAT(expected.told_apart, Contains(candidate));
  const FieldInfo& probs = bound.instance->outputs[0];
  for (const double value : {0.0, 1.0 / 3, 1.0}) EXPECT_TRUE(accepts(probs, value, expected.truth, 0, 3)) << value;
  for (const double value : {-0.1, 1.1, double{NAN}, double{INFINITY}})
    EXPECT_FALSE(accepts(probs, value, expected.truth, 0, 3)) << value;
  const double beside = value_at(expected.truth.outputs[0][0], 2);
  EXPECT_TRUE(accepts(probs, beside, expected.truth, 0, 2));
  EXPECT_FALSE(accepts(probs, beside + 1e-5, expected.truth, 0, 2));
}

TEST(Admission, ACaseOfNothingButMaskedRowsIsInvalidAndNamesTheFirstElement) {
  BoundCase bound = softmax_case(Normal{0, 2});
  bound.recipe.push_back({"mask", {1, 3, 3}, Values{std::vector<double>(9, -1e9)}});
  EXPECT_THAT(expect(bound, 1, 0).invalid, HasSubstr("18 of its 18 elements"));
  EXPECT_THAT(expect(bound, 1, 0).invalid, HasSubstr("the first: probs[0, 0, 0, 0] is "));
}

TEST(Admission, NoRandomCaseOfAnyOperatorIsInvalid) {
  for (const OperatorEntry& op : operators())
    for (const OperatorInstance& instance : op.instances)
      for (Case& made : random_cases(op, 7, 20)) {
        BoundCase bound{&op, &instance, made.name, made.source, made.tier, made.params, made.inputs, nullptr, 0};
        EXPECT_EQ(expect(bound, 7, 0).invalid, "") << op.name << "/" << made.name;
      }
}

}  // namespace
}  // namespace assay::bench
