// matching_cost with every mistake a port was seen, or is likely, to make.
#include "reference/set_prediction/matching_cost.h"

#include <algorithm>

#include "bench/planted/planted.h"
#include "reference/set_prediction/detection.h"

namespace assay::bench::planted {
namespace {

using Op = MatchingCost;
using detection::Box;

/// The logits of one image, and the query and the class that are asked for.
struct Logits {
  const double* first;
  std::int64_t Q, K, q, label;
  const double* row() const { return first + q * K; }
};

double softmax(Logits l) { return detection::classes_of(l.row(), l.K).probability(l.row()[l.label]); }

/// What a pair costs, term by term.
struct Terms {
  double probability, distance, giou;
};

struct Overlap {
  double width, height, united, hull;
  Overlap(const Box& a, const Box& b)
      : width(std::min(a.x1, b.x1) - std::max(a.x0, b.x0)),
        height(std::min(a.y1, b.y1) - std::max(a.y0, b.y0)),
        united(a.area() + b.area() - area()),
        hull((std::max(a.x1, b.x1) - std::min(a.x0, b.x0)) * (std::max(a.y1, b.y1) - std::min(a.y0, b.y0))) {}
  double area() const { return std::max(width, 0.0) * std::max(height, 0.0); }
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  double (*probability)(Logits) = softmax;
  double (*distance)(const double* a, const double* b) = detection::l1;
  Box (*corners)(const double* box) = detection::from_centre_and_size;
  double (*giou)(const Box& a, const Box& b) = detection::generalized_iou;
  double (*cost)(const Op::Params&, Terms) = [](const Op::Params& p, Terms t) {
    return p.bbox_weight * t.distance - p.class_weight * t.probability - p.giou_weight * t.giou;
  };
  /// The target whose box is taken for target t of T, and the query for query q of image b.
  std::int64_t (*target)(std::int64_t t, std::int64_t T) = [](std::int64_t t, std::int64_t) { return t; };
  std::int64_t (*row)(std::int64_t b, std::int64_t q, std::int64_t Q) = [](std::int64_t b, std::int64_t q,
                                                                           std::int64_t Q) { return b * Q + q; };
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  double* cost = out.cost.data;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t q = 0; q < Q; ++q)
      for (std::int64_t t = 0; t < T; ++t) {
        const double* box = in.boxes.data + 4 * mistake.row(b, q, Q);
        const double* target = in.target_boxes.data + 4 * mistake.target(t, T);
        const Logits logits{in.logits.data + b * Q * K, Q, K, q, in.labels.data[t]};
        *cost++ = mistake.cost(params, {mistake.probability(logits), mistake.distance(box, target),
                                        mistake.giou(mistake.corners(box), mistake.corners(target))});
      }
}

const Plant<Op> plant(
    run,
    {
        wrong("sigmoid", "sigmoid for softmax", &Mistake::probability,
              [](Logits l) { return 1 / (1 + std::exp(-l.row()[l.label])); }),
        wrong("logit", "the logit for its probability", &Mistake::probability,
              [](Logits l) { return l.row()[l.label]; }),
        wrong("log_softmax", "the loss's logarithm of the probability", &Mistake::probability,
              [](Logits l) { return -detection::classes_of(l.row(), l.K).cross_entropy(l.row()[l.label]); }),
        wrong("label_off_by_one", "the class after the label", &Mistake::probability,
              [](Logits l) { return l.label = (l.label + 1) % l.K, softmax(l); }),
        wrong("without_no_object", "softmax over all classes but the last", &Mistake::probability,
              [](Logits l) {
                const double no_object = l.row()[l.K - 1];
                const detection::Classes all = detection::classes_of(l.row(), l.K);
                return all.probability(l.row()[l.label]) / (1 - all.probability(no_object));
              }),
        wrong("over_queries", "softmax over the queries", &Mistake::probability,
              [](Logits l) {
                double sum = 0;
                for (std::int64_t q = 0; q < l.Q; ++q) sum += std::exp(l.first[q * l.K + l.label]);
                return std::exp(l.row()[l.label]) / sum;
              }),
        wrong("no_maximum", "no maximum subtracted, in float32", &Mistake::probability,
              [](Logits l) {
                float sum = 0;
                for (std::int64_t k = 0; k < l.K; ++k) sum += std::exp(static_cast<float>(l.row()[k]));
                return static_cast<double>(std::exp(static_cast<float>(l.row()[l.label])) / sum);
              }),
        wrong("l1_of_corners", "L1 of the corners", &Mistake::distance,
              [](const double* a, const double* b) {
                const Box x = detection::from_centre_and_size(a), y = detection::from_centre_and_size(b);
                return std::abs(x.x0 - y.x0) + std::abs(x.y0 - y.y0) + std::abs(x.x1 - y.x1) + std::abs(x.y1 - y.y1);
              }),
        wrong("l1_mean", "the mean of the four distances", &Mistake::distance,
              [](const double* a, const double* b) { return detection::l1(a, b) / 4; }),
        wrong("l1_centre", "the distance of the centres alone", &Mistake::distance,
              [](const double* a, const double* b) { return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]); }),
        wrong("l2", "L2 for L1", &Mistake::distance,
              [](const double* a, const double* b) {
                double sum = 0;
                for (int i = 0; i < 4; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
                return std::sqrt(sum);
              }),
        wrong("already_corners", "centre and size taken for corners", &Mistake::corners, detection::from_corners),
        wrong("no_half", "the whole extent on either side of the centre", &Mistake::corners,
              [](const double* b) {
                return Box{b[0] - b[2], b[1] - b[3], b[0] + b[2], b[1] + b[3]};
              }),
        wrong("swapped_extents", "width and height swapped", &Mistake::corners,
              [](const double* b) {
                return Box{b[0] - b[3] / 2, b[1] - b[2] / 2, b[0] + b[3] / 2, b[1] + b[2] / 2};
              }),
        wrong("iou", "IoU for GIoU", &Mistake::giou,
              [](const Box& a, const Box& b) { return Overlap(a, b).area() / Overlap(a, b).united; }),
        wrong("over_union", "the hull's rest over the union", &Mistake::giou,
              [](const Box& a, const Box& b) {
                const Overlap o(a, b);
                return o.area() / o.united - (o.hull - o.united) / o.united;
              }),
        wrong("no_clamp", "boxes apart overlap by a product of negatives", &Mistake::giou,
              [](const Box& a, const Box& b) {
                const Overlap o(a, b);
                const double area = o.width * o.height, united = a.area() + b.area() - area;
                return area / united - (o.hull - united) / o.hull;
              }),
        wrong("nan_to_zero", "0 where the union is 0", &Mistake::giou,
              [](const Box& a, const Box& b) {
                return Overlap(a, b).united == 0 ? 0.0 : detection::generalized_iou(a, b);
              }),
        wrong("eps", "1e-7 in both denominators: no NaN", &Mistake::giou,
              [](const Box& a, const Box& b) {
                const Overlap o(a, b);
                return o.area() / (o.united + 1e-7) - (o.hull - o.united) / (o.hull + 1e-7);
              }),
        wrong("class_sign", "probability added", &Mistake::cost,
              [](const Op::Params& p, Terms t) {
                return p.bbox_weight * t.distance + p.class_weight * t.probability - p.giou_weight * t.giou;
              }),
        wrong("giou_sign", "GIoU added", &Mistake::cost,
              [](const Op::Params& p, Terms t) {
                return p.bbox_weight * t.distance - p.class_weight * t.probability + p.giou_weight * t.giou;
              }),
        wrong("giou_loss", "1 - GIoU, as in the loss", &Mistake::cost,
              [](const Op::Params& p, Terms t) {
                return p.bbox_weight * t.distance - p.class_weight * t.probability + p.giou_weight * (1 - t.giou);
              }),
        wrong("class_loss", "1 - probability, as the comment in DETR has it", &Mistake::cost,
              [](const Op::Params& p, Terms t) {
                return p.bbox_weight * t.distance + p.class_weight * (1 - t.probability) - p.giou_weight * t.giou;
              }),
        wrong("no_giou_of_weight_0", "a term of weight 0 left out, its NaN too", &Mistake::cost,
              [](const Op::Params& p, Terms t) {
                const double others = p.bbox_weight * t.distance - p.class_weight * t.probability;
                return p.giou_weight == 0 ? others : others - p.giou_weight * t.giou;
              }),
        wrong("box_after", "the box of the next target", &Mistake::target, [](auto t, auto T) { return (t + 1) % T; }),
        wrong("first_image", "the first image's boxes for all", &Mistake::row, [](auto, auto q, auto) { return q; }),
    },
    {
        params<Op>("weights_1", "all weights 1",
                   [](Op::Params& p) {
                     p = {1, 1, 1};
                   }),
        params<Op>("class_bbox", "weights of class and L1 swapped",
                   [](Op::Params& p) { std::swap(p.class_weight, p.bbox_weight); }),
        params<Op>("bbox_giou", "weights of L1 and GIoU swapped",
                   [](Op::Params& p) { std::swap(p.bbox_weight, p.giou_weight); }),
        params<Op>("class_giou", "weights of class and GIoU swapped",
                   [](Op::Params& p) { std::swap(p.class_weight, p.giou_weight); }),
        output_from("targets_first", "written as T B Q", "cost", innermost_axis_first),
        input_from("first_image_logits", "the first image's logits for all", "logits", first_slice),
        input_from("logits_transposed", "logits read as K by Q", "logits", last_axes_swapped),
        int32_input("labels"),
        rounded_input("logits"),
        rounded_input("boxes"),
        rounded_input("target_boxes"),
        rounded_output("cost"),
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        overrun("cost"),
        overread("logits"),
        input_changed("logits"),
    });

}  // namespace
}  // namespace assay::bench::planted
