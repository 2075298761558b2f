// Validation, oracle, cost and cases of padding_mask and mask_downsample.
#include "reference/masking.h"

#include <fmt/format.h>

#include <cmath>

#include "reference/workloads.h"

namespace assay {
namespace {

using workloads::Sizes;

constexpr std::string_view detr_batch =
    "DETR (facebookresearch/detr): COCO images resized to short side 800, long side at most 1333";

Shape extents(const Sizes& sizes) { return {static_cast<std::int64_t>(sizes.size()), 2}; }

Values values_of(const Sizes& sizes) {
  Values values;
  for (const auto& [height, width] : sizes) {
    values.elements.push_back(static_cast<double>(height));
    values.elements.push_back(static_cast<double>(width));
  }
  return values;
}

Sizes random_sizes(Draw& draw, std::int64_t most) {
  Sizes sizes(static_cast<std::size_t>(draw.integer(1, 5)));
  for (auto& [height, width] : sizes) {
    height = draw.integer(1, most);
    width = draw.integer(1, most);
  }
  return sizes;
}

CaseOf<PaddingMask> padding_case(std::string name, std::string_view source, const Sizes& sizes,
                                 PaddingMask::Params params = {}) {
  return {std::move(name), std::string(source), params, {{"sizes", extents(sizes), values_of(sizes)}}};
}

CaseOf<MaskDownsample> downsample_case(std::string name, std::string_view source, const Sizes& sizes,
                                       std::int64_t height, std::int64_t width) {
  const auto [H, W] = workloads::canvas(sizes);
  const Shape shape{static_cast<std::int64_t>(sizes.size()), H, W};
  return {std::move(name), std::string(source), {height, width}, {{"mask", shape, PaddingOf{sizes}}}};
}

/// Widths that neither 8 bits, bfloat16 (right up to 256) nor float16 (2048) can hold.
CaseOf<PaddingMask> wide_case() {
  CaseOf<PaddingMask> made =
      padding_case("wide", "sizes kept in 8 bits, bfloat16 or float16", {{2, 2051}, {1, 2049}, {3, 301}});
  made.tier = Tier::small;
  return made;
}

/// torch's upsample_nearest index (aten/src/ATen/native/UpSample.h), in float32 as there.
std::int64_t nearest_source(std::int64_t i, std::int64_t in, std::int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  return std::min(static_cast<std::int64_t>(std::floor(static_cast<float>(i) * scale)), in - 1);
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

// ---- padding_mask ----

template <class T>
std::vector<Shape> PaddingMask::infer(const Params& params, const Inputs<T>& in) {
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

template <class T>
void PaddingMask::oracle(const Params&, const Inputs<T>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape& s = out.mask.shape;
  bool* mask = out.mask.data;
  for (std::int64_t b = 0; b < s[0]; ++b)
    for (std::int64_t y = 0; y < s[1]; ++y)
      for (std::int64_t x = 0; x < s[2]; ++x) *mask++ = y >= in.sizes.data[2 * b] || x >= in.sizes.data[2 * b + 1];
}

template <class T>
Cost PaddingMask::cost(const Params& params, const Inputs<T>& in) {
  return {static_cast<double>(in.sizes.shape.elements() * 8 + infer(params, in)[0].elements()), 0};
}

std::vector<CaseOf<PaddingMask>> PaddingMask::cases() {
  return {padding_case("seed_4x4", "worked example: 3x3 valid of 4x4", {{3, 3}}, {4, 4}),
          padding_case("seed_2img", "worked example: two images that differ in width", workloads::seed_2img()),
          padding_case("coco_pair", detr_batch, workloads::coco_pair()),
          padding_case("coco_mixed_b8", detr_batch, workloads::coco_mixed_b8()),
          padding_case("coco_max", detr_batch, workloads::coco_max()),
          wide_case()};
}

CaseOf<PaddingMask> PaddingMask::random_case(Draw& draw) {
  const Sizes sizes = random_sizes(draw, 67);
  Params params;
  const auto [H, W] = workloads::canvas(sizes);
  if (draw.chance(0.5)) params.height = H + draw.integer(0, 9);
  if (draw.chance(0.5)) params.width = W + draw.integer(0, 9);
  return padding_case("", "property", sizes, params);
}

// ---- mask_downsample ----

std::int64_t MaskDownsample::downsampled_extent(std::int64_t valid, std::int64_t in, std::int64_t out) {
  std::int64_t shown = 0;
  while (shown < out && nearest_source(shown, in, out) < valid) ++shown;
  return shown;
}

template <class T>
std::vector<Shape> MaskDownsample::infer(const Params& params, const Inputs<T>& in) {
  require_positive(name, "out_height", params.out_height);
  require_positive(name, "out_width", params.out_width);
  return {{in.mask.shape[0], params.out_height, params.out_width}};
}

template <class T>
void MaskDownsample::oracle(const Params&, const Inputs<T>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape &from = in.mask.shape, &to = out.mask.shape;
  bool* mask = out.mask.data;
  for (std::int64_t b = 0; b < to[0]; ++b)
    for (std::int64_t y = 0; y < to[1]; ++y)
      for (std::int64_t x = 0; x < to[2]; ++x) {
        const std::int64_t row = nearest_source(y, from[1], to[1]), column = nearest_source(x, from[2], to[2]);
        *mask++ = in.mask.data[(b * from[1] + row) * from[2] + column];
      }
}

/// Only the sampled cells need reading: each once, however often it is shown.
template <class T>
Cost MaskDownsample::cost(const Params& params, const Inputs<T>& in) {
  const Shape& from = in.mask.shape;
  const double sampled =
      static_cast<double>(std::min(from[1], params.out_height) * std::min(from[2], params.out_width));
  const double written = static_cast<double>(params.out_height * params.out_width);
  return {static_cast<double>(from[0]) * (sampled + written), 0};
}

std::vector<CaseOf<MaskDownsample>> MaskDownsample::cases() {
  return {downsample_case("seed_2img", "worked example: 2x200x250 to 7x8", workloads::seed_2img(), 7, 8),
          downsample_case("coco_pair", detr_batch, workloads::coco_pair(), 25, 38),
          downsample_case("coco_mixed_b8", detr_batch, workloads::coco_mixed_b8(), 34, 42),
          downsample_case("coco_max", detr_batch, workloads::coco_max(), 25, 42),
          downsample_case("dc5_max", "DETR-DC5: stride 16", workloads::coco_max(), 50, 84),
          downsample_case("deformable_b8", "Deformable-DETR: the finest level, stride 8", workloads::coco_mixed_b8(),
                          134, 167),
          clamped_case()};
}

CaseOf<MaskDownsample> MaskDownsample::random_case(Draw& draw) {
  const Sizes sizes = random_sizes(draw, 67);
  CaseOf<MaskDownsample> made = downsample_case("", "property", sizes, draw.integer(1, 67), draw.integer(1, 67));
  if (draw.chance(0.5)) made.inputs[0].recipe = Scattered{0.5};
  return made;
}

template std::vector<Shape> PaddingMask::infer(const Params&, const Inputs<float>&);
template void PaddingMask::oracle(const Params&, const Inputs<float>&, const Outputs<double>&, ErrorScale&);
template Cost PaddingMask::cost(const Params&, const Inputs<float>&);
template std::vector<Shape> MaskDownsample::infer(const Params&, const Inputs<float>&);
template void MaskDownsample::oracle(const Params&, const Inputs<float>&, const Outputs<double>&, ErrorScale&);
template Cost MaskDownsample::cost(const Params&, const Inputs<float>&);

}  // namespace assay
