// nested_tensor, stack_collate and yolo_collate, one element at a time.
#include "backends/backend.h"
#include "backends/scalar/nearest.h"
#include "reference/collation/nested_tensor.h"
#include "reference/collation/stack_collate.h"
#include "reference/collation/yolo_collate.h"

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

template <class T>
void stack_collate(const StackCollate::Params&, const StackCollate::Inputs<T>& in,
                   const StackCollate::Outputs<T>& out) {
  T* element = out.batch.data;
  for (const auto& sample : in.samples)
    for (std::int64_t i = 0; i < sample.shape.elements(); ++i) *element++ = sample.data[i];
}

void yolo_collate(const YoloCollate::Params& params, const YoloCollate::Inputs<float>& in,
                  const YoloCollate::Outputs<float>& out) {
  const std::int64_t S = params.image_size;
  float* pixel = out.images.data;
  for (const auto& image : in.images) {
    const std::int64_t size = image.shape[1];
    const float scale = static_cast<float>(size) / static_cast<float>(S);
    for (std::int64_t c = 0; c < 3; ++c)
      for (std::int64_t i = 0; i < S; ++i)
        for (std::int64_t j = 0; j < S; ++j) {
          const std::int64_t y = nearest_source(i, scale, size), x = nearest_source(j, scale, size);
          *pixel++ = image.data[(c * size + y) * size + x];
        }
  }
  float* target = out.targets.data;
  for (std::size_t b = 0; b < in.targets.size(); ++b)
    for (std::int64_t row = 0; row < in.targets[b].shape[0]; ++row, target += 6) {
      target[0] = static_cast<float>(b);
      for (std::int64_t column = 1; column < 6; ++column) target[column] = in.targets[b].data[row * 6 + column];
    }
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
  table.add_each<StackCollate, float, std::uint8_t>([](const auto&... all) { stack_collate(all...); });
  table.add<YoloCollate, float>(yolo_collate);
});

}  // namespace

}  // namespace assay::scalar
