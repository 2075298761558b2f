// shifted_window_mask, window_partition and window_reverse. Each writes its output once, in order, row by row, from
// runs that lie together in what it reads.
#include <algorithm>
#include <cstddef>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/row_blocks.h"
#include "backends/openmp/streaming.h"
#include "reference/window_attention/shifted_window_mask.h"
#include "reference/window_attention/window_partition.h"
#include "reference/window_attention/window_reverse.h"

namespace assay::openmp {
namespace {

/// Writes rows of `row_bytes` bytes each in blocks of them: write(begin, end, stream) appends rows [begin, end).
template <class Write>
void write_rows(void* to, std::int64_t rows, std::int64_t row_bytes, std::int64_t bytes_moved, const Write& write) {
  const RowBlocks blocks(rows, row_bytes);
  const bool streamed = bytes_moved > thresholds.stream;
  parallel_for(blocks.count(), bytes_moved, [&](std::int64_t block, int) {
    const std::int64_t begin = blocks.begin(block), end = blocks.end(block);
    auto* const first = static_cast<std::byte*>(to) + begin * row_bytes;
    if (streamed) {
      LineStream stream(first);
      write(begin, end, stream);
      stream.finish();
    } else {
      PlainStream stream(first);
      write(begin, end, stream);
    }
  });
}

// ---- shifted_window_mask ----

/// The kinds of windows, by what the roll brought together in them: nothing in the inner ones; places from both ends of
/// w at the right and of h at the bottom, so that those in the corner are both.
constexpr std::int64_t inner = 0, right = 1, bottom = 2, kinds = 4;

/// The region of a token of a window of some kind: 1 if it came round along w, 2 along h.
std::int64_t region_of(const ShiftedWindowMask::Params& params, std::int64_t kind, std::int64_t token) {
  const bool below = token / params.window_w >= params.window_h - params.shift_h,
             beside = token % params.window_w >= params.window_w - params.shift_w;
  return kind & ((below ? bottom : inner) + (beside ? right : inner));
}

/// The row of each kind of window and region: fill at the tokens of other regions.
using MaskRows = std::vector<float>;  ///< [kinds, regions, N]

MaskRows prepare_mask(const ShiftedWindowMask::Params& params, const ShiftedWindowMask::Inputs<float>&) {
  const std::int64_t N = params.window_h * params.window_w;
  MaskRows rows;
  rows.reserve(static_cast<std::size_t>(kinds * kinds * N));
  for (std::int64_t kind = 0; kind < kinds; ++kind)
    for (std::int64_t region = 0; region < kinds; ++region)
      for (std::int64_t token = 0; token < N; ++token)
        rows.push_back(region_of(params, kind, token) != region ? static_cast<float>(params.fill) : 0.0F);
  return rows;
}

void shifted_window_mask(MaskRows& rows, const ShiftedWindowMask::Params& params,
                         const ShiftedWindowMask::Inputs<float>&, const ShiftedWindowMask::Outputs<float>& out) {
  const std::int64_t nW = out.mask.shape[0], N = out.mask.shape[1], row_bytes = N * 4;
  const std::int64_t columns = params.width / params.window_w;
  write_rows(out.mask.data, nW * N, row_bytes, nW * N * row_bytes, [&](std::int64_t row, std::int64_t end, auto& to) {
    while (row < end) {
      const std::int64_t window = row / N, first = row % N, count = std::min(N - first, end - row);
      const std::int64_t kind =
          (window >= nW - columns ? bottom : inner) + (window % columns == columns - 1 ? right : inner);
      if (kind == inner) to.append_zeros(static_cast<std::size_t>(count * row_bytes));
      for (std::int64_t i = first; i < first + count && kind != inner; ++i)
        to.append(rows.data() + (kind * kinds + region_of(params, kind, i)) * N, static_cast<std::size_t>(row_bytes));
      row += count;
    }
  });
}

// ---- window_partition and window_reverse ----

/// Maps [H, W] of tokens in windows of Wh by Ww; all sizes in tokens of `token_bytes` bytes.
struct Windows {
  std::int64_t H, W, Wh, Ww, shift_h, shift_w, token_bytes;
  std::int64_t rows() const { return H / Wh; }
  std::int64_t columns() const { return W / Ww; }
};

template <class Stream>
void append_tokens(Stream& to, const std::byte* from, std::int64_t first, std::int64_t count, std::int64_t bytes) {
  to.append(from + first * bytes, static_cast<std::size_t>(count * bytes));
}

/// Rows [begin, end) of all windows: each is a run of a row of the map, or the end and the beginning of one.
template <class Stream>
void append_window_rows(const Windows& s, const std::byte* maps, std::int64_t begin, std::int64_t end, Stream& to) {
  const std::int64_t rows = s.rows(), columns = s.columns(), window = begin / s.Wh;
  std::int64_t y = begin % s.Wh, column = window % columns, row = window / columns % rows,
               image = window / columns / rows;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t down = row * s.Wh + y + s.shift_h, x = column * s.Ww + s.shift_w;
    const std::int64_t line = (image * s.H + (down < s.H ? down : down - s.H)) * s.W, count = std::min(s.Ww, s.W - x);
    append_tokens(to, maps, line + x, count, s.token_bytes);
    if (count < s.Ww) append_tokens(to, maps, line, s.Ww - count, s.token_bytes);
    if (++y < s.Wh) continue;
    y = 0;
    if (++column < columns) continue;
    column = 0;
    if (++row < rows) continue;
    row = 0;
    ++image;
  }
}

/// Rows [begin, end) of all maps: each is the end of the last window's row, then the rows of the others, then the last
/// one's beginning.
template <class Stream>
void append_map_rows(const Windows& s, const std::byte* windows, std::int64_t begin, std::int64_t end, Stream& to) {
  const std::int64_t columns = s.columns(), apart = s.Wh * s.Ww;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t down = i % s.H - s.shift_h, y = down < 0 ? down + s.H : down;
    const std::int64_t first_window = i / s.H * s.rows() * columns + y / s.Wh * columns;
    const std::int64_t first = first_window * apart + y % s.Wh * s.Ww, last = first + (columns - 1) * apart;
    append_tokens(to, windows, last + s.Ww - s.shift_w, s.shift_w, s.token_bytes);
    for (std::int64_t from = first; from < last; from += apart) append_tokens(to, windows, from, s.Ww, s.token_bytes);
    append_tokens(to, windows, last, s.Ww - s.shift_w, s.token_bytes);
  }
}

template <class T>
void window_partition(const WindowPartition::Params& params, const WindowPartition::Inputs<T>& in,
                      const WindowPartition::Outputs<T>& out) {
  const Shape& x = in.x.shape;
  const auto token_bytes = x[3] * static_cast<std::int64_t>(sizeof(T));
  const Windows sizes{x[1], x[2], params.window_h, params.window_w, params.shift_h, params.shift_w, token_bytes};
  const auto* const maps = reinterpret_cast<const std::byte*>(in.x.data);
  write_rows(out.windows.data, x[0] * x[1] * sizes.columns(), sizes.Ww * token_bytes,
             2 * x[0] * x[1] * x[2] * token_bytes,
             [&](std::int64_t begin, std::int64_t end, auto& to) { append_window_rows(sizes, maps, begin, end, to); });
}

template <class T>
void window_reverse(const WindowReverse::Params& params, const WindowReverse::Inputs<T>& in,
                    const WindowReverse::Outputs<T>& out) {
  const Shape& x = out.x.shape;
  const auto token_bytes = x[3] * static_cast<std::int64_t>(sizeof(T));
  const Windows sizes{x[1], x[2], params.window_h, params.window_w, params.shift_h, params.shift_w, token_bytes};
  const auto* const windows = reinterpret_cast<const std::byte*>(in.windows.data);
  write_rows(out.x.data, x[0] * x[1], x[2] * token_bytes, 2 * x[0] * x[1] * x[2] * token_bytes,
             [&](std::int64_t begin, std::int64_t end, auto& to) { append_map_rows(sizes, windows, begin, end, to); });
}

const Kernels kernels([](KernelTable& table) {
  table.add<ShiftedWindowMask, float>(prepare_mask, shifted_window_mask);
  table.add_each<WindowPartition, float, std::uint8_t>([](const auto&... all) { window_partition(all...); });
  table.add_each<WindowReverse, float, std::uint8_t>([](const auto&... all) { window_reverse(all...); });
});

}  // namespace

}  // namespace assay::openmp
