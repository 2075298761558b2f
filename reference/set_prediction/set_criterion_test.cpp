// set_criterion on a batch worked by hand, and what it refuses.
#include "reference/set_prediction/set_criterion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay {
namespace {

using Op = SetCriterion;

/// Two images of two queries; one target in the first and three in the second; two classes and no object.
struct Batch {
  Op::Params params;
  std::vector<double> logits = {0, std::log(2), 0, 0, 0, std::log(2), std::log(2), 0, 0, 0, 0, std::log(2)};
  std::vector<double> boxes = {5, 5, 2, 2, 1, 1, 2, 2, 2, 1, 2, 2, 3, 3, 1, 1};
  std::vector<std::int64_t> labels = {1, 0, 0, 1};
  std::vector<double> targets = {1, 1, 2, 2, 7, 7, 1, 1, 1, 1, 2, 2, 3, 3, 1, 1};
  std::vector<std::int64_t> sizes = {1, 3}, query = {1, 0, 1}, target = {0, 1, 2};

  Op::Inputs<double> inputs() const {
    const auto P = static_cast<std::int64_t>(query.size()), T = static_cast<std::int64_t>(labels.size());
    return {{logits.data(), {2, 2, 3}}, {boxes.data(), {2, 2, 4}}, {labels.data(), {T}}, {targets.data(), {T, 4}},
            {sizes.data(), {2}},        {query.data(), {P}},       {target.data(), {P}}};
  }
  std::vector<double> losses() const {
    std::vector<double> loss(3);
    ErrorScale scale(3);
    for (std::size_t i = 0; i < 3; ++i) scale[i].resize(1);
    Op::oracle(params, inputs(),
               Op::Outputs<double>{{loss.data(), {1}}, {loss.data() + 1, {1}}, {loss.data() + 2, {1}}}, scale);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(scale[i][0] >= loss[i] || std::isnan(loss[i]));
    return loss;
  }
  std::string refusal() const {
    try {
      Op::infer(params, inputs());
      Op::validate(params, inputs());
    } catch (const InvalidArgument& refused) {
      return refused.what();
    }
    return "(nothing was refused)";
  }
};

TEST(SetCriterion, IsTheMeanOverWeightsAndTargets) {
  const std::vector<double> loss = Batch().losses();
  // classes no object, 1, 0, 1 with probabilities ¼, ¼, ½, ¼
  const double two = std::log(2), four = std::log(4);
  EXPECT_DOUBLE_EQ(loss[0], (0.1 * four + four + two + four) / 3.1);
  // over 4 targets, though 3 are matched: the boxes of the second pair are 1 apart, those of the others are equal
  EXPECT_DOUBLE_EQ(loss[1], 1.0 / 4);
  EXPECT_DOUBLE_EQ(loss[2], (1 - 1.0 / 3) / 4);
}

TEST(SetCriterion, WithoutTargetsDividesByOne) {
  Batch batch;
  batch.labels.clear();
  batch.targets.clear();
  batch.sizes = {0, 0};
  batch.query.clear();
  batch.target.clear();
  EXPECT_EQ(batch.refusal(), "(nothing was refused)");
  const std::vector<double> loss = batch.losses();
  const double two = std::log(2), four = std::log(4);
  EXPECT_DOUBLE_EQ(loss[0], (four + two + four + two) / 4);
  EXPECT_EQ(loss[1], 0);
  EXPECT_EQ(loss[2], 0);
  batch.params.eos_coef = 0;
  EXPECT_TRUE(std::isnan(batch.losses()[0]));
}

TEST(SetCriterion, RefusesInASentence) {
  EXPECT_EQ(Batch().refusal(), "(nothing was refused)");
  Batch batch;
  batch.sizes = {1, 2};
  EXPECT_EQ(batch.refusal(), "set_criterion: sizes add up to 3, but labels has 4 targets");
  batch.sizes = {-1, 5};
  EXPECT_EQ(batch.refusal(), "set_criterion: sizes[0] is -1, but a number of targets must not be negative");
  batch = {};
  batch.query.pop_back();
  batch.target.pop_back();
  EXPECT_EQ(batch.refusal(), "set_criterion: query has 2 pairs, but 2 queries an image and these sizes make 3");
  batch = {};
  batch.query[2] = 2;
  EXPECT_EQ(batch.refusal(), "set_criterion: query[2] is 2, but image 1 has 2 of them");
  batch.query[2] = 0;
  EXPECT_EQ(batch.refusal(), "set_criterion: query[2] is 0, which image 1 has twice");
  batch = {};
  batch.target[0] = 1;
  EXPECT_EQ(batch.refusal(), "set_criterion: target[0] is 1, but image 0 has 1 of them");
  batch.target = {0, 2, 2};
  EXPECT_EQ(batch.refusal(), "set_criterion: target[2] is 2, which image 1 has twice");
  batch = {};
  batch.labels[3] = 3;
  EXPECT_EQ(batch.refusal(), "set_criterion: labels[3] is 3, but logits has the classes 0 to 2");
  batch = {};
  batch.logits[7] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(batch.refusal(), "set_criterion: logits[1, 0], class 1, is inf, but logits must be finite");
  batch = {};
  batch.params.eos_coef = -0.1;
  EXPECT_EQ(batch.refusal(), "set_criterion: eos_coef is -0.1, but a weight must not be negative");
}

}  // namespace
}  // namespace assay
