// shifted_window_mask, window_partition and window_reverse. Start with Quarters: a window of a rolled map is at most
// four blocks of the map.
#include "backends/eigen/planes.h"
#include "reference/window_attention/shifted_window_mask.h"
#include "reference/window_attention/window_partition.h"
#include "reference/window_attention/window_reverse.h"

namespace assay::eigen {
namespace {

// ---- shifted_window_mask ----

using Regions = Eigen::Array<std::int32_t, Eigen::Dynamic, 1>;

/// Which tokens of a window the roll brought from the other end: 1 along w, 2 along h. `last_h` and `last_w` say
/// whether the window is the last of its axis.
Regions regions_of(const ShiftedWindowMask::Params& params, bool last_h, bool last_w) {
  const std::int64_t Ww = params.window_w, top = params.window_h - (last_h ? params.shift_h : 0),
                     left = Ww - (last_w ? params.shift_w : 0);
  return Regions::NullaryExpr(params.window_h * Ww, [=](Eigen::Index token) {
    return (token / Ww >= top ? 2 : 0) + (token % Ww >= left ? 1 : 0);
  });
}

void shifted_window_mask(const ShiftedWindowMask::Params& params, const ShiftedWindowMask::Inputs<float>&,
                         const ShiftedWindowMask::Outputs<float>& out) {
  const std::int64_t rows = params.height / params.window_h, columns = params.width / params.window_w;
  const std::int64_t N = params.window_h * params.window_w;
  const auto filled = Plane<float>::Constant(1, N, static_cast<float>(params.fill));
  float* mask = out.mask.data;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column, mask += N * N) {
      PlaneMap<float> window(mask, N, N);
      if (row + 1 < rows && column + 1 < columns) {
        window.setZero();
        continue;
      }
      const Regions regions = regions_of(params, row + 1 == rows, column + 1 == columns);
      for (Eigen::Index i = 0; i < N; ++i) window.row(i) = (regions.transpose() != regions[i]).select(filled, 0.0F);
    }
}

// ---- window_partition and window_reverse ----

/// A window at (top, left) of a rolled map [H, W·C], as blocks of the map and of the window: `h` by `w` elements of it
/// lie at the map's place, the others where the map begins again.
struct Quarters {
  Eigen::Index top, left, h, w;

  /// Calls copy(block of the map, block of the window) for each.
  template <class Map, class Window, class Copy>
  void each(Map&& map, Window&& window, const Copy& copy) const {
    const Eigen::Index below = window.rows() - h, beside = window.cols() - w;
    copy(map.block(top, left, h, w), window.topLeftCorner(h, w));
    copy(map.topRows(below).middleCols(left, w), window.bottomLeftCorner(below, w));
    copy(map.middleRows(top, h).leftCols(beside), window.topRightCorner(h, beside));
    copy(map.topLeftCorner(below, beside), window.bottomRightCorner(below, beside));
  }
};

/// The maps of a batch and their windows, with the pointers of either side.
template <class Map, class Window, class Copy>
void each_window(Map* map, Window* window, const Shape& x, std::int64_t Wh, std::int64_t Ww, std::int64_t shift_h,
                 std::int64_t shift_w, const Copy& copy) {
  const std::int64_t B = x[0], H = x[1], W = x[2], C = x[3];
  for (std::int64_t b = 0; b < B; ++b, map += H * W * C)
    for (std::int64_t row = shift_h; row < H + shift_h; row += Wh)
      for (std::int64_t column = shift_w; column < W + shift_w; column += Ww, window += Wh * Ww * C) {
        const Quarters quarters{row, column * C, std::min(Wh, H - row), std::min(Ww, W - column) * C};
        quarters.each(PlaneMap<Map>(map, H, W * C), PlaneMap<Window>(window, Wh, Ww * C), copy);
      }
}

template <class T>
void window_partition(const WindowPartition::Params& params, const WindowPartition::Inputs<T>& in,
                      const WindowPartition::Outputs<T>& out) {
  each_window(in.x.data, out.windows.data, in.x.shape, params.window_h, params.window_w, params.shift_h, params.shift_w,
              [](const auto& of_map, auto&& of_window) { of_window = of_map; });
}

template <class T>
void window_reverse(const WindowReverse::Params& params, const WindowReverse::Inputs<T>& in,
                    const WindowReverse::Outputs<T>& out) {
  each_window(out.x.data, in.windows.data, out.x.shape, params.window_h, params.window_w, params.shift_h,
              params.shift_w, [](auto&& of_map, const auto& of_window) { of_map = of_window; });
}

const Kernels kernels([](KernelTable& table) {
  table.add<ShiftedWindowMask, float>(shifted_window_mask);
  table.add_each<WindowPartition, float, std::uint8_t>([](const auto&... all) { window_partition(all...); });
  table.add_each<WindowReverse, float, std::uint8_t>([](const auto&... all) { window_reverse(all...); });
});

}  // namespace

}  // namespace assay::eigen
