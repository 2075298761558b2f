// Validation, oracle, cost and cases of yolo_collate.
#include "reference/collation/yolo_collate.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/masking/nearest.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

constexpr std::int64_t columns = 6;  ///< of a target

/// The size of each image and the number of its targets.
using Samples = std::vector<std::pair<std::int64_t, std::int64_t>>;

CaseOf<YoloCollate> yolo_case(std::string name, std::string source, const Samples& samples, std::int64_t image_size,
                              Tier tier = Tier::small) {
  CaseOf<YoloCollate> made{std::move(name), std::move(source), {image_size}, {}, tier};
  for (const auto& [size, count] : samples) made.inputs.push_back({"images", {3, size, size}, Uniform{}});
  for (const auto& [size, count] : samples) made.inputs.push_back({"targets", {count, columns}, Uniform{}});
  return made;
}

/// More images than 8 bits or the 8 of bfloat16's significand count, every other one with a target.
Samples many_samples() {
  Samples samples;
  for (std::int64_t b = 0; b < 300; ++b) samples.emplace_back(1, b % 2);
  return samples;
}

/// An image by the nearest rule, all three channels.
double* resize(const View<const double>& image, std::int64_t S, double* to) {
  const std::int64_t own = image.shape[1];
  std::vector<std::int64_t> source;
  for (std::int64_t i = 0; i < S; ++i) source.push_back(nearest_source(i, own, S));
  for (std::int64_t c = 0; c < 3; ++c)
    for (const std::int64_t y : source)
      for (const std::int64_t x : source) *to++ = image.data[(c * own + y) * own + x];
  return to;
}

}  // namespace

std::vector<Shape> YoloCollate::infer(const Params& params, const Inputs<double>& in) {
  require_positive(name, "image_size", params.image_size);
  if (in.images.size() != in.targets.size()) {
    reject(name, fmt::format("there are {} images, but targets of {}; an image without any has targets of shape [0, 6]",
                             in.images.size(), in.targets.size()));
  }
  std::int64_t count = 0;
  for (const auto& targets : in.targets)
    if (__builtin_add_overflow(count, targets.shape[0], &count))
      reject(name, "the images have more targets than can be addressed");
  const auto B = static_cast<std::int64_t>(in.images.size());
  return {{B, 3, params.image_size, params.image_size}, {count, columns}};
}

void YoloCollate::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  double *image = out.images.data, *target = out.targets.data;
  for (std::size_t b = 0; b < in.images.size(); ++b) {
    image = resize(in.images[b], params.image_size, image);
    const View<const double>& own = in.targets[b];
    for (std::int64_t i = 0; i < own.shape.elements(); ++i)
      *target++ = i % columns == 0 ? static_cast<double>(b) : own.data[i];
  }
}

/// Only the sampled pixels need reading, each once however often it is shown, and of a target all but column 0.
Cost YoloCollate::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  double elements = 0;
  for (const auto& image : in.images) {
    const auto sampled = static_cast<double>(std::min(image.shape[1], params.image_size));
    const auto written = static_cast<double>(params.image_size);
    elements += 3 * (sampled * sampled + written * written);
  }
  for (const auto& targets : in.targets) elements += static_cast<double>(targets.shape[0] * (2 * columns - 1));
  return {elements * static_cast<double>(element_bytes), 0};
}

std::vector<CaseOf<YoloCollate>> YoloCollate::cases() {
  const std::string yolov3 = "PyTorch-YOLOv3 on COCO, images padded to squares";
  return {
      yolo_case("yolov3_b4_416", yolov3 + ", at 416", {{640, 7}, {500, 0}, {640, 14}, {427, 9}}, 416, Tier::workload),
      yolo_case("yolov3_b16_608", yolov3 + ", its batch of 16 at the largest size of multi-scale training",
                {{640, 3},
                 {480, 1},
                 {640, 11},
                 {500, 6},
                 {640, 0},
                 {640, 20},
                 {375, 2},
                 {640, 4},
                 {640, 7},
                 {612, 2},
                 {640, 0},
                 {640, 14},
                 {427, 1},
                 {640, 3},
                 {640, 5},
                 {500, 9}},
                608, Tier::workload),
      yolo_case("yolov5_b16_640", "ultralytics/yolov5, its batch of 16 at 640: images of the size that is asked for",
                Samples(16, {640, 7}), 640, Tier::workload),
      yolo_case("empty_between", "images numbered after those without targets are dropped",
                {{8, 2}, {5, 0}, {13, 3}, {9, 0}, {8, 1}}, 8),
      yolo_case("as_many_each", "one image's targets taken for another's", {{7, 2}, {9, 2}, {5, 2}}, 6),
      yolo_case("no_targets", "a batch in which nothing was found", {{7, 0}, {11, 0}, {3, 0}}, 5),
      yolo_case("float32_index", "26 to 22: pixel 11 shows 12, where exact integers give 13",
                {{26, 1}, {22, 2}, {26, 1}}, 22),
      yolo_case("primes_up", "images enlarged by no whole factor", {{5, 1}, {3, 4}, {13, 2}}, 17),
      yolo_case("one_pixel", "an image of one pixel, and a result of one", {{1, 3}, {19, 1}, {2, 1}}, 1),
      yolo_case("batch_of_300", "an image's number kept in 8 bits, or in bfloat16 (right up to 256)", many_samples(),
                1),
      yolo_case("doubled", "images enlarged twice and brought to half", {{9, 2}, {36, 1}}, 18)};
}

Domain YoloCollate::domain() {
  return {.extents = {counts("B"), extents("S_i"), counts("n_i", 0), extents("image_size")},
          .fields = {{"images", values::moved(Uniform{})}, {"targets", values::moved(Uniform{})}},
          .lists = {{"images", "B", {"3", "S_i", "S_i"}}, {"targets", "B", {"n_i", "6"}}}};
}

}  // namespace assay
