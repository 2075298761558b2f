// postprocess_detections on predictions worked by hand, its judge, and what it refuses.
#include "reference/set_prediction/postprocess_detections.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay {
namespace {

using Op = PostprocessDetections;

/// Two images of one query; two classes and no object.
struct Batch {
  std::vector<double> logits = {0, std::log(2), std::log(5), 1, 1, 0};
  std::vector<double> boxes = {0.5, 0.5, 0.5, 0.25, 0.25, 0.75, 0, 0.5};
  std::vector<std::int64_t> sizes = {80, 40, 10, 20};

  Op::Inputs<double> inputs() const {
    return {{logits.data(), {2, 1, 3}}, {boxes.data(), {2, 1, 4}}, {sizes.data(), {2, 2}}};
  }
  std::string refusal() const {
    try {
      Op::infer({}, inputs());
      Op::validate({}, inputs());
    } catch (const InvalidArgument& refused) {
      return refused.what();
    }
    return "(nothing was refused)";
  }
};

struct Detections {
  std::vector<double> scores = std::vector<double>(2), boxes = std::vector<double>(8);
  std::vector<std::int64_t> labels = {0, 0};

  Op::Outputs<double> outputs() {
    return {{scores.data(), {2, 1}}, {labels.data(), {2, 1}}, {boxes.data(), {2, 1, 4}}};
  }
};

Detections detections_of(const Batch& batch) {
  Detections truth;
  ErrorScale scale(3);
  scale[0].resize(2);
  scale[2].resize(8);
  Op::oracle({}, batch.inputs(), truth.outputs(), scale);
  return truth;
}

Judgement judge(const Batch& batch, std::vector<std::int64_t> labels) {
  Detections truth = detections_of(batch), got = truth;
  got.labels = std::move(labels);
  return Op::judge({}, batch.inputs(), got.outputs(), truth.outputs(),
                   {DType::f32, [](std::size_t, std::int64_t) { return 1e-6; }});
}

TEST(PostprocessDetections, LeavesTheLastClassOutOfLabelsButNotOutOfTheSoftmax) {
  const Detections truth = detections_of({});
  EXPECT_EQ(truth.labels[0], 1);
  EXPECT_DOUBLE_EQ(truth.scores[0], 0.25);
  EXPECT_DOUBLE_EQ(truth.scores[1], 1 / (2 + std::exp(-1)));
}

TEST(PostprocessDetections, ScalesEachImagesBoxesByWidthAndHeight) {
  const Detections truth = detections_of({});
  EXPECT_EQ(truth.boxes, (std::vector<double>{10, 30, 30, 50, 5, 5, 5, 10}));
}

TEST(PostprocessDetections, JudgesAnyOfTheBestClassesRight) {
  EXPECT_EQ(judge({}, {1, 0}).error_ratio, 0);
  EXPECT_EQ(judge({}, {1, 1}).error_ratio, 0);
  Batch close;
  close.logits[4] = 1 - 1e-6;
  const Judgement judgement = judge(close, {1, 1});
  EXPECT_GT(judgement.error_ratio, 0.4);
  EXPECT_LE(judgement.error_ratio, 1);
  EXPECT_EQ(judgement.reason, "");
}

TEST(PostprocessDetections, JudgesOtherClassesWrong) {
  EXPECT_EQ(judge({}, {0, 0}).reason,
            "1 of 2 labels are wrong; the first: labels[0, 0] is 0, whose score is 0.125, but 1 has 0.25 (tolerance "
            "1e-06)");
  EXPECT_EQ(judge({}, {1, 2}).reason,
            "1 of 2 labels are wrong; the first: labels[1, 0] is 2, but the classes are 0 to 1");
  EXPECT_EQ(judge({}, {-1, 0}).reason,
            "1 of 2 labels are wrong; the first: labels[0, 0] is -1, but the classes are 0 to 1");
}

TEST(PostprocessDetections, RefusesInASentence) {
  EXPECT_EQ(Batch().refusal(), "(nothing was refused)");
  Batch batch;
  batch.sizes[3] = 0;
  EXPECT_EQ(batch.refusal(),
            "postprocess_detections: target_sizes[1] is 10 x 0, but height and width must be positive");
  batch = {};
  batch.logits[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(batch.refusal(), "postprocess_detections: logits[0, 0], class 1, is nan, but logits must be finite");
  batch = {};
  batch.boxes[6] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(batch.refusal(), "postprocess_detections: boxes[1, 0] has the number inf, but boxes must be finite");
  const std::vector<double> logits = {1, 2};
  batch = {};
  try {
    auto in = batch.inputs();
    in.logits = {logits.data(), {2, 1, 1}};
    Op::infer({}, in);
    FAIL() << "nothing was refused";
  } catch (const InvalidArgument& refused) {
    EXPECT_STREQ(refused.what(),
                 "postprocess_detections: input logits has shape [2, 1, 1], but the last of its classes is no object, "
                 "and one more is needed");
  }
}

}  // namespace
}  // namespace assay
