// Validation, oracle, cost and cases of nested_tensor.
#include "reference/collation/nested_tensor.h"

#include <fmt/format.h>

#include "reference/value_classes.h"
#include "reference/workloads.h"

namespace assay {
namespace {

CaseOf<NestedTensor> image_case(std::string name, std::string source, const workloads::Sizes& sizes,
                                std::int64_t size_divisible = 1) {
  CaseOf<NestedTensor> made{std::move(name), std::move(source), {size_divisible}, {}};
  for (const auto& [height, width] : sizes) made.inputs.push_back({"images", {3, height, width}, Pixels{}});
  return made;
}

std::int64_t round_up(std::int64_t extent, std::int64_t multiple) {
  const std::int64_t beyond = extent % multiple;
  std::int64_t rounded = extent;
  if (beyond != 0 && __builtin_add_overflow(extent, multiple - beyond, &rounded))
    reject(NestedTensor::name,
           fmt::format("extent {} cannot be rounded up to a multiple of size_divisible = {}", extent, multiple));
  return rounded;
}

}  // namespace

std::vector<Shape> NestedTensor::infer(const Params& params, const Inputs<double>& in) {
  require_positive(name, "size_divisible", params.size_divisible);
  Shape most{0, 0, 0};
  for (const auto& image : in.images)
    for (std::size_t d = 0; d < 3; ++d) most[d] = std::max(most[d], image.shape[d]);
  const std::int64_t H = round_up(most[1], params.size_divisible), W = round_up(most[2], params.size_divisible);
  const auto B = static_cast<std::int64_t>(in.images.size());
  return {{B, most[0], H, W}, {B, H, W}};
}

void NestedTensor::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape& s = out.tensors.shape;
  double* element = out.tensors.data;
  bool* mask = out.mask.data;
  for (const auto& image : in.images) {
    const std::int64_t c_i = image.shape[0], h_i = image.shape[1], w_i = image.shape[2];
    for (std::int64_t c = 0; c < s[1]; ++c)
      for (std::int64_t y = 0; y < s[2]; ++y)
        for (std::int64_t x = 0; x < s[3]; ++x) {
          const bool inside = c < c_i && y < h_i && x < w_i;
          *element++ = inside ? image.data[(c * h_i + y) * w_i + x] : 0.0;
        }
    for (std::int64_t y = 0; y < s[2]; ++y)
      for (std::int64_t x = 0; x < s[3]; ++x) *mask++ = y >= h_i || x >= w_i;
  }
}

Cost NestedTensor::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::vector<Shape> shapes = infer(params, in);
  std::int64_t elements = shapes[0].elements();
  for (const auto& image : in.images) elements += image.shape.elements();
  return {static_cast<double>(elements * element_bytes + shapes[1].elements()), 0};
}

std::vector<CaseOf<NestedTensor>> NestedTensor::cases() {
  const std::string detr(workloads::detr_batch);
  return {image_case("seed_2img", "worked example: 3x200x200 and 3x200x250", workloads::seed_2img()),
          image_case("coco_pair", detr, workloads::coco_pair()),
          image_case("coco_mixed_b8", detr, workloads::coco_mixed_b8()),
          image_case("coco_max", detr, workloads::coco_max()),
          image_case("coco_max_div32", "torchvision batch_images: 800x1333 with 32 gives 800x1344",
                     workloads::coco_max(), 32)};
}

Domain NestedTensor::domain() {
  return {.extents = {counts("B"), counts("C"), extents("H"), extents("W")},
          .parameters = {integers("size_divisible", {1, 2, 3, 32, 33, 128})},
          .fields = {{"images", values::moved(Pixels{})}},
          .lists = {{"images", "B", {"C", "H", "W"}}},
          .independent = "B"};
}

std::vector<Equivalent> NestedTensor::equivalents() {
  constexpr std::string_view reason =
      "a multiple is only seen by the extents that it rounds up, and those are the shape";
  return {{"size_divisible", "left at its default", reason}, {"size_divisible", "doubled", reason}};
}

}  // namespace assay
