// nested_tensor: every byte of the canvas is written once, in order, copied from its image or zero. stack_collate and
// yolo_collate: the same with nothing to pad, the second of images whose rows and columns are chosen from.
#include <algorithm>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/nearest.h"
#include "backends/openmp/padding.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/row_blocks.h"
#include "backends/openmp/streaming.h"
#include "reference/collation/nested_tensor.h"
#include "reference/collation/stack_collate.h"
#include "reference/collation/yolo_collate.h"

namespace assay::openmp {
namespace {

// ---- nested_tensor ----

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

// ---- stack_collate ----

template <class Stream>
void append_all(const void* from, std::int64_t bytes, Stream&& to) {
  to.append(from, static_cast<std::size_t>(bytes));
  to.finish();
}

template <class T>
void stack_collate(const StackCollate::Params&, const StackCollate::Inputs<T>& in,
                   const StackCollate::Outputs<T>& out) {
  constexpr std::int64_t element = sizeof(T);
  const std::int64_t B = out.batch.shape[0], elements = out.batch.shape.elements() / B;
  const std::int64_t bytes = 2 * B * elements * element;
  const bool streamed = bytes > thresholds.stream;
  const RowBlocks blocks(elements, element);
  parallel_for(B * blocks.count(), bytes, [&](std::int64_t task, int) {
    const std::int64_t b = task / blocks.count(), block = task % blocks.count(), begin = blocks.begin(block);
    const T* const from = in.samples[static_cast<std::size_t>(b)].data + begin;
    T* const to = out.batch.data + b * elements + begin;
    const std::int64_t count = (blocks.end(block) - begin) * element;
    if (streamed) {
      append_all(from, count, LineStream(to));
    } else {
      append_all(from, count, PlainStream(to));
    }
  });
}

// ---- yolo_collate ----

/// What a plan can know of each image: which rows, and columns, are shown, and where its targets begin.
struct YoloPlan {
  std::vector<std::vector<std::int64_t>> sources;  ///< [B][S]
  std::vector<std::int64_t> first_target;          ///< [B]
  std::int64_t bytes = 0;                          ///< that images move
};

YoloPlan prepare_yolo(const YoloCollate::Params& params, const YoloCollate::Inputs<float>& in) {
  const std::int64_t S = params.image_size;
  YoloPlan plan;
  std::int64_t first = 0;
  for (std::size_t b = 0; b < in.images.size(); ++b) {
    const std::int64_t size = in.images[b].shape[1], shown = std::min(size, S);
    plan.sources.push_back(nearest_sources(size, S));
    plan.first_target.push_back(first);
    first += in.targets[b].shape[0];
    plan.bytes += 3 * (shown * shown + S * S) * static_cast<std::int64_t>(sizeof(float));
  }
  return plan;
}

/// One row of the result: eight pixels are read before they are written, so that reads need not wait for stores that
/// might change what they read.
void gather_row(const float* from, const std::vector<std::int64_t>& columns, float* to) {
  constexpr std::int64_t together = 8;
  const std::int64_t* column = columns.data();
  const auto S = static_cast<std::int64_t>(columns.size());
  std::int64_t x = 0;
  for (; x + together <= S; x += together) {
    float pixels[together];
    for (std::int64_t i = 0; i < together; ++i) pixels[i] = from[column[x + i]];
    std::copy_n(pixels, together, to + x);
  }
  for (; x < S; ++x) to[x] = from[column[x]];
}

/// Rows [begin, end) of a channel of the result. A row that shows what the one above it does is its copy.
void gather_rows(const float* channel, std::int64_t size, const std::vector<std::int64_t>& sources, std::int64_t begin,
                 std::int64_t end, float* to) {
  const std::int64_t* source = sources.data();
  const auto S = static_cast<std::int64_t>(sources.size());
  for (std::int64_t y = begin; y < end; ++y, to += S) {
    if (y > begin && source[y] == source[y - 1]) {
      std::copy_n(to - S, S, to);
    } else {
      gather_row(channel + source[y] * size, sources, to);
    }
  }
}

void write_targets(const YoloPlan& plan, const YoloCollate::Inputs<float>& in, const View<float>& targets) {
  parallel_for(std::ssize(in.targets), 2 * targets.shape.elements() * 4, [&](std::int64_t b, int) {
    const View<const float>& own = in.targets[static_cast<std::size_t>(b)];
    float* const to = targets.data + plan.first_target[static_cast<std::size_t>(b)] * 6;
    std::copy_n(own.data, own.shape.elements(), to);
    for (std::int64_t row = 0; row < own.shape[0]; ++row) to[row * 6] = static_cast<float>(b);
  });
}

/// Images of the size that is asked for are copied, and streamed where that pays; gathered rows lost by it.
void yolo_collate(YoloPlan& plan, const YoloCollate::Params& params, const YoloCollate::Inputs<float>& in,
                  const YoloCollate::Outputs<float>& out) {
  const std::int64_t B = out.images.shape[0], S = params.image_size;
  const bool streamed = plan.bytes > thresholds.stream;
  const RowBlocks blocks(S, S * 4);
  parallel_for(B * 3 * blocks.count(), plan.bytes, [&](std::int64_t task, int) {
    const std::int64_t block = task % blocks.count(), plane = task / blocks.count();
    const auto b = static_cast<std::size_t>(plane / 3);
    const std::int64_t size = in.images[b].shape[1], begin = blocks.begin(block), end = blocks.end(block);
    const float* const channel = in.images[b].data + plane % 3 * size * size;
    float* const to = out.images.data + (plane * S + begin) * S;
    if (size != S) {
      gather_rows(channel, size, plan.sources[b], begin, end, to);
    } else if (streamed) {
      append_all(channel + begin * S, (end - begin) * S * 4, LineStream(to));
    } else {
      append_all(channel + begin * S, (end - begin) * S * 4, PlainStream(to));
    }
  });
  write_targets(plan, in, out.targets);
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&... all) { nested_tensor(all...); });
  table.add_each<StackCollate, float, std::uint8_t>([](const auto&... all) { stack_collate(all...); });
  table.add<YoloCollate, float>(prepare_yolo, yolo_collate);
});

}  // namespace

}  // namespace assay::openmp
