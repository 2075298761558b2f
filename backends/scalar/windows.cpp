// shifted_window_mask, window_partition and window_reverse, token by token.
#include <algorithm>

#include "backends/backend.h"
#include "reference/window_attention/shifted_window_mask.h"
#include "reference/window_attention/window_partition.h"
#include "reference/window_attention/window_reverse.h"

namespace assay::scalar {
namespace {

/// Whether a place of a rolled axis is one of the last `shift`, which came from its other end. Only the last window has
/// such places beside others, so that no other border parts the tokens of a window.
bool came_round(std::int64_t at, std::int64_t extent, std::int64_t shift) { return at >= extent - shift; }

void shifted_window_mask(const ShiftedWindowMask::Params& params, const ShiftedWindowMask::Inputs<float>&,
                         const ShiftedWindowMask::Outputs<float>& out) {
  const std::int64_t Wh = params.window_h, Ww = params.window_w, N = Wh * Ww;
  const auto fill = static_cast<float>(params.fill);
  float* mask = out.mask.data;
  for (std::int64_t top = 0; top < params.height; top += Wh)
    for (std::int64_t left = 0; left < params.width; left += Ww)
      for (std::int64_t i = 0; i < N; ++i)
        for (std::int64_t j = 0; j < N; ++j) {
          const bool apart = came_round(top + i / Ww, params.height, params.shift_h) !=
                                 came_round(top + j / Ww, params.height, params.shift_h) ||
                             came_round(left + i % Ww, params.width, params.shift_w) !=
                                 came_round(left + j % Ww, params.width, params.shift_w);
          *mask++ = apart ? fill : 0;
        }
}

template <class T>
void window_partition(const WindowPartition::Params& params, const WindowPartition::Inputs<T>& in,
                      const WindowPartition::Outputs<T>& out) {
  const std::int64_t B = in.x.shape[0], H = in.x.shape[1], W = in.x.shape[2], C = in.x.shape[3];
  const std::int64_t Wh = params.window_h, Ww = params.window_w;
  T* to = out.windows.data;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t top = 0; top < H; top += Wh)
      for (std::int64_t left = 0; left < W; left += Ww)
        for (std::int64_t y = 0; y < Wh; ++y)
          for (std::int64_t x = 0; x < Ww; ++x, to += C) {
            const std::int64_t row = (top + y + params.shift_h) % H, column = (left + x + params.shift_w) % W;
            std::copy_n(in.x.data + ((b * H + row) * W + column) * C, C, to);
          }
}

template <class T>
void window_reverse(const WindowReverse::Params& params, const WindowReverse::Inputs<T>& in,
                    const WindowReverse::Outputs<T>& out) {
  const std::int64_t B = out.x.shape[0], H = out.x.shape[1], W = out.x.shape[2], C = out.x.shape[3];
  const std::int64_t Wh = params.window_h, Ww = params.window_w;
  const T* from = in.windows.data;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t top = 0; top < H; top += Wh)
      for (std::int64_t left = 0; left < W; left += Ww)
        for (std::int64_t y = 0; y < Wh; ++y)
          for (std::int64_t x = 0; x < Ww; ++x, from += C) {
            const std::int64_t row = (top + y + params.shift_h) % H, column = (left + x + params.shift_w) % W;
            std::copy_n(from, C, out.x.data + ((b * H + row) * W + column) * C);
          }
}

const Kernels kernels([](KernelTable& table) {
  table.add<ShiftedWindowMask, float>(shifted_window_mask);
  table.add_each<WindowPartition, float, std::uint8_t>([](const auto&... all) { window_partition(all...); });
  table.add_each<WindowReverse, float, std::uint8_t>([](const auto&... all) { window_reverse(all...); });
});

}  // namespace

}  // namespace assay::scalar
