// nested_tensor: each pixel of the canvas comes from its image or is zero.
#include "backends/backend.h"
#include "reference/collation/nested_tensor.h"

namespace assay::scalar {
namespace {

template <class T>
void nested_tensor(const NestedTensor::Params&, const NestedTensor::Inputs<T>& in,
                   const NestedTensor::Outputs<T>& out) {
  const std::int64_t C = out.tensors.shape[1], H = out.tensors.shape[2], W = out.tensors.shape[3];
  T* pixel = out.tensors.data;
  bool* mask = out.mask.data;
  for (const auto& image : in.images) {
    const std::int64_t channels = image.shape[0], height = image.shape[1], width = image.shape[2];
    for (std::int64_t c = 0; c < C; ++c)
      for (std::int64_t y = 0; y < H; ++y)
        for (std::int64_t x = 0; x < W; ++x) {
          const bool inside = c < channels && y < height && x < width;
          *pixel++ = inside ? image.data[(c * height + y) * width + x] : T{};
        }
    for (std::int64_t y = 0; y < H; ++y)
      for (std::int64_t x = 0; x < W; ++x) *mask++ = y >= height || x >= width;
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
});

}  // namespace

}  // namespace assay::scalar
