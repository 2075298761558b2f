// set_criterion with every mistake a port was seen, or is likely, to make.
#include "reference/set_prediction/set_criterion.h"

#include <algorithm>

#include "bench/planted/planted.h"
#include "reference/set_prediction/detection.h"

namespace assay::bench::planted {
namespace {

using Op = SetCriterion;
using detection::Box;

/// A pair of image b: its number among the image's and among all, what it was matched with, and where the image's
/// targets begin.
struct Pair {
  std::int64_t b, own, p, query, target, first_target, Q, T;
};

/// What the losses are divided by.
struct Counts {
  std::int64_t B, Q, T, P;
  double weights;
};

double cross_entropy(const double* logits, std::int64_t K, std::int64_t target) {
  return detection::classes_of(logits, K).cross_entropy(logits[target]);
}
double sum_in_double(double sum, double term) { return sum + term; }

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  std::int64_t (*row)(Pair) = [](Pair k) { return k.b * k.Q + k.query; };
  std::int64_t (*label)(Pair) = [](Pair k) { return k.first_target + k.target; };
  std::int64_t (*box)(Pair) = [](Pair k) { return k.first_target + k.target; };
  std::int64_t (*no_object)(std::int64_t K) = [](std::int64_t K) { return K - 1; };
  double (*weight)(double eos_coef, bool is_matched, bool is_last) = [](double eos_coef, bool, bool is_last) {
    return is_last ? eos_coef : 1;
  };
  double (*entropy)(const double* logits, std::int64_t K, std::int64_t target) = cross_entropy;
  double (*distance)(const double* a, const double* b) = detection::l1;
  Box (*corners)(const double* box) = detection::from_centre_and_size;
  double (*misfit)(const Box& a, const Box& b) = [](const Box& a, const Box& b) {
    return 1 - detection::generalized_iou(a, b);
  };
  double (*queries)(Counts) = [](Counts n) { return n.weights; };
  double (*boxes)(Counts) = [](Counts n) { return static_cast<double>(std::max<std::int64_t>(n.T, 1)); };
  double (*sum)(double sum, double term) = sum_in_double;
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  std::vector<std::int64_t> class_of(static_cast<std::size_t>(B * Q), mistake.no_object(K));
  std::vector<bool> is_matched(class_of.size(), false);
  double distance = 0, misfit = 0;
  Pair pair{0, 0, 0, 0, 0, 0, Q, T};
  for (; pair.b < B; ++pair.b) {
    for (pair.own = 0; pair.own < std::min(Q, in.sizes.data[pair.b]); ++pair.own, ++pair.p) {
      pair.query = in.query.data[pair.p];
      pair.target = in.target.data[pair.p];
      const auto row = static_cast<std::size_t>(mistake.row(pair) % (B * Q));
      class_of[row] = in.labels.data[mistake.label(pair) % T];
      is_matched[row] = true;
      const double *box = in.boxes.data + 4 * row, *target = in.target_boxes.data + 4 * (mistake.box(pair) % T);
      distance = mistake.sum(distance, mistake.distance(box, target));
      misfit = mistake.sum(misfit, mistake.misfit(mistake.corners(box), mistake.corners(target)));
    }
    pair.first_target += in.sizes.data[pair.b];
  }
  double entropy = 0, weights = 0;
  for (std::size_t row = 0; row < class_of.size(); ++row) {
    const double weight = mistake.weight(params.eos_coef, is_matched[row], class_of[row] == K - 1);
    const double* logits = in.logits.data + static_cast<std::int64_t>(row) * K;
    entropy = mistake.sum(entropy, weight * mistake.entropy(logits, K, class_of[row]));
    weights = mistake.sum(weights, weight);
  }
  const Counts counts{B, Q, T, pair.p, weights};
  *out.loss_ce.data = entropy / mistake.queries(counts);
  *out.loss_bbox.data = distance / mistake.boxes(counts);
  *out.loss_giou.data = misfit / mistake.boxes(counts);
}

const Plant<Op> plant(
    run,
    {
        wrong("first_image_queries", "the first image's queries for all", &Mistake::row,
              [](Pair k) { return k.query; }),
        wrong("queries_in_order", "the n-th query for the n-th pair", &Mistake::row,
              [](Pair k) { return k.b * k.Q + k.own; }),
        wrong("targets_for_queries", "query and target swapped", &Mistake::row,
              [](Pair k) { return k.b * k.Q + k.target; }),
        wrong("first_targets", "another image's block: labels of the batch's first targets", &Mistake::label,
              [](Pair k) { return k.target; }),
        wrong("labels_in_order", "the n-th label for the n-th pair", &Mistake::label,
              [](Pair k) { return k.first_target + k.own; }),
        wrong("labels_by_pair", "labels counted by pairs, not by targets", &Mistake::label, [](Pair k) { return k.p; }),
        wrong("label_after", "the label of the next target", &Mistake::label,
              [](Pair k) { return k.first_target + k.target + 1; }),
        wrong("first_boxes", "another image's block: boxes of the batch's first targets", &Mistake::box,
              [](Pair k) { return k.target; }),
        wrong("boxes_in_order", "the n-th box for the n-th pair", &Mistake::box,
              [](Pair k) { return k.first_target + k.own; }),
        wrong("unmatched_0", "unmatched queries of class 0", &Mistake::no_object, [](auto) { return std::int64_t{0}; }),
        wrong("eos_ignored", "no object weighs 1", &Mistake::weight, [](double, bool, bool) { return 1.0; }),
        wrong("eos_left_out", "queries without a target left out", &Mistake::weight,
              [](double, bool is_matched, bool) { return is_matched ? 1.0 : 0.0; }),
        wrong("eos_on_others", "the weight given to the classes", &Mistake::weight,
              [](double eos_coef, bool, bool is_last) { return is_last ? 1 : eos_coef; }),
        wrong("eos_squared", "no object weighed twice", &Mistake::weight,
              [](double eos_coef, bool, bool is_last) { return is_last ? eos_coef * eos_coef : 1; }),
        wrong("probability", "1 - probability for the cross entropy", &Mistake::entropy,
              [](const double* logits, auto K, auto target) {
                return 1 - detection::classes_of(logits, K).probability(logits[target]);
              }),
        wrong("binary", "the logarithm to base 2", &Mistake::entropy,
              [](const double* logits, auto K, auto target) {
                return cross_entropy(logits, K, target) / std::log(2.0);
              }),
        wrong("sigmoid", "sigmoid for softmax", &Mistake::entropy,
              [](const double* logits, auto, auto target) { return std::log1p(std::exp(-logits[target])); }),
        wrong("eps", "1e-6 in the logarithm", &Mistake::entropy,
              [](const double* logits, auto K, auto target) {
                return -std::log(detection::classes_of(logits, K).probability(logits[target]) + 1e-6);
              }),
        wrong("classes_alone", "softmax over the classes without no object", &Mistake::entropy,
              [](const double* logits, auto K, auto target) {
                return target == K - 1 ? cross_entropy(logits, K, target) : cross_entropy(logits, K - 1, target);
              }),
        wrong("squared", "squared distances for L1", &Mistake::distance,
              [](const double* a, const double* b) {
                double sum = 0;
                for (int i = 0; i < 4; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
                return sum;
              }),
        wrong("mean", "the mean of the four distances", &Mistake::distance,
              [](const double* a, const double* b) { return detection::l1(a, b) / 4; }),
        wrong("l1_of_corners", "L1 of the corners", &Mistake::distance,
              [](const double* a, const double* b) {
                const Box x = detection::from_centre_and_size(a), y = detection::from_centre_and_size(b);
                return std::abs(x.x0 - y.x0) + std::abs(x.y0 - y.y0) + std::abs(x.x1 - y.x1) + std::abs(x.y1 - y.y1);
              }),
        wrong("already_corners", "centre and size taken for corners", &Mistake::corners, detection::from_corners),
        wrong("no_half", "the whole extent on either side of the centre", &Mistake::corners,
              [](const double* b) {
                return Box{b[0] - b[2], b[1] - b[3], b[0] + b[2], b[1] + b[3]};
              }),
        wrong("giou_sign", "1 + GIoU", &Mistake::misfit,
              [](const Box& a, const Box& b) { return 1 + detection::generalized_iou(a, b); }),
        wrong("giou_cost", "-GIoU, as in the matching cost", &Mistake::misfit,
              [](const Box& a, const Box& b) { return -detection::generalized_iou(a, b); }),
        wrong("nan_to_zero", "pairs of points left out", &Mistake::misfit,
              [](const Box& a, const Box& b) {
                const double misfit = 1 - detection::generalized_iou(a, b);
                return std::isnan(misfit) ? 0 : misfit;
              }),
        wrong("over_queries", "the weighted sum over the number of queries", &Mistake::queries,
              [](Counts n) { return static_cast<double>(n.B * n.Q); }),
        wrong("over_targets", "the weighted sum over the number of targets", &Mistake::queries,
              [](Counts n) { return static_cast<double>(std::max<std::int64_t>(n.T, 1)); }),
        wrong("unclamped", "divided by 0 targets", &Mistake::boxes, [](Counts n) { return static_cast<double>(n.T); }),
        wrong("over_pairs", "divided by the pairs", &Mistake::boxes,
              [](Counts n) { return static_cast<double>(std::max<std::int64_t>(n.P, 1)); }),
        wrong("over_images", "divided by the images", &Mistake::boxes,
              [](Counts n) { return static_cast<double>(n.B); }),
        honest("sums_float32", &Mistake::sum,
               [](double sum, double term) {
                 return static_cast<double>(static_cast<float>(sum) + static_cast<float>(term));
               }),
        wrong("sums_half", "sums in float16", &Mistake::sum, [](double sum, double term) { return half(sum + term); }),
        wrong("sums_bfloat16", "sums in bfloat16", &Mistake::sum,
              [](double sum, double term) { return bfloat16(sum + term); }),
    },
    {
        params<Op>("eos_default", "eos_coef always 0.1", [](Op::Params& p) { p.eos_coef = 0.1; }),
        input_from("first_image_logits", "the first image's logits for all", "logits", first_slice),
        input_from("logits_transposed", "logits read as K by Q", "logits", last_axes_swapped),
        int32_input("labels"),
        rounded_input("logits"),
        rounded_input("boxes"),
        rounded_input("target_boxes"),
        rounded_output("loss_ce"),
        rounded_output("loss_bbox"),
        rounded_output("loss_giou"),
        last_image_stale(),
        overrun("loss_giou"),
        overread("logits"),
        input_changed("logits"),
    });

}  // namespace
}  // namespace assay::bench::planted
