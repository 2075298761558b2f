// Validation, oracle, error scale, cost and cases of generalized_box_iou.
#include "reference/set_prediction/generalized_box_iou.h"

#include <fmt/format.h>

#include <cmath>

#include "reference/set_prediction/detection.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

using detection::Box;
using detection::from_corners;
using detection::generalized_iou;

void check_boxes(std::string_view name, const View<const double>& boxes) {
  for (std::int64_t i = 0; i < boxes.shape[0]; ++i) {
    const Box box = from_corners(boxes.data + 4 * i);
    const bool ordered = box.x0 <= box.x1 && box.y0 <= box.y1;  // false for NaN
    if (!ordered || !std::isfinite(box.area()))
      reject(GeneralizedBoxIou::name,
             fmt::format("{}[{}] is ({}, {}, {}, {}), but x0 <= x1 and y0 <= y1, all finite, are needed", name, i,
                         box.x0, box.y0, box.x1, box.y1));
  }
}

CaseOf<GeneralizedBoxIou> box_case(std::string name, std::string source, std::int64_t N, std::int64_t M,
                                   Tier tier = Tier::workload) {
  return {std::move(name), std::move(source), {}, {{"a", {N, 4}, Boxes{}}, {"b", {M, 4}, Boxes{}}}, tier};
}

}  // namespace

std::vector<Shape> GeneralizedBoxIou::infer(const Params&, const Inputs<double>& in) {
  return {{in.a.shape[0], in.b.shape[0]}};
}

void GeneralizedBoxIou::validate(const Params&, const Inputs<double>& in) {
  check_boxes("a", in.a);
  check_boxes("b", in.b);
}

/// S = 1 + |r|: differences of corners are rounded relative to themselves, union and hull are no smaller than what they
/// are summed from, so IoU and (hull − union)/hull, both within 1, are off by a few u.
void GeneralizedBoxIou::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const std::int64_t N = in.a.shape[0], M = in.b.shape[0];
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < M; ++j) {
      const double r = generalized_iou(from_corners(in.a.data + 4 * i), from_corners(in.b.data + 4 * j));
      out.giou.data[i * M + j] = r;
      error[0][static_cast<std::size_t>(i * M + j)] = std::isnan(r) ? 0 : 1 + std::abs(r);
    }
}

/// About twenty operations a pair: eight comparisons, four differences of corners, three products, four sums, two
/// divisions.
Cost GeneralizedBoxIou::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t N = in.a.shape[0], M = in.b.shape[0];
  return {static_cast<double>((4 * N + 4 * M + N * M) * element_bytes), 21.0 * static_cast<double>(N * M)};
}

std::vector<CaseOf<GeneralizedBoxIou>> GeneralizedBoxIou::cases() {
  return {box_case("match_b8_q100", "DETR: 8 images of 100 queries against 20 targets each, flattened", 800, 160),
          box_case("match_b2_q300", "Deformable-DETR: 2 images of 300 queries, 20 targets each", 600, 40),
          box_case("match_b2_q900", "DINO: 2 images of 900 queries, 60 targets each", 1800, 120),
          box_case("as_many_of_both", "both lists of one length: one taken for the other", 7, 7, Tier::small)};
}

namespace {

/// Boxes of scales that far apart either miss each other or are nothing of the other: GIoU is −1 or about 0.
bool is_a_test(const Choices& choices) {
  const auto agree = [&](std::string_view level) { return choices.is("a", level) == choices.is("b", level); };
  return agree("large") && agree("small");
}

}  // namespace

Domain GeneralizedBoxIou::domain() {
  const auto any = [](const TensorRef&) { return true; };
  const auto beyond = [](double least, double most) {
    return [=](const TensorRef& boxes) { return values::magnitude(boxes) >= least && values::magnitude(boxes) < most; };
  };
  const std::vector<ValueClass> boxes = {values::always("plain", Boxes{}, any),
                                         values::always("equal", Boxes{.distinct = 1}, values::repeats(4)),
                                         values::always("ties", Boxes{.distinct = 3}, values::repeats(12)),
                                         values::always("points", Choice{{0.5}}, values::all(0.5)),
                                         values::always("large", Boxes{.scale = 0x1p40}, beyond(0x1p30, INFINITY)),
                                         values::always("small", Boxes{.scale = 0x1p-40}, beyond(0, 0x1p-30))};
  return {.extents = {extents("N"), extents("M")},
          .fields = {{"a", boxes}, {"b", boxes}},
          .valid = is_a_test,
          .independent = "N"};
}

}  // namespace assay
