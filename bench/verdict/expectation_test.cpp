// What a golden file adds to a case: its witness, and its recorded outputs as a contestant.
#include "bench/verdict/expectation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reference/registry.h"

namespace assay::bench {
namespace {

using testing::HasSubstr;

/// window_softmax of one row of equal scores: every probability is a quarter.
class Recorded : public testing::Test {
 protected:
  Recorded() {
    golden_.op = &find_operator("window_softmax");
    golden_.instance = golden_.op->find(DType::f32);
    golden_.name = "one";
    golden_.inputs = TensorPack(3);
    golden_.inputs[0].push_back(tensor({0, 1, 2, 3, 1, 1, 0, 2, 5, 1, 1, 0, 3, 3, 1, 2}, DType::f32));
    const BoundCase alone = bound();
    const Evaluation made = evaluate(alone, golden_.inputs);
    for (std::int64_t i = 0; i < 16; ++i) truth_.push_back(value_at(made.truth.outputs[0][0], i));
  }

  TensorRef tensor(const std::vector<double>& values, DType dtype) {
    const TensorRef made = new_host_tensor(golden_.inputs, dtype, {1, 1, 4, 4});
    for (std::size_t i = 0; i < values.size(); ++i) set_value(made, static_cast<std::int64_t>(i), values[i]);
    return made;
  }

  BoundCase bound() const {
    BoundCase made;
    made.op = golden_.op;
    made.instance = golden_.instance;
    made.name = golden_.name;
    made.golden = std::make_shared<GoldenCase>(golden_);
    return made;
  }

  Expectation expect_recorded(const std::vector<double>& out, const std::optional<std::vector<double>>& out64) {
    golden_.out = {tensor(out, DType::f32)};
    golden_.out64 = {out64 ? std::optional(tensor(*out64, DType::f64)) : std::nullopt};
    return expect(bound(), 1, 0);
  }

  std::vector<double> truth_with(std::size_t element, double value) const {
    std::vector<double> changed = truth_;
    changed[element] = value;
    return changed;
  }

  GoldenCase golden_;
  std::vector<double> truth_;
};

TEST_F(Recorded, ARightOutputPasses) {
  const Expectation expected = expect_recorded(truth_, truth_);
  EXPECT_EQ(expected.invalid, "");
  EXPECT_EQ(expected.witness, "f64");
  ASSERT_NE(expected.recorded, nullptr);
  EXPECT_TRUE(expected.recorded->passed);
  EXPECT_LT(expected.recorded->max_error_ratio, 1);
}

TEST_F(Recorded, AWrongOutputBesideARightWitnessFailsAndTheCaseStands) {
  for (const double wrong : {0.5, 1.0 / 3, double{NAN}, double{INFINITY}}) {
    const Expectation expected = expect_recorded(truth_with(6, wrong), truth_);
    EXPECT_EQ(expected.invalid, "") << wrong;
    ASSERT_NE(expected.recorded, nullptr) << wrong;
    EXPECT_FALSE(expected.recorded->passed) << wrong;
    EXPECT_GT(expected.recorded->max_error_ratio, 1) << wrong;
    EXPECT_EQ(expected.recorded->precision_class(), "worse") << wrong;
    EXPECT_THAT(expected.recorded->reason,
                HasSubstr("1 of 16 elements of probs are wrong; the first: probs[0, 0, 1, 2]"));
  }
}

TEST_F(Recorded, AWrongWitnessMakesTheCaseInvalid) {
  const Expectation expected = expect_recorded(truth_, truth_with(6, truth_[6] + 1e-7));
  EXPECT_THAT(
      expected.invalid,
      HasSubstr("the golden out64 and the oracle do not mean the same operator: 1 of 16 elements of out64.probs"));
  EXPECT_EQ(expected.recorded, nullptr) << "the truth itself is in doubt";
}

TEST_F(Recorded, WithoutAFloat64ResultTheOutputIsTheWitness) {
  EXPECT_EQ(expect_recorded(truth_, {}).witness, "f32");
  EXPECT_TRUE(expect_recorded(truth_, {}).recorded->passed);
  EXPECT_THAT(expect_recorded(truth_with(6, 0.5), {}).invalid,
              HasSubstr("the golden out and the oracle do not mean the same operator: 1 of 16 elements of probs"));
}

TEST_F(Recorded, OtherValuesHaveNeither) {
  golden_.out = {tensor(truth_, DType::f32)};
  golden_.out64 = {tensor(truth_, DType::f64)};
  const Expectation later = expect(bound(), 1, 1);
  EXPECT_EQ(later.witness, "");
  EXPECT_EQ(later.recorded, nullptr);
}

}  // namespace
}  // namespace assay::bench
