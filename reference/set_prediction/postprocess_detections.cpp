// Validation, oracle, judge, error scales, cost and cases of postprocess_detections.
#include "reference/set_prediction/postprocess_detections.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "reference/set_prediction/detection.h"
#include "reference/value_classes.h"
#include "reference/workloads.h"

namespace assay {
namespace {

using namespace detection;

CaseOf<PostprocessDetections> detections_case(std::string name, std::string source, std::int64_t Q,
                                              const workloads::Sizes& sizes, std::int64_t K = 92,
                                              Tier tier = Tier::workload) {
  const auto B = static_cast<std::int64_t>(sizes.size());
  Values target_sizes;
  for (const auto& [height, width] : sizes) {
    target_sizes.elements.push_back(static_cast<double>(height));
    target_sizes.elements.push_back(static_cast<double>(width));
  }
  return {std::move(name),
          std::move(source),
          {},
          {{"logits", {B, Q, K}, Normal{0, 2}},
           {"boxes", {B, Q, 4}, Boxes{.centre_and_size = true}},
           {"target_sizes", {B, 2}, std::move(target_sizes)}},
          tier};
}

}  // namespace

std::vector<Shape> PostprocessDetections::infer(const Params&, const Inputs<double>& in) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2];
  if (K < 2)
    reject(name, fmt::format("input logits has shape {}, but the last of its classes is no object, and one more is "
                             "needed",
                             to_string(in.logits.shape)));
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t height = in.target_sizes.data[2 * b], width = in.target_sizes.data[2 * b + 1];
    if (height <= 0 || width <= 0)
      reject(name, fmt::format("target_sizes[{}] is {} x {}, but height and width must be positive", b, height, width));
  }
  return {{B, Q}, {B, Q}, {B, Q, 4}};
}

void PostprocessDetections::validate(const Params&, const Inputs<double>& in) {
  require_finite_logits(name, in.logits);
  for (std::int64_t i = 0; i < in.boxes.shape.elements(); ++i)
    if (!std::isfinite(in.boxes.data[i]))
      reject(name, fmt::format("{} has the number {}, but boxes must be finite",
                               row_name("boxes", in.boxes.shape, i / 4), in.boxes.data[i]));
}

/// The bounds are those of window_softmax and box_cxcywh_to_xyxy, the latter with one more rounding for the product
/// with an image's extent.
void PostprocessDetections::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out,
                                   ErrorScale& error) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2];
  for (std::int64_t row = 0; row < B * Q; ++row) {
    const double* logits = in.logits.data + row * K;
    const double* best = std::max_element(logits, logits + K - 1);
    const Classes classes = classes_of(logits, K);
    out.scores.data[row] = classes.probability(*best);
    error[0][static_cast<std::size_t>(row)] = classes.probability_scale(*best);
    out.labels.data[row] = best - logits;
    const std::int64_t* size = in.target_sizes.data + 2 * (row / Q);
    for (std::int64_t axis = 0; axis < 2; ++axis) {
      const double centre = in.boxes.data[4 * row + axis], half = in.boxes.data[4 * row + 2 + axis] / 2;
      const auto extent = static_cast<double>(size[1 - axis]);
      for (const std::int64_t side : {0, 1}) {
        const std::int64_t at = 4 * row + 2 * side + axis;
        out.boxes.data[at] = (side == 0 ? centre - half : centre + half) * extent;
        error[2][static_cast<std::size_t>(at)] = (std::abs(centre) + std::abs(half)) * extent;
      }
    }
  }
}

Judgement PostprocessDetections::judge(const Params&, const Inputs<double>& in, const Outputs<double>& got,
                                       const Outputs<double>& truth, const ElementTolerance& tolerance) {
  constexpr std::size_t of_scores = 0;
  const std::int64_t rows = got.labels.shape.elements(), K = in.logits.shape[2];
  Judgement judgement;
  std::int64_t wrong = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t label = got.labels.data[row];
    const bool is_class = label >= 0 && label < K - 1;
    const double *logits = in.logits.data + row * K, best = truth.scores.data[row];
    const double score = is_class ? best * std::exp(logits[label] - logits[truth.labels.data[row]]) : 0;
    const double tau = tolerance.tau(of_scores, row);
    const double ratio = is_class ? (best - score) / tau : std::numeric_limits<double>::infinity();
    if (!(ratio <= judgement.error_ratio)) judgement.error_ratio = ratio;
    if (ratio <= 1 || wrong++ > 0) continue;
    judgement.reason = fmt::format("the first: {} is {}", row_name("labels", in.logits.shape, row), label);
    judgement.reason += is_class ? fmt::format(", whose score is {:.6g}, but {} has {:.6g} (tolerance {:.3g})", score,
                                               truth.labels.data[row], best, tau)
                                 : fmt::format(", but the classes are 0 to {}", K - 2);
  }
  if (wrong > 0) judgement.reason = fmt::format("{} of {} labels are wrong; {}", wrong, rows, judgement.reason);
  return judgement;
}

/// A logit takes a comparison, a difference, an exponential and a sum; a box two products by ½, four sums and four
/// products.
Cost PostprocessDetections::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  const auto rows = static_cast<double>(in.logits.shape[0] * in.logits.shape[1]),
             K = static_cast<double>(in.logits.shape[2]), B = static_cast<double>(in.logits.shape[0]);
  return {rows * (K + 9) * static_cast<double>(element_bytes) + (rows + 2 * B) * sizeof(std::int64_t),
          rows * (4 * K + 10)};
}

std::vector<CaseOf<PostprocessDetections>> PostprocessDetections::cases() {
  const workloads::Sizes photographs = {{480, 640}, {427, 640}};
  std::vector<CaseOf<PostprocessDetections>> made = {
      detections_case("match_b8_q100", "DETR: 100 queries, 8 images of COCO", 100, workloads::coco_mixed_b8()),
      detections_case("match_b2_q300", "Deformable-DETR: 300 queries, 2 images of COCO", 300, photographs),
      detections_case("match_b2_q900", "DINO: 900 queries, 2 images of COCO", 900, photographs),
      detections_case("one_class", "one class and no object: the label is always 0", 5, {{3, 7}, {11, 5}}, 2,
                      Tier::small),
      detections_case("extents_alike", "images, queries and classes of one extent: their axes taken for each other", 4,
                      {{1, 9}, {8, 3}, {5, 4}, {2, 6}}, 4, Tier::small),
      detections_case("primes", "prime extents", 13, {{31, 17}, {3, 101}, {61, 7}}, 7, Tier::small),
      detections_case("lvis_classes", "LVIS: labels up to 1,202, beyond a byte", 11, {{31, 17}, {3, 101}}, 1204,
                      Tier::small)};
  made.push_back(detections_case("no_object_wins", "the last class is the best nearly everywhere, and is never a label",
                                 7, {{20, 30}, {40, 10}, {5, 50}}, 2, Tier::small));
  made.back().inputs[0].recipe = Ramp{-3, 4};
  made.push_back(detections_case("ties", "logits of three values: any of the best classes is right", 17,
                                 {{20, 30}, {40, 10}}, 13, Tier::small));
  made.back().inputs[0].recipe = Choice{{0, 1, 2}};
  return made;
}

Domain PostprocessDetections::domain() {
  ExtentRange classes = extents("K");
  classes.low = 2;
  std::erase(classes.levels, 1);
  ExtentRange height = counts("height"), width = counts("width");
  height.levels.push_back(800);
  width.levels.push_back(1333);
  return {
      .extents = {counts("B"), extents("Q"), classes, height, width},
      .fields = {{"logits", logit_classes()},
                 {"boxes", values::reals(Boxes{.centre_and_size = true}, {"equal", "ties", "large", "small",
                                                                          "outlier_last", "minus_zero", "subnormal"})},
                 {"target_sizes", values::within({"height", "width"}, 1)}},
      .valid = can_add_exponentials,
      .independent = "Q"};
}

}  // namespace assay
