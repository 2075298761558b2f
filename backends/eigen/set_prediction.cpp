// The operators of set prediction as expressions over columns of boxes and rows of logits. hungarian_assignment has no
// kernel here: Eigen has no assignment solver.
#include <algorithm>

#include "backends/eigen/planes.h"
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"
#include "reference/set_prediction/generalized_box_iou.h"
#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/set_prediction/matching_cost.h"
#include "reference/set_prediction/postprocess_detections.h"
#include "reference/set_prediction/set_criterion.h"

namespace assay::eigen {
namespace {

// ---- boxes ----

/// Boxes [N, 4] in memory owned elsewhere, and in columns of their own.
template <class T>
using BoxMap =
    Eigen::Map<std::conditional_t<std::is_const_v<T>, const Eigen::Array<float, Eigen::Dynamic, 4, Eigen::RowMajor>,
                                  Eigen::Array<float, Eigen::Dynamic, 4, Eigen::RowMajor>>>;
using BoxColumns = Eigen::Array<float, Eigen::Dynamic, 4>;
using Column = Eigen::Array<float, Eigen::Dynamic, 1>;
using Box = Eigen::Array<float, 1, 4>;

/// Boxes by centre and size → by their corners.
template <class From, class To>
void to_corners(const From& boxes, To&& corners) {
  corners.template leftCols<2>() = boxes.template leftCols<2>() - 0.5F * boxes.template rightCols<2>();
  corners.template rightCols<2>() = boxes.template leftCols<2>() + 0.5F * boxes.template rightCols<2>();
}

/// The overlap along one axis of boxes [low, high] with those of `b`, and the extent that holds both.
template <class Boxes, class Low, class High>
auto shared(const Boxes& b, int axis, const Low& low, const High& high) {
  return (b.col(axis + 2).min(high) - b.col(axis).max(low)).max(0.0F);
}
template <class Boxes, class Low, class High>
auto spanned(const Boxes& b, int axis, const Low& low, const High& high) {
  return b.col(axis + 2).max(high) - b.col(axis).min(low);
}

template <class Boxes>
auto areas_of(const Boxes& boxes) {
  return (boxes.col(2) - boxes.col(0)) * (boxes.col(3) - boxes.col(1));
}

/// Boxes by their corners, their areas, and room for what they make with other boxes.
struct BoxList {
  BoxColumns corners;
  Column area, overlap, united, hull, giou;

  explicit BoxList(Eigen::Index count = 0)
      : corners(count, 4), area(count), overlap(count), united(count), hull(count), giou(count) {}

  /// GIoU of each with one box.
  void compare_with(const Box& box) {
    overlap = shared(corners, 0, box[0], box[2]) * shared(corners, 1, box[1], box[3]);
    hull = spanned(corners, 0, box[0], box[2]) * spanned(corners, 1, box[1], box[3]);
    finish((box[2] - box[0]) * (box[3] - box[1]));
  }
  /// GIoU of each with the box of the same number.
  void compare_each_with(const BoxColumns& boxes) {
    overlap = shared(corners, 0, boxes.col(0), boxes.col(2)) * shared(corners, 1, boxes.col(1), boxes.col(3));
    hull = spanned(corners, 0, boxes.col(0), boxes.col(2)) * spanned(corners, 1, boxes.col(1), boxes.col(3));
    finish(areas_of(boxes));
  }

 private:
  template <class Area>
  void finish(const Area& other_area) {
    united = area + other_area - overlap;
    giou = overlap / united - (hull - united) / hull;
  }
};

void box_cxcywh_to_xyxy(const BoxCxcywhToXyxy::Params&, const BoxCxcywhToXyxy::Inputs<float>& in,
                        const BoxCxcywhToXyxy::Outputs<float>& out) {
  const std::int64_t N = in.boxes.shape[0];
  to_corners(BoxMap<const float>(in.boxes.data, N, 4), BoxMap<float>(out.boxes.data, N, 4));
}

BoxList prepare_giou(const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>& in) {
  return BoxList(in.b.shape[0]);
}

void generalized_box_iou(BoxList& b, const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>& in,
                         const GeneralizedBoxIou::Outputs<float>& out) {
  const std::int64_t N = in.a.shape[0], M = in.b.shape[0];
  const BoxMap<const float> a(in.a.data, N, 4);
  PlaneMap<float> giou(out.giou.data, N, M);
  b.corners = BoxMap<const float>(in.b.data, M, 4);
  b.area = areas_of(b.corners);
  for (Eigen::Index i = 0; i < N; ++i) {
    b.compare_with(Box(a.row(i)));
    giou.row(i) = b.giou.transpose();
  }
}

// ---- matching_cost ----

/// Room for the targets, the classes' probabilities of one query, and the probability of each target's class.
struct Targets {
  BoxList boxes;
  BoxColumns sizes;                                    ///< the boxes by centre and size
  Eigen::Array<float, 1, Eigen::Dynamic> probability;  ///< [K]
};

Targets prepare_cost(const MatchingCost::Params&, const MatchingCost::Inputs<float>& in) {
  const std::int64_t T = in.labels.shape[0];
  return {BoxList(T), BoxColumns(T, 4), Eigen::Array<float, 1, Eigen::Dynamic>(in.logits.shape[2])};
}

/// Replaces logits by their probabilities.
template <class Row>
void softmax(Row& row) {
  row = (row - row.maxCoeff()).exp();
  // in double: Eigen adds what fills no whole vector one by one, and a float would round each time
  row /= static_cast<float>(row.template cast<double>().sum());
}

void matching_cost(Targets& targets, const MatchingCost::Params& params, const MatchingCost::Inputs<float>& in,
                   const MatchingCost::Outputs<float>& out) {
  const std::int64_t rows = in.logits.shape[0] * in.logits.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  const BoxMap<const float> boxes(in.boxes.data, rows, 4);
  const PlaneMap<const float> logits(in.logits.data, rows, K);
  PlaneMap<float> cost(out.cost.data, rows, T);
  const Eigen::Map<const Eigen::Array<std::int64_t, Eigen::Dynamic, 1>> labels(in.labels.data, T);
  const auto by_class = static_cast<float>(params.class_weight), by_l1 = static_cast<float>(params.bbox_weight),
             by_giou = static_cast<float>(params.giou_weight);
  targets.sizes = BoxMap<const float>(in.target_boxes.data, T, 4);
  to_corners(targets.sizes, targets.boxes.corners);
  targets.boxes.area = areas_of(targets.boxes.corners);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const Box box = boxes.row(row);
    Box corners;
    to_corners(box, corners);
    targets.boxes.compare_with(corners);
    targets.probability = logits.row(row);
    softmax(targets.probability);
    cost.row(row) = (by_l1 * (targets.sizes.rowwise() - box).abs().rowwise().sum() -
                     by_class * targets.probability.transpose()(labels) - by_giou * targets.boxes.giou)
                        .transpose();
  }
}

// ---- set_criterion ----

/// Room for the class of each query, the exponentials of one, and the boxes of the pairs.
struct Criterion {
  Eigen::Array<std::int64_t, Eigen::Dynamic, 1> classes;  ///< [B·Q]
  Eigen::Array<float, 1, Eigen::Dynamic> exponentials;    ///< [K]
  BoxColumns source, target, source_corners;              ///< [P, 4]
  BoxList target_corners;
};

Criterion prepare_criterion(const SetCriterion::Params&, const SetCriterion::Inputs<float>& in) {
  const std::int64_t rows = in.logits.shape[0] * in.logits.shape[1], P = in.query.shape[0];
  Criterion room;
  room.classes.resize(rows);
  room.exponentials.resize(in.logits.shape[2]);
  for (BoxColumns* boxes : {&room.source, &room.target, &room.source_corners}) boxes->resize(P, 4);
  room.target_corners = BoxList(P);
  return room;
}

/// Sets the classes of all queries, and brings the boxes of the pairs together.
void gather_pairs(Criterion& room, const SetCriterion::Inputs<float>& in) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], T = in.labels.shape[0];
  const BoxMap<const float> boxes(in.boxes.data, B * Q, 4), target_boxes(in.target_boxes.data, T, 4);
  room.classes.setConstant(in.logits.shape[2] - 1);
  std::int64_t pair = 0, first_target = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    for (const std::int64_t end = pair + std::min(Q, in.sizes.data[b]); pair < end; ++pair) {
      const std::int64_t row = b * Q + in.query.data[pair], t = first_target + in.target.data[pair];
      room.classes[row] = in.labels.data[t];
      room.source.row(pair) = boxes.row(row);
      room.target.row(pair) = target_boxes.row(t);
    }
    first_target += in.sizes.data[b];
  }
}

void set_criterion(Criterion& room, const SetCriterion::Params& params, const SetCriterion::Inputs<float>& in,
                   const SetCriterion::Outputs<float>& out) {
  const std::int64_t rows = in.logits.shape[0] * in.logits.shape[1], K = in.logits.shape[2];
  gather_pairs(room, in);
  const PlaneMap<const float> logits(in.logits.data, rows, K);
  double entropy = 0, weights = 0;
  for (Eigen::Index row = 0; row < rows; ++row) {
    const float most = logits.row(row).maxCoeff();
    room.exponentials = (logits.row(row) - most).exp();
    const double log_sum = std::log(room.exponentials.cast<double>().sum());
    const std::int64_t target = room.classes[row];
    const double weight = target == K - 1 ? params.eos_coef : 1;
    entropy += weight * (static_cast<double>(most) - static_cast<double>(logits(row, target)) + log_sum);
    weights += weight;
  }
  *out.loss_ce.data = static_cast<float>(entropy / weights);

  const auto num_boxes = static_cast<double>(std::max<std::int64_t>(in.labels.shape[0], 1));
  to_corners(room.source, room.source_corners);
  to_corners(room.target, room.target_corners.corners);
  room.target_corners.area = areas_of(room.target_corners.corners);
  room.target_corners.compare_each_with(room.source_corners);
  *out.loss_bbox.data = static_cast<float>((room.source - room.target).abs().cast<double>().sum() / num_boxes);
  *out.loss_giou.data = static_cast<float>((1 - room.target_corners.giou).cast<double>().sum() / num_boxes);
}

// ---- postprocess_detections ----

/// Room for the probabilities of one query.
using Probabilities = Eigen::Array<float, 1, Eigen::Dynamic>;

Probabilities prepare_detections(const PostprocessDetections::Params&, const PostprocessDetections::Inputs<float>& in) {
  return Probabilities(in.logits.shape[2]);
}

void postprocess_detections(Probabilities& probability, const PostprocessDetections::Params&,
                            const PostprocessDetections::Inputs<float>& in,
                            const PostprocessDetections::Outputs<float>& out) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2];
  const PlaneMap<const float> logits(in.logits.data, B * Q, K);
  for (Eigen::Index row = 0; row < B * Q; ++row) {
    probability = logits.row(row);
    softmax(probability);
    Eigen::Index label = 0;
    out.scores.data[row] = probability.head(K - 1).maxCoeff(&label);
    out.labels.data[row] = label;
  }
  for (std::int64_t b = 0; b < B; ++b) {
    const auto height = static_cast<float>(in.target_sizes.data[2 * b]),
               width = static_cast<float>(in.target_sizes.data[2 * b + 1]);
    BoxMap<float> corners(out.boxes.data + b * Q * 4, Q, 4);
    to_corners(BoxMap<const float>(in.boxes.data + b * Q * 4, Q, 4), corners);
    corners.rowwise() *= Box(width, height, width, height);
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add<BoxCxcywhToXyxy, float>(box_cxcywh_to_xyxy);
  table.add<GeneralizedBoxIou, float>(prepare_giou, generalized_box_iou);
  table.add<MatchingCost, float>(prepare_cost, matching_cost);
  table.decline<HungarianAssignment>("Eigen has no assignment solver");
  table.add<SetCriterion, float>(prepare_criterion, set_criterion);
  table.add<PostprocessDetections, float>(prepare_detections, postprocess_detections);
});

}  // namespace

}  // namespace assay::eigen
