// Validation, oracle, cost and cases of detr_joiner.
#include "reference/attention/detr_joiner.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "reference/collation/nested_tensor.h"
#include "reference/masking/mask_downsample.h"
#include "reference/value_classes.h"
#include "reference/workloads.h"

namespace assay {
namespace {

/// The images without their channels: all that the mask depends on.
NestedTensor::Inputs<double> without_channels(const DetrJoiner::Inputs<double>& in) {
  NestedTensor::Inputs<double> images;
  for (const View<const double>& image : in.images)
    images.images.push_back({nullptr, {0, image.shape[1], image.shape[2]}});
  return images;
}

std::int64_t cells_of(std::int64_t extent, std::int64_t stride) { return extent / stride + (extent % stride != 0); }

CaseOf<DetrJoiner> image_case(std::string name, std::string source, const workloads::Sizes& sizes,
                              const DetrJoiner::Params& params = {}, std::int64_t channels = 3) {
  CaseOf<DetrJoiner> made{std::move(name), std::move(source), params, {}};
  for (const auto& [height, width] : sizes) made.inputs.push_back({"images", {channels, height, width}, Pixels{}});
  return made;
}

CaseOf<DetrJoiner> small_case(std::string name, std::string source, const workloads::Sizes& sizes,
                              const DetrJoiner::Params& params) {
  CaseOf<DetrJoiner> made = image_case(std::move(name), std::move(source), sizes, params, 1);
  made.tier = Tier::small;
  return made;
}

}  // namespace

std::vector<Shape> DetrJoiner::infer(const Params& params, const Inputs<double>& in) {
  const std::int64_t stride = params.stride, F = params.num_pos_feats;
  require_positive(name, "stride", stride);
  require_positive(name, "num_pos_feats", F);
  if (F % 2 != 0) reject(name, fmt::format("num_pos_feats is {}, but it must be even: sines and cosines alternate", F));
  if (F > INT64_MAX / 2) reject(name, fmt::format("num_pos_feats is {}, more channels than can be addressed", F));
  std::int64_t H = 0, W = 0;
  for (const auto& image : in.images) {
    H = std::max(H, image.shape[1]);
    W = std::max(W, image.shape[2]);
  }
  const auto B = static_cast<std::int64_t>(in.images.size());
  const std::int64_t h = cells_of(H, stride), w = cells_of(W, stride);
  return {{B, h, w}, {B, 2 * F, h, w}};
}

/// The oracles of the three operators, one after the other. The mask is exact, so that the scale is the encoding's own.
void DetrJoiner::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const NestedTensor::Inputs<double> images = without_channels(in);
  const std::vector<Shape> canvas = NestedTensor::infer({}, images);
  const auto cells = std::make_unique<bool[]>(static_cast<std::size_t>(canvas[1].elements()));
  const View<bool> whole{cells.get(), canvas[1]};
  ErrorScale exact(2);
  NestedTensor::oracle({}, images, {{nullptr, canvas[0]}, whole}, exact);
  MaskDownsample::oracle({out.mask.shape[1], out.mask.shape[2]}, {{whole.data, whole.shape}}, {out.mask}, exact);
  ErrorScale of_encoding(1);
  of_encoding[0].swap(error[1]);
  SinePositionEncoding::oracle(sine_params(params), {{out.mask.data, out.mask.shape}}, {out.encoding}, of_encoding);
  of_encoding[0].swap(error[1]);
}

/// No pixel need be read, and no arithmetic is counted: see sine_position_encoding.
Cost DetrJoiner::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::vector<Shape> shapes = infer(params, in);
  return {static_cast<double>(shapes[0].elements() + shapes[1].elements() * element_bytes), 0};
}

std::vector<CaseOf<DetrJoiner>> DetrJoiner::cases() {
  const std::string detr(workloads::detr_batch);
  return {image_case("seed_2img", "worked example: 3x200x200 and 3x200x250", workloads::seed_2img()),
          image_case("coco_pair", detr, workloads::coco_pair()),
          // one channel: pixels are not read, and three would be 94 MB
          image_case("coco_mixed_b8", detr, workloads::coco_mixed_b8(), {}, 1),
          image_case("dc5_max", "DETR-DC5: stride 16", workloads::coco_max(), {.stride = 16}, 1),
          image_case("deformable_b8", "Deformable-DETR: the finest level, stride 8", workloads::coco_mixed_b8(),
                     {.stride = 8}, 1),
          small_case("rounded_index", "228 rows in 46 cells: cell 23 shows row 113 in float32 and 114 in integers",
                     {{228, 342}, {114, 228}, {100, 114}}, {.stride = 5, .num_pos_feats = 6}),
          small_case("largest_last", "a canvas of the first two images' sizes: the largest are the last",
                     {{40, 70}, {33, 64}, {97, 31}, {35, 131}}, {.stride = 32, .num_pos_feats = 8}),
          small_case("every_pixel", "stride 1: the first row and column of padding is shown, > taken for >=",
                     {{5, 7}, {3, 11}, {4, 4}}, {.stride = 1, .num_pos_feats = 6}),
          small_case("stride_beyond_the_canvas", "a feature map of one cell", {{5, 7}, {3, 11}, {1, 1}},
                     {.stride = 64, .num_pos_feats = 4}),
          small_case("one_over", "33 rows are two cells, not one; the canvas is not a multiple of the stride",
                     {{33, 65}, {32, 64}, {1, 33}}, {.stride = 32, .num_pos_feats = 4})};
}

Domain DetrJoiner::domain() {
  return {.extents = {counts("B"), counts("C"), extents("H"), extents("W"), even_extents("num_pos_feats")},
          .parameters = {integers("stride", {32, 1, 2, 3, 8, 16, 31, 33, 64, 1025})},
          .fields = {{"images", values::reals(Pixels{}, {})}},
          .lists = {{"images", "B", {"C", "H", "W"}}}};
}

std::vector<Equivalent> DetrJoiner::equivalents() {
  constexpr std::string_view pixels = "the images' sizes alone matter, not their pixels";
  std::vector<Equivalent> declared;
  for (const std::string_view change :
       {"last slice of axis 0 (C_i) taken as zero", "last two slices of axis 0 (C_i) swapped",
        "axis 0 (C_i) and axis 1 (h_i) transposed", "axis 0 (C_i) and axis 2 (w_i) transposed",
        "last slice of axis 1 (h_i) taken as zero", "last two slices of axis 1 (h_i) swapped",
        "axis 1 (h_i) and axis 2 (w_i) transposed", "last slice of axis 2 (w_i) taken as zero",
        "last two slices of axis 2 (w_i) swapped", "rounded to TF32", "rounded to bf16", "rounded to f16"})
    declared.push_back({"images", change, pixels});
  constexpr std::string_view shape = "a stride is only seen by the extents of the feature map, and those are the shape";
  for (const std::string_view change : {"left at its default", "doubled", "swapped with num_pos_feats"})
    declared.push_back({"stride", change, shape});
  return declared;
}

}  // namespace assay
