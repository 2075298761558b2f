// nested_tensor: each plane of an image becomes the top left block of its plane of the canvas, and the two blocks
// beside and below it become zero.
#include "backends/eigen/planes.h"
#include "reference/collation/nested_tensor.h"

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

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
});

}  // namespace

}  // namespace assay::eigen
