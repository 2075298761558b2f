// Validation, oracle, error scale, cost and cases of matching_cost.
#include "reference/set_prediction/matching_cost.h"

#include <cmath>

#include "reference/set_prediction/detection.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

using namespace detection;

constexpr std::int64_t coco_classes = 92;  // DETR's 91 and no object

CaseOf<MatchingCost> cost_case(std::string name, std::string source, std::int64_t B, std::int64_t Q, std::int64_t T,
                               std::int64_t K = coco_classes, Tier tier = Tier::workload) {
  const Boxes boxes{.centre_and_size = true};
  return {std::move(name),
          std::move(source),
          {},
          {{"logits", {B, Q, K}, Normal{0, 2}},
           {"boxes", {B, Q, 4}, boxes},
           {"labels", {T}, Uniform{0, static_cast<double>(K)}},
           {"target_boxes", {T, 4}, boxes}},
          tier};
}

}  // namespace

std::vector<Shape> MatchingCost::infer(const Params& params, const Inputs<double>& in) {
  if (params.class_weight == 0 && params.bbox_weight == 0 && params.giou_weight == 0)
    reject(name, "class_weight, bbox_weight and giou_weight are all 0, but a cost needs a term");
  const Shape& logits = in.logits.shape;
  return {{logits[0], logits[1], in.labels.shape[0]}};
}

void MatchingCost::validate(const Params&, const Inputs<double>& in) {
  require_finite_logits(name, in.logits);
  require_boxes(name, "boxes", in.boxes);
  require_labels(name, in.labels, in.logits.shape[2]);
  require_boxes(name, "target_boxes", in.target_boxes);
}

/// S in quarters of the tolerance, c = 4: the bounds of the three terms (16 for L1, whose differences and sums round
/// relative to themselves; 10 for the softmax; 6 for GIoU), each with its weight, and 4 times the terms' magnitudes for
/// the two products and sums that join them.
void MatchingCost::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out,
                          ErrorScale& error) {
  const std::int64_t rows = out.cost.shape[0] * out.cost.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  const double by_class = std::abs(params.class_weight), by_l1 = std::abs(params.bbox_weight),
               by_giou = std::abs(params.giou_weight);
  for (std::int64_t row = 0; row < rows; ++row) {
    const double *logits = in.logits.data + row * K, *box = in.boxes.data + 4 * row;
    const Classes classes = classes_of(logits, K);
    for (std::int64_t t = 0; t < T; ++t) {
      const double *target = in.target_boxes.data + 4 * t, logit = logits[in.labels.data[t]];
      const double distance = l1(box, target), probability = classes.probability(logit);
      const double giou = generalized_iou(from_centre_and_size(box), from_centre_and_size(target));
      const double r = params.bbox_weight * distance - params.class_weight * probability - params.giou_weight * giou;
      const double terms = by_l1 * distance + by_class * probability + by_giou * std::abs(giou);
      const double scale = 4 * by_l1 * distance + 2.5 * by_class * classes.probability_scale(logit) +
                           by_giou * giou_scale(box, target) + terms;
      out.cost.data[row * T + t] = r;
      error[0][static_cast<std::size_t>(row * T + t)] = std::isnan(r) ? 0 : scale;
    }
  }
}

/// A logit takes a difference, an exponential and a sum. A pair takes about 21 operations of GIoU, 8 of L1 and 5 that
/// join the terms.
Cost MatchingCost::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t rows = in.logits.shape[0] * in.logits.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  const double moved = static_cast<double>((rows * (K + 4) + 4 * T + rows * T) * element_bytes);
  return {moved + static_cast<double>(T) * sizeof(std::int64_t),
          3.0 * static_cast<double>(rows * K) + 34.0 * static_cast<double>(rows * T)};
}

std::vector<CaseOf<MatchingCost>> MatchingCost::cases() {
  std::vector<CaseOf<MatchingCost>> made = {
      cost_case("match_b8_q100", "DETR: 100 queries, 20 targets an image", 8, 100, 160),
      cost_case("match_b2_q300", "Deformable-DETR: 300 queries, 20 targets an image", 2, 300, 40),
      cost_case("match_b2_q900", "DINO: 900 queries, 60 targets an image", 2, 900, 120),
      cost_case("no_targets", "a batch of images without objects", 2, 100, 0, coco_classes, Tier::small),
      cost_case("one_class", "a softmax of one class is 1", 2, 5, 3, 1, Tier::small),
      cost_case("more_targets_than_queries", "3 queries, 25 targets", 1, 3, 25, 7, Tier::small),
      cost_case("primes", "prime extents", 3, 13, 11, 7, Tier::small),
      cost_case("giou_weight_0", "a weight of 0 leaves the NaN of two points", 1, 2, 2, 3, Tier::small)};
  made.back().params.giou_weight = 0;
  made.back().inputs[1].recipe = Values{{0.25, 0.5, 0, 0, 0.5, 0.5, 0.25, 0.125}};
  made.back().inputs[3].recipe = Values{{0.75, 0.25, 0, 0.5, 0.125, 0.25, 0.5, 0.5}};
  made.push_back(cost_case("extents_alike",
                           "images, queries, classes and targets of one extent: their axes taken for each other", 4, 4,
                           4, 4, Tier::small));
  made.back().inputs[0].recipe = Uniform{0, 2};  // boxes too: one taken for the other
  return made;
}

namespace {

/// A pair takes about 34 operations, as much as 8 elements that are only read or written.
double steps_of_pairs(const Choices& choices) {
  const auto rows = static_cast<double>(choices.extent("B")) * static_cast<double>(choices.extent("Q"));
  return rows * (static_cast<double>(choices.extent("K")) + 8 * static_cast<double>(choices.extent("T")));
}

}  // namespace

Domain MatchingCost::domain() {
  return {.extents = {counts("B"), extents("Q"), extents("K"), extents("T", 0)},
          .parameters = {reals("class_weight", {1, 0, 2.5, -1}), reals("bbox_weight", {5, 0, 1, -2}),
                         reals("giou_weight", {2, 0, 0.5, -2})},
          .fields = {{"logits", logit_classes()},
                     {"boxes", box_classes()},
                     {"labels", values::below("K")},
                     {"target_boxes", box_classes()}},
          .valid = can_add_exponentials,
          .work = steps_of_pairs,
          .independent = "Q"};
}

}  // namespace assay
