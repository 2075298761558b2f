// The operators of set prediction as in DETR (util/box_ops.py, models/matcher.py, models/detr.py SetCriterion and
// PostProcess) and torchvision (ops/boxes.py).
#include <vector>

#include "backends/libtorch/tensors.h"
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"
#include "reference/set_prediction/generalized_box_iou.h"
#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/set_prediction/matching_cost.h"
#include "reference/set_prediction/postprocess_detections.h"
#include "reference/set_prediction/set_criterion.h"

namespace assay::libtorch {
namespace {

// ---- boxes ----

/// [..., 4] by centre and size → the four columns of the corners.
std::vector<at::Tensor> corners_of(const at::Tensor& boxes) {
  const auto columns = boxes.unbind(-1);
  const at::Tensor half_w = 0.5 * columns[2], half_h = 0.5 * columns[3];
  return {columns[0] - half_w, columns[1] - half_h, columns[0] + half_w, columns[1] + half_h};
}

at::Tensor box_area(const at::Tensor& boxes) {
  return (boxes.select(-1, 2) - boxes.select(-1, 0)) * (boxes.select(-1, 3) - boxes.select(-1, 1));
}

/// Areas of overlap, union and hull of boxes by their corners, whose shapes are broadcast.
struct Areas {
  at::Tensor overlap, united, hull;
  Areas(const at::Tensor& a, const at::Tensor& b) {
    const auto low = [](const at::Tensor& boxes) { return boxes.narrow(-1, 0, 2); };
    const auto high = [](const at::Tensor& boxes) { return boxes.narrow(-1, 2, 2); };
    const at::Tensor inner = (at::minimum(high(a), high(b)) - at::maximum(low(a), low(b))).clamp(0);
    const at::Tensor outer = (at::maximum(high(a), high(b)) - at::minimum(low(a), low(b))).clamp(0);
    overlap = inner.select(-1, 0) * inner.select(-1, 1);
    united = box_area(a) + box_area(b) - overlap;
    hull = outer.select(-1, 0) * outer.select(-1, 1);
  }
  at::Tensor giou() const { return overlap / united - (hull - united) / hull; }
};

void box_cxcywh_to_xyxy(const BoxCxcywhToXyxy::Params&, const BoxCxcywhToXyxy::Inputs<float>& in,
                        const BoxCxcywhToXyxy::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor boxes = tensor_of(out.boxes);
  at::stack_out(boxes, corners_of(tensor_of(in.boxes)), -1);
}

void generalized_box_iou(const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>& in,
                         const GeneralizedBoxIou::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor giou = tensor_of(out.giou);
  const Areas areas(tensor_of(in.a).unsqueeze(1), tensor_of(in.b).unsqueeze(0));
  at::sub_out(giou, areas.overlap / areas.united, (areas.hull - areas.united) / areas.hull);
}

// ---- matching_cost ----

void matching_cost(const MatchingCost::Params& params, const MatchingCost::Inputs<float>& in,
                   const MatchingCost::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor out_prob = tensor_of(in.logits).flatten(0, 1).softmax(-1);
  const at::Tensor out_bbox = tensor_of(in.boxes).flatten(0, 1), tgt_bbox = tensor_of(in.target_boxes);
  const at::Tensor cost_class = -out_prob.index_select(1, tensor_of(in.labels));
  const at::Tensor cost_bbox = at::cdist(out_bbox, tgt_bbox, 1);
  const at::Tensor cost_giou =
      -Areas(at::stack(corners_of(out_bbox), -1).unsqueeze(1), at::stack(corners_of(tgt_bbox), -1).unsqueeze(0)).giou();
  at::Tensor cost = tensor_of(out.cost).flatten(0, 1);
  at::add_out(cost, params.bbox_weight * cost_bbox + params.class_weight * cost_class, cost_giou, params.giou_weight);
}

// ---- set_criterion ----

/// What the sizes say of the pairs: [P] each.
struct Pairs {
  at::Tensor first_query;   ///< of the pair's image, among those of the batch
  at::Tensor first_target;  ///< of the pair's image, among those of the batch
  at::Tensor empty_weight;  ///< [K]
};

Pairs prepare_criterion(const SetCriterion::Params& params, const SetCriterion::Inputs<float>& in) {
  const NoAutograd guard;
  const std::int64_t Q = in.logits.shape[1], K = in.logits.shape[2];
  std::vector<std::int64_t> first_query, first_target;
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < in.sizes.shape[0]; ++b) {
    const auto pairs = static_cast<std::size_t>(std::min(Q, in.sizes.data[b]));
    first_query.insert(first_query.end(), pairs, b * Q);
    first_target.insert(first_target.end(), pairs, before);
    before += in.sizes.data[b];
  }
  at::Tensor empty_weight = at::ones({K}, at::TensorOptions(at::kFloat).device(device()));
  empty_weight[K - 1].fill_(params.eos_coef);
  const auto on_device = [](const std::vector<std::int64_t>& values) {
    return at::tensor(values, at::TensorOptions(at::kLong)).to(device());
  };
  return {on_device(first_query), on_device(first_target), empty_weight};
}

void set_criterion(Pairs& pairs, const SetCriterion::Params&, const SetCriterion::Inputs<float>& in,
                   const SetCriterion::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor logits = tensor_of(in.logits).flatten(0, 1), labels = tensor_of(in.labels);
  const at::Tensor source = pairs.first_query + tensor_of(in.query), target = pairs.first_target + tensor_of(in.target);
  const double num_boxes = static_cast<double>(std::max<std::int64_t>(labels.size(0), 1));

  const at::Tensor target_classes = at::full({logits.size(0)}, logits.size(1) - 1, labels.options());
  target_classes.index_copy_(0, source, labels.index_select(0, target));
  at::Tensor loss_ce = tensor_of(out.loss_ce).select(0, 0);
  at::nll_loss_out(loss_ce, logits.log_softmax(-1), target_classes, pairs.empty_weight);

  const at::Tensor src_boxes = tensor_of(in.boxes).flatten(0, 1).index_select(0, source);
  const at::Tensor target_boxes = tensor_of(in.target_boxes).index_select(0, target);
  at::Tensor loss_bbox = tensor_of(out.loss_bbox).select(0, 0), loss_giou = tensor_of(out.loss_giou).select(0, 0);
  at::div_out(loss_bbox, (src_boxes - target_boxes).abs().sum(), at::scalar_tensor(num_boxes, logits.options()));
  const Areas areas(at::stack(corners_of(src_boxes), -1), at::stack(corners_of(target_boxes), -1));
  at::div_out(loss_giou, (1 - areas.giou()).sum(), at::scalar_tensor(num_boxes, logits.options()));
}

// ---- postprocess_detections ----

/// [B, 1, 4]: width, height, width, height.
using ScaleFactors = at::Tensor;

ScaleFactors prepare_detections(const PostprocessDetections::Params&, const PostprocessDetections::Inputs<float>& in) {
  const NoAutograd guard;
  std::vector<float> factors;
  for (std::int64_t b = 0; b < in.target_sizes.shape[0]; ++b) {
    const auto height = static_cast<float>(in.target_sizes.data[2 * b]),
               width = static_cast<float>(in.target_sizes.data[2 * b + 1]);
    factors.insert(factors.end(), {width, height, width, height});
  }
  return at::tensor(factors, at::TensorOptions(at::kFloat)).to(device()).view({-1, 1, 4});
}

void postprocess_detections(ScaleFactors& scale_fct, const PostprocessDetections::Params&,
                            const PostprocessDetections::Inputs<float>& in,
                            const PostprocessDetections::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor prob = tensor_of(in.logits).softmax(-1);
  at::Tensor scores = tensor_of(out.scores), labels = tensor_of(out.labels), boxes = tensor_of(out.boxes);
  at::max_out(scores, labels, prob.narrow(-1, 0, prob.size(-1) - 1), -1);
  at::mul_out(boxes, at::stack(corners_of(tensor_of(in.boxes)), -1), scale_fct);
}

const Kernels kernels([](KernelTable& table) {
  table.add<BoxCxcywhToXyxy, float>(box_cxcywh_to_xyxy);
  table.add<GeneralizedBoxIou, float>(generalized_box_iou);
  table.add<MatchingCost, float>(matching_cost);
  table.decline<HungarianAssignment>("ATen has no assignment solver; DETR calls SciPy on the host");
  table.add<SetCriterion, float>(prepare_criterion, set_criterion);
  table.depends_on_thread_count<SetCriterion>("ATen adds long sums in as many parts as there are threads");
  table.add<PostprocessDetections, float>(prepare_detections, postprocess_detections);
});

}  // namespace

}  // namespace assay::libtorch
