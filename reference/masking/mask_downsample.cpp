// Validation, oracle, cost and cases of mask_downsample.
#include "reference/masking/mask_downsample.h"

#include <fmt/format.h>

#include "reference/masking/nearest.h"
#include "reference/value_classes.h"
#include "reference/workloads.h"

namespace assay {
namespace {

using workloads::Sizes;

CaseOf<MaskDownsample> downsample_case(std::string name, std::string_view source, const Sizes& sizes,
                                       std::int64_t height, std::int64_t width) {
  const auto [H, W] = workloads::canvas(sizes);
  const Shape shape{static_cast<std::int64_t>(sizes.size()), H, W};
  return {std::move(name), std::string(source), {height, width}, {{"mask", shape, PaddingOf{sizes}}}};
}

/// Two lines of 65 cells to one of 8,476,543, the fewest at which so short a line needs the clamp: in float32
/// (out − 1)·(65/out) rounds to 65. Without the clamp that is the second line's first cell, of the other kind.
CaseOf<MaskDownsample> clamped_case() {
  constexpr std::int64_t in = 65, out = 8476543, padded = 24;
  Values mask;
  for (std::int64_t i = 0; i < 2 * in; ++i) mask.elements.push_back(i < padded || i >= in ? 1 : 0);
  return {"clamped_last_index",
          "a missing clamp to the last cell: only where rounding makes the index the extent itself",
          {1, out},
          {{"mask", {1, 2, in}, mask}},
          Tier::small};
}

}  // namespace

std::int64_t MaskDownsample::downsampled_extent(std::int64_t valid, std::int64_t in, std::int64_t out) {
  std::int64_t shown = 0;
  while (shown < out && nearest_source(shown, in, out) < valid) ++shown;
  return shown;
}

std::vector<Shape> MaskDownsample::infer(const Params& params, const Inputs<double>& in) {
  require_positive(name, "out_height", params.out_height);
  require_positive(name, "out_width", params.out_width);
  return {{in.mask.shape[0], params.out_height, params.out_width}};
}

void MaskDownsample::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape &from = in.mask.shape, &to = out.mask.shape;
  std::vector<std::int64_t> columns;
  for (std::int64_t x = 0; x < to[2]; ++x) columns.push_back(nearest_source(x, from[2], to[2]));
  bool* mask = out.mask.data;
  for (std::int64_t b = 0; b < to[0]; ++b)
    for (std::int64_t y = 0; y < to[1]; ++y) {
      const bool* row = in.mask.data + (b * from[1] + nearest_source(y, from[1], to[1])) * from[2];
      for (const std::int64_t column : columns) *mask++ = row[column];
    }
}

/// Only the sampled cells need reading: each once, however often it is shown.
Cost MaskDownsample::cost(const Params& params, const Inputs<double>& in, std::int64_t) {
  const Shape& from = in.mask.shape;
  const double sampled =
      static_cast<double>(std::min(from[1], params.out_height) * std::min(from[2], params.out_width));
  const double written = static_cast<double>(params.out_height * params.out_width);
  return {static_cast<double>(from[0]) * (sampled + written), 0};
}

std::vector<CaseOf<MaskDownsample>> MaskDownsample::cases() {
  return {downsample_case("seed_2img", "worked example: 2x200x250 to 7x8", workloads::seed_2img(), 7, 8),
          downsample_case("coco_pair", workloads::detr_batch, workloads::coco_pair(), 25, 38),
          downsample_case("coco_mixed_b8", workloads::detr_batch, workloads::coco_mixed_b8(), 34, 42),
          downsample_case("coco_max", workloads::detr_batch, workloads::coco_max(), 25, 42),
          downsample_case("dc5_max", "DETR-DC5: stride 16", workloads::coco_max(), 50, 84),
          downsample_case("deformable_b8", "Deformable-DETR: the finest level, stride 8", workloads::coco_mixed_b8(),
                          134, 167),
          clamped_case()};
}

Domain MaskDownsample::domain() {
  return {.extents = {counts("B"), extents("H"), extents("W"), extents("out_height"), extents("out_width")},
          .fields = {{"mask", values::masks()}},
          .independent = "B"};
}

}  // namespace assay
