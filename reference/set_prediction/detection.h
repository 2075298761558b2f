// What the operators on DETR's predictions share: boxes, the classes of a row of logits, targets image by image, and
// the sentences that refuse values of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/domain.h"
#include "reference/tensor.h"

namespace assay::detection {

/// A box by its corners.
struct Box {
  double x0, y0, x1, y1;
  double area() const { return (x1 - x0) * (y1 - y0); }
};
inline Box from_corners(const double* box) { return {box[0], box[1], box[2], box[3]}; }
inline Box from_centre_and_size(const double* box) {
  return {box[0] - box[2] / 2, box[1] - box[3] / 2, box[0] + box[2] / 2, box[1] + box[3] / 2};
}

/// IoU − (hull − union)/hull; NaN where the union is zero.
double generalized_iou(const Box& a, const Box& b);

/// κ = |cx|/w + |cy|/h of a box by centre and size: by how many roundings of the centre its extents may be off, as a
/// share of them. An extent of 0 leaves both corners at the centre, without rounding, and adds nothing.
double corner_error(const double* box);

/// S for c = 4 of the GIoU of two boxes by centre and size: 1.5·(2 + κ_a + κ_b), so that the bound is 6·u·(2 + κ_a +
/// κ_b). In float32 it needed up to 1.4 of these, among 1.1 million pairs.
inline double giou_scale(const double* a, const double* b) { return 1.5 * (2 + corner_error(a) + corner_error(b)); }

/// Sum of the distances of the four numbers of two boxes.
double l1(const double* a, const double* b);

/// What a row of logits says of its classes.
struct Classes {
  std::int64_t count;
  double most, sum;  ///< the largest logit, Σ e^(x − most)

  /// softmax, and its S for c = 10: r(2 + 0.4·√min(K, 4096) + |x − most|), as derived for window_softmax.
  double probability(double logit) const { return std::exp(logit - most) / sum; }
  double probability_scale(double logit) const {
    const double additions = 0.4 * std::sqrt(static_cast<double>(std::min<std::int64_t>(count, 4096)));
    return probability(logit) * (2 + additions + std::abs(logit - most));
  }
  /// −log softmax.
  double cross_entropy(double logit) const { return most - logit + std::log(sum); }
};
Classes classes_of(const double* logits, std::int64_t K);

/// "boxes[1, 2]": row `row` of a tensor whose rows lie along its last axis.
std::string row_name(std::string_view field, const Shape& shape, std::int64_t row);

/// What logits [B, Q, K], and boxes by centre and size, are drawn from.
std::vector<ValueClass> logit_classes();
std::vector<ValueClass> box_classes();

/// Whether the choices of logits [B, Q, K] are a test of float32 sums over K. Of a few distinct exponentials every
/// addition rounds the same way: libtorch needs 1.4 times the bound at K = 65,535, and so does a loop over 16 lanes.
bool can_add_exponentials(const Choices& choices);

/// Each throws InvalidArgument for the first value that has no meaning.
void require_finite_logits(std::string_view op, const View<const double>& logits);
/// Boxes by centre and size: finite, with a finite area, no extent negative.
void require_boxes(std::string_view op, std::string_view field, const View<const double>& boxes);
void require_labels(std::string_view op, const View<const std::int64_t>& labels, std::int64_t K);

/// Σ min(Q, sizes[b]): the pairs that can be made. The sizes must add up to `all`, the targets of input `field`.
std::int64_t count_pairs(std::string_view op, const View<const std::int64_t>& sizes, std::int64_t Q, std::int64_t all,
                         std::string_view field);

}  // namespace assay::detection
