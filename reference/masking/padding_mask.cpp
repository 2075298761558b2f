// Validation, oracle, cost and cases of padding_mask.
#include "reference/masking/padding_mask.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/value_classes.h"
#include "reference/workloads.h"

namespace assay {
namespace {

using workloads::Sizes;

Shape extents(const Sizes& sizes) { return {static_cast<std::int64_t>(sizes.size()), 2}; }

Values values_of(const Sizes& sizes) {
  Values values;
  for (const auto& [height, width] : sizes) {
    values.elements.push_back(static_cast<double>(height));
    values.elements.push_back(static_cast<double>(width));
  }
  return values;
}

CaseOf<PaddingMask> padding_case(std::string name, std::string_view source, const Sizes& sizes,
                                 PaddingMask::Params params = {}) {
  return {std::move(name), std::string(source), params, {{"sizes", extents(sizes), values_of(sizes)}}};
}

/// Widths that neither 8 bits, bfloat16 (right up to 256) nor float16 (2048) can hold.
CaseOf<PaddingMask> wide_case() {
  CaseOf<PaddingMask> made =
      padding_case("wide", "sizes kept in 8 bits, bfloat16 or float16", {{2, 2051}, {1, 2049}, {3, 301}});
  made.tier = Tier::small;
  return made;
}

}  // namespace

std::vector<Shape> PaddingMask::infer(const Params& params, const Inputs<double>& in) {
  if (params.height < 0) reject(name, fmt::format("height is {}, but it must not be negative", params.height));
  if (params.width < 0) reject(name, fmt::format("width is {}, but it must not be negative", params.width));
  const std::int64_t B = in.sizes.shape[0];
  std::int64_t H = 0, W = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t h = in.sizes.data[2 * b], w = in.sizes.data[2 * b + 1];
    if (h <= 0 || w <= 0) reject(name, fmt::format("sizes[{}] is {}x{}, but both extents must be positive", b, h, w));
    if ((params.height != 0 && h > params.height) || (params.width != 0 && w > params.width)) {
      reject(name, fmt::format(
                       "sizes[{}] is {}x{}, larger than the canvas of height {} and width {} (0 = the batch's maximum)",
                       b, h, w, params.height, params.width));
    }
    H = std::max(H, h);
    W = std::max(W, w);
  }
  return {{B, params.height != 0 ? params.height : H, params.width != 0 ? params.width : W}};
}

void PaddingMask::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape& s = out.mask.shape;
  bool* mask = out.mask.data;
  for (std::int64_t b = 0; b < s[0]; ++b)
    for (std::int64_t y = 0; y < s[1]; ++y)
      for (std::int64_t x = 0; x < s[2]; ++x) *mask++ = y >= in.sizes.data[2 * b] || x >= in.sizes.data[2 * b + 1];
}

Cost PaddingMask::cost(const Params& params, const Inputs<double>& in, std::int64_t) {
  return {static_cast<double>(in.sizes.shape.elements() * 8 + infer(params, in)[0].elements()), 0};
}

std::vector<CaseOf<PaddingMask>> PaddingMask::cases() {
  return {padding_case("seed_4x4", "worked example: 3x3 valid of 4x4", {{3, 3}}, {4, 4}),
          padding_case("seed_2img", "worked example: two images that differ in width", workloads::seed_2img()),
          padding_case("coco_pair", workloads::detr_batch, workloads::coco_pair()),
          padding_case("coco_mixed_b8", workloads::detr_batch, workloads::coco_mixed_b8()),
          padding_case("coco_max", workloads::detr_batch, workloads::coco_max()),
          wide_case()};
}

Domain PaddingMask::domain() {
  const auto canvas = [](std::string_view parameter, std::string_view extent) -> ParameterRange {
    const auto beyond = [=](std::int64_t more) {
      return [=](const Choices& choices) { return Scalar(choices.extent(extent) + more); };
    };
    return {parameter,
            {{"0", [](const Choices&) { return Scalar(std::int64_t{0}); }},
             {"as_needed", beyond(0)},
             {"one_more", beyond(1)},
             {"many_more", beyond(70)}}};
  };
  return {.extents = {counts("B"), extents("H"), extents("W")},
          .parameters = {canvas("height", "H"), canvas("width", "W")},
          .fields = {{"sizes", values::within({"H", "W"}, 1)}},
          .independent = "B"};
}

std::vector<Equivalent> PaddingMask::equivalents() {
  constexpr std::string_view reason = "0 is the batch's maximum: a given extent that differs gives another shape";
  return {{"height", "left at its default", reason}, {"width", "left at its default", reason}};
}

}  // namespace assay
