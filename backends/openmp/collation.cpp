// nested_tensor: every byte of the canvas is written once, in order, copied from its image or zero.
#include <algorithm>

#include "backends/backend.h"
#include "backends/openmp/padding.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/streaming.h"
#include "reference/collation/nested_tensor.h"

namespace assay::openmp {
namespace {

/// One channel of an image, to be placed on a canvas. Rows are measured in bytes.
struct Channel {
  const std::byte* image;
  std::size_t image_row, canvas_row;
  std::int64_t height;  ///< of the image; 0 for a channel it lacks
};

template <class T>
Channel channel_of(const View<const T>& image, std::int64_t c, std::int64_t W) {
  const std::int64_t height = c < image.shape[0] ? image.shape[1] : 0;
  const T* first = height != 0 ? image.data + c * image.shape[1] * image.shape[2] : nullptr;
  return {reinterpret_cast<const std::byte*>(first), static_cast<std::size_t>(image.shape[2]) * sizeof(T),
          static_cast<std::size_t>(W) * sizeof(T), height};
}

/// Rows [begin, end) of the canvas. Rows as long as the canvas are copied in one piece.
template <class Stream>
void pad_rows(const Channel& channel, std::int64_t begin, std::int64_t end, Stream&& to) {
  const std::int64_t shown = std::clamp(channel.height, begin, end);
  const auto row = [&](std::int64_t y) { return channel.image + static_cast<std::size_t>(y) * channel.image_row; };
  if (channel.image_row == channel.canvas_row) {
    if (shown > begin) to.append(row(begin), static_cast<std::size_t>(shown - begin) * channel.image_row);
  } else {
    for (std::int64_t y = begin; y < shown; ++y) {
      to.append(row(y), channel.image_row);
      to.append_zeros(channel.canvas_row - channel.image_row);
    }
  }
  to.append_zeros(static_cast<std::size_t>(end - shown) * channel.canvas_row);
  to.finish();
}

template <class T>
void write_tensors(const NestedTensor::Inputs<T>& in, const View<T>& tensors) {
  const std::int64_t B = tensors.shape[0], C = tensors.shape[1], H = tensors.shape[2], W = tensors.shape[3];
  constexpr std::int64_t element = sizeof(T);
  std::int64_t bytes = tensors.shape.elements() * element;
  for (const auto& image : in.images) bytes += image.shape.elements() * element;
  const bool streamed = bytes > thresholds.stream;
  const RowBlocks blocks(H, W * element);
  parallel_for(B * C * blocks.count(), bytes, [&](std::int64_t task, int) {
    const std::int64_t block = task % blocks.count(), plane = task / blocks.count();
    const std::int64_t begin = blocks.begin(block), end = blocks.end(block);
    const Channel channel = channel_of(in.images[static_cast<std::size_t>(plane / C)], plane % C, W);
    T* const to = tensors.data + (plane * H + begin) * W;
    if (streamed) {
      pad_rows(channel, begin, end, LineStream(to));
    } else {
      pad_rows(channel, begin, end, PlainStream(to));
    }
  });
}

template <class T>
void nested_tensor(const NestedTensor::Params&, const NestedTensor::Inputs<T>& in,
                   const NestedTensor::Outputs<T>& out) {
  write_tensors(in, out.tensors);
  const std::int64_t B = out.mask.shape[0], H = out.mask.shape[1], W = out.mask.shape[2];
  const RowBlocks blocks(H, W);
  parallel_for(B * blocks.count(), B * H * W, [&](std::int64_t task, int) {
    const std::int64_t b = task / blocks.count(), block = task % blocks.count();
    const Shape& image = in.images[static_cast<std::size_t>(b)].shape;
    mark_padding(out.mask.data + b * H * W, W, image[1], image[2], blocks.begin(block), blocks.end(block));
  });
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
});

}  // namespace

}  // namespace assay::openmp
