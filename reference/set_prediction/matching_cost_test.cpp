// matching_cost on queries and targets worked by hand, and what it refuses.
#include "reference/set_prediction/matching_cost.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/registry.h"

namespace assay {
namespace {

using Op = MatchingCost;

/// One image of two queries and three targets, three classes.
struct Problem {
  Op::Params params;
  std::vector<double> logits = {0, std::log(2), 0, std::log(3), 0, 0};  // softmax ¼ ½ ¼ and ⅗ ⅕ ⅕
  std::vector<double> boxes = {1, 1, 2, 2, 4, 1, 0, 0};
  std::vector<std::int64_t> labels = {1, 0, 2};
  std::vector<double> targets = {1, 1, 2, 2, 2, 1, 2, 2, 9, 9, 0, 0};

  Op::Inputs<double> inputs() const {
    return {{logits.data(), {1, 2, 3}}, {boxes.data(), {1, 2, 4}}, {labels.data(), {3}}, {targets.data(), {3, 4}}};
  }
  std::vector<double> costs() const {
    std::vector<double> cost(6);
    ErrorScale scale(1);
    scale[0].resize(6);
    Op::oracle(params, inputs(), Op::Outputs<double>{{cost.data(), {1, 2, 3}}}, scale);
    return cost;
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

TEST(MatchingCost, AddsTheThreeTerms) {
  const std::vector<double> cost = Problem().costs();
  // the same box: no distance, probability ½, GIoU 1
  EXPECT_DOUBLE_EQ(cost[0], -0.5 - 2);
  // moved by half its width: L1 1, IoU 2/6, hull = union
  EXPECT_DOUBLE_EQ(cost[1], 5 - 0.25 - 2.0 / 3);
  // a point far away: L1 8 + 8 + 2 + 2, IoU 0, hull 9 x 9 and union 4
  EXPECT_DOUBLE_EQ(cost[2], 100 - 0.25 + 2 * 77.0 / 81);
  // a point beside the box: L1 3 + 0 + 2 + 2, hull 4 x 2, union 4
  EXPECT_DOUBLE_EQ(cost[3], 35 - 0.2 + 2 * 4.0 / 8);
  // two points have no union
  EXPECT_TRUE(std::isnan(cost[5]));
}

TEST(MatchingCost, WeighsEachTerm) {
  Problem problem;
  problem.params = {1, 0, 0};
  EXPECT_DOUBLE_EQ(problem.costs()[1], -0.25);
  problem.params = {0, 3, 0};
  EXPECT_DOUBLE_EQ(problem.costs()[1], 3);
  problem.params = {0, 0, -1};
  EXPECT_DOUBLE_EQ(problem.costs()[1], 1.0 / 3);
}

TEST(MatchingCost, RefusesInASentence) {
  EXPECT_EQ(Problem().refusal(), "(nothing was refused)");
  Problem problem;
  problem.labels[2] = 3;
  EXPECT_EQ(problem.refusal(), "matching_cost: labels[2] is 3, but logits has the classes 0 to 2");
  problem.labels[2] = -1;
  EXPECT_EQ(problem.refusal(), "matching_cost: labels[2] is -1, but logits has the classes 0 to 2");
  problem = {};
  problem.logits[4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(problem.refusal(), "matching_cost: logits[0, 1], class 1, is nan, but logits must be finite");
  problem = {};
  problem.boxes[6] = -0.5;
  EXPECT_EQ(problem.refusal(),
            "matching_cost: boxes[0, 1] is (4, 1, -0.5, 0), but a finite centre and a finite width and height of at "
            "least 0 are needed");
  problem = {};
  problem.targets[4] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(problem.refusal(),
            "matching_cost: target_boxes[1] is (inf, 1, 2, 2), but a finite centre and a finite width and height of at "
            "least 0 are needed");
  problem = {};
  problem.params = {0, 0, 0};
  EXPECT_EQ(problem.refusal(),
            "matching_cost: class_weight, bbox_weight and giou_weight are all 0, but a cost needs a term");
}

TEST(MatchingCost, RefusesAsManyLabelsAsThereAreNoBoxes) {
  const OperatorEntry& op = find_operator(Op::name);
  const TensorRef tensors[] = {{nullptr, DType::f32, {1, 2, 3}},
                               {nullptr, DType::f32, {1, 2, 4}},
                               {nullptr, DType::i64, {3}},
                               {nullptr, DType::f32, {2, 4}}};
  const Slot inputs[] = {{&tensors[0], 1}, {&tensors[1], 1}, {&tensors[2], 1}, {&tensors[3], 1}};
  try {
    infer(op, op.instances.front(), resolve(op, {}), inputs);
    FAIL() << "nothing was refused";
  } catch (const InvalidArgument& refused) {
    EXPECT_STREQ(refused.what(),
                 "matching_cost: input target_boxes has shape [2, 4], so that T is 2, but labels has T = 3");
  }
}

}  // namespace
}  // namespace assay
