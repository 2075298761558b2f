// flatten_tokens: each image is transposed in tiles. Start with transpose(): it needs no instruction by name.
#include <algorithm>

#include "backends/backend.h"
#include "backends/openmp/parallel.h"
#include "reference/attention/flatten_tokens.h"

namespace assay::openmp {
namespace {

constexpr std::int64_t tile = 16;           ///< a cache line of float32
constexpr std::int64_t cells_of_task = 64;  ///< four lines of each channel, which prefetchers fetch together
constexpr std::int64_t half = tile * tile / 2;

/// Interleaves the halves of a tile, as cards are shuffled.
template <class T>
void interleave(const T* from, T* to) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    to[2 * i] = from[i];
    to[2 * i + 1] = from[half + i];
  }
}

/// A whole tile: 16 rows `from_stride` apart become 16 columns of rows `to_stride` apart. An element's place has 4 bits
/// of row and 4 of column; each of four shuffles turns them by one.
template <class T>
void transpose(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride) {
  T a[tile * tile], b[tile * tile];
  for (std::int64_t row = 0; row < tile; ++row) std::copy_n(from + row * from_stride, tile, a + row * tile);
  interleave(a, b);
  interleave(b, a);
  interleave(a, b);
  interleave(b, a);
  for (std::int64_t row = 0; row < tile; ++row) std::copy_n(a + row * tile, tile, to + row * to_stride);
}

/// Cells [begin, end) of all channels of an image.
template <class T>
void flatten_cells(const T* features, std::int64_t cells, std::int64_t C, std::int64_t begin, std::int64_t end,
                   T* tokens, std::int64_t token_stride) {
  for (std::int64_t c = 0; c < C; c += tile) {
    const std::int64_t channels = std::min(tile, C - c);
    for (std::int64_t cell = begin; cell < end; cell += tile) {
      const T* const from = features + c * cells + cell;
      T* const to = tokens + cell * token_stride + c;
      const std::int64_t count = std::min(tile, end - cell);
      if (channels == tile && count == tile) {
        transpose(from, cells, to, token_stride);
        continue;
      }
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t k = 0; k < channels; ++k) to[i * token_stride + k] = from[k * cells + i];
    }
  }
}

template <class T>
void flatten_tokens(const FlattenTokens::Params&, const FlattenTokens::Inputs<T>& in,
                    const FlattenTokens::Outputs<T>& out) {
  const std::int64_t cells = out.tokens.shape[0], B = out.tokens.shape[1], C = out.tokens.shape[2];
  const std::int64_t tasks = (cells + cells_of_task - 1) / cells_of_task;
  const auto bytes = 2 * cells * B * C * static_cast<std::int64_t>(sizeof(T));
  parallel_for(B * tasks, bytes, [&](std::int64_t task, int) {
    const std::int64_t b = task / tasks, begin = task % tasks * cells_of_task;
    flatten_cells(in.features.data + b * C * cells, cells, C, begin, std::min(cells, begin + cells_of_task),
                  out.tokens.data + b * C, B * C);
  });
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<FlattenTokens, float, std::uint8_t>([](const auto&... all) { flatten_tokens(all...); });
});

}  // namespace

}  // namespace assay::openmp
