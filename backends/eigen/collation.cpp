// nested_tensor: each plane of an image becomes the top left block of its plane of the canvas, and the two blocks
// beside and below it become zero. stack_collate: each sample becomes a row. yolo_collate: each plane is indexed with
// one list for its rows and columns.
#include <vector>

#include "backends/eigen/nearest.h"
#include "backends/eigen/planes.h"
#include "reference/collation/nested_tensor.h"
#include "reference/collation/stack_collate.h"
#include "reference/collation/yolo_collate.h"

namespace assay::eigen {
namespace {

template <class T>
void pad_image(const View<const T>& image, PlaneMap<T>& channels_of_canvas, std::int64_t H, std::int64_t W) {
  const std::int64_t C = image.shape[0], height = image.shape[1], width = image.shape[2];
  for (std::int64_t c = 0; c < C; ++c) {
    PlaneMap<T> plane(channels_of_canvas.row(c).data(), H, W);
    plane.topLeftCorner(height, width) = PlaneMap<const T>(image.data + c * height * width, height, width);
    plane.topRightCorner(height, W - width).setZero();
    plane.bottomRows(H - height).setZero();
  }
  channels_of_canvas.bottomRows(channels_of_canvas.rows() - C).setZero();
}

template <class T>
void nested_tensor(const NestedTensor::Params&, const NestedTensor::Inputs<T>& in,
                   const NestedTensor::Outputs<T>& out) {
  const std::int64_t C = out.tensors.shape[1], H = out.tensors.shape[2], W = out.tensors.shape[3];
  T* canvas = out.tensors.data;
  bool* padding = out.mask.data;
  for (const View<const T>& image : in.images) {
    PlaneMap<T> channels(canvas, C, H * W);
    pad_image(image, channels, H, W);
    PlaneMap<bool> mask(padding, H, W);
    mask.setConstant(true);
    mask.topLeftCorner(image.shape[1], image.shape[2]).setConstant(false);
    canvas += C * H * W;
    padding += H * W;
  }
}

template <class T>
void stack_collate(const StackCollate::Params&, const StackCollate::Inputs<T>& in,
                   const StackCollate::Outputs<T>& out) {
  const std::int64_t B = out.batch.shape[0], elements = out.batch.shape.elements() / B;
  PlaneMap<T> batch(out.batch.data, B, elements);
  for (std::int64_t b = 0; b < B; ++b)
    batch.row(b) = PlaneMap<const T>(in.samples[static_cast<std::size_t>(b)].data, 1, elements);
}

/// Which rows, and columns, each image shows: they follow from the shapes alone.
std::vector<Indices> prepare_yolo(const YoloCollate::Params& params, const YoloCollate::Inputs<float>& in) {
  std::vector<Indices> sampled;
  for (const auto& image : in.images) sampled.push_back(nearest_indices(image.shape[1], params.image_size));
  return sampled;
}

void yolo_collate(std::vector<Indices>& sampled, const YoloCollate::Params& params,
                  const YoloCollate::Inputs<float>& in, const YoloCollate::Outputs<float>& out) {
  const std::int64_t S = params.image_size;
  PlaneMap<float> all_targets(out.targets.data, out.targets.shape[0], 6);
  float* plane = out.images.data;
  std::int64_t first = 0;
  for (std::size_t b = 0; b < in.images.size(); ++b) {
    const std::int64_t size = in.images[b].shape[1], count = in.targets[b].shape[0];
    for (std::int64_t c = 0; c < 3; ++c, plane += S * S) {
      const PlaneMap<const float> image(in.images[b].data + c * size * size, size, size);
      PlaneMap<float>(plane, S, S) = image(sampled[b], sampled[b]);
    }
    auto targets = all_targets.middleRows(first, count);
    targets = PlaneMap<const float>(in.targets[b].data, count, 6);
    targets.col(0).setConstant(static_cast<float>(b));
    first += count;
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
  table.add_each<StackCollate, float, std::uint8_t>([](const auto&... all) { stack_collate(all...); });
  table.add<YoloCollate, float>(prepare_yolo, yolo_collate);
});

}  // namespace

}  // namespace assay::eigen
