// Boxes, classes and targets, and the refusals.
#include "reference/set_prediction/detection.h"

#include <fmt/format.h>

#include "reference/operator.h"
#include "reference/value_classes.h"

namespace assay::detection {

double generalized_iou(const Box& a, const Box& b) {
  const double width = std::max(std::min(a.x1, b.x1) - std::max(a.x0, b.x0), 0.0);
  const double height = std::max(std::min(a.y1, b.y1) - std::max(a.y0, b.y0), 0.0);
  const double overlap = width * height, united = a.area() + b.area() - overlap;
  const double hull = (std::max(a.x1, b.x1) - std::min(a.x0, b.x0)) * (std::max(a.y1, b.y1) - std::min(a.y0, b.y0));
  return overlap / united - (hull - united) / hull;
}

double corner_error(const double* box) {
  double error = 0;
  for (int axis = 0; axis < 2; ++axis)
    if (box[axis + 2] != 0) error += std::abs(box[axis]) / box[axis + 2];
  return error;
}

double l1(const double* a, const double* b) {
  double distance = 0;
  for (int i = 0; i < 4; ++i) distance += std::abs(a[i] - b[i]);
  return distance;
}

Classes classes_of(const double* logits, std::int64_t K) {
  Classes classes{K, *std::max_element(logits, logits + K), 0};
  for (std::int64_t k = 0; k < K; ++k) classes.sum += std::exp(logits[k] - classes.most);
  return classes;
}

std::vector<ValueClass> logit_classes() {
  return values::reals(Normal{0, 2}, {"equal", "ties", "ascending", "descending", "large", "small", "outlier_last",
                                      "minus_zero", "subnormal"});
}

std::vector<ValueClass> box_classes() {
  const auto beyond = [](double least, double most) {
    return [=](const TensorRef& boxes) { return values::magnitude(boxes) >= least && values::magnitude(boxes) < most; };
  };
  const auto made = [](double scale, std::int64_t distinct) {
    return Boxes{.scale = scale, .distinct = distinct, .centre_and_size = true};
  };
  return {values::always("plain", made(1, 0), [](const TensorRef&) { return true; }),
          values::always("equal", made(1, 1), values::repeats(4)),
          values::always("ties", made(1, 3), values::repeats(12)),
          values::always("points", Choice{{0}}, values::all(0)),
          values::always("large", made(0x1p40, 0), beyond(0x1p30, INFINITY)),
          values::always("small", made(0x1p-40, 0), beyond(0, 0x1p-30))};
}

bool can_add_exponentials(const Choices& choices) {
  constexpr std::int64_t most_classes = 1025;
  const auto is = [&](std::string_view level) { return choices.is("logits", level); };
  const bool has_few_values = is("equal") || is("ties") || is("minus_zero") || is("subnormal");
  return !has_few_values || choices.extent("K") <= most_classes;
}

std::string row_name(std::string_view field, const Shape& shape, std::int64_t row) {
  std::string place;
  for (std::size_t axis = shape.rank() - 1; axis-- > 0; row /= shape[axis])
    place = fmt::format("{}{}{}", row % shape[axis], place.empty() ? "" : ", ", place);
  return fmt::format("{}[{}]", field, place);
}

void require_finite_logits(std::string_view op, const View<const double>& logits) {
  const std::int64_t K = logits.shape[logits.shape.rank() - 1];
  for (std::int64_t i = 0; i < logits.shape.elements(); ++i)
    if (!std::isfinite(logits.data[i]))
      reject(op, fmt::format("{}, class {}, is {}, but logits must be finite", row_name("logits", logits.shape, i / K),
                             i % K, logits.data[i]));
}

void require_boxes(std::string_view op, std::string_view field, const View<const double>& boxes) {
  for (std::int64_t i = 0; i < boxes.shape.elements() / 4; ++i) {
    const double* box = boxes.data + 4 * i;
    const bool has_extents = box[2] >= 0 && box[3] >= 0;  // false for NaN
    if (!has_extents || !std::isfinite(box[0]) || !std::isfinite(box[1]) || !std::isfinite(box[2] * box[3]))
      reject(op, fmt::format("{} is ({}, {}, {}, {}), but a finite centre and a finite width and height of at least 0 "
                             "are needed",
                             row_name(field, boxes.shape, i), box[0], box[1], box[2], box[3]));
  }
}

void require_labels(std::string_view op, const View<const std::int64_t>& labels, std::int64_t K) {
  for (std::int64_t t = 0; t < labels.shape[0]; ++t)
    if (labels.data[t] < 0 || labels.data[t] >= K)
      reject(op, fmt::format("labels[{}] is {}, but logits has the classes 0 to {}", t, labels.data[t], K - 1));
}

std::int64_t count_pairs(std::string_view op, const View<const std::int64_t>& sizes, std::int64_t Q, std::int64_t all,
                         std::string_view field) {
  std::int64_t targets = 0, pairs = 0;
  for (std::int64_t b = 0; b < sizes.shape[0]; ++b) {
    const std::int64_t T_b = sizes.data[b];
    if (T_b < 0) reject(op, fmt::format("sizes[{}] is {}, but a number of targets must not be negative", b, T_b));
    if (__builtin_add_overflow(targets, T_b, &targets))
      reject(op, fmt::format("sizes add up to more than can be counted at sizes[{}] = {}", b, T_b));
    pairs += std::min(Q, T_b);
  }
  if (targets != all) reject(op, fmt::format("sizes add up to {}, but {} has {} targets", targets, field, all));
  return pairs;
}

}  // namespace assay::detection
