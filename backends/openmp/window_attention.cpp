// relative_position_index, relative_position_bias, log_position_bias and window_softmax. The first rest on index(i, j)
// = g(i) − g(j) + c with g(i) = h_i·(2Ww − 1) + w_i; the softmax works on a block of rows at a time, in a worker's own
// cache.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/blocks.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/simd_math.h"
#include "reference/window_attention/log_position_bias.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/relative_position_index.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::openmp {
namespace {

// ---- relative_position_index ----

using Places = std::vector<std::int64_t>;  ///< g(i) of each token

Places prepare_index(const RelativePositionIndex::Params& params, const RelativePositionIndex::Inputs<float>&) {
  Places places;
  for (std::int64_t h = 0; h < params.window_h; ++h)
    for (std::int64_t w = 0; w < params.window_w; ++w) places.push_back(h * (2 * params.window_w - 1) + w);
  return places;
}

void relative_position_index(Places& places, const RelativePositionIndex::Params&,
                             const RelativePositionIndex::Inputs<float>&,
                             const RelativePositionIndex::Outputs<float>& out) {
  const std::int64_t N = out.index.shape[0];
  const std::int64_t* place = places.data();
  parallel_for(N, N * N * 8, [&](std::int64_t i, int) {
    const std::int64_t from = place[i] + place[N - 1];  // c is g of the last token
    std::int64_t* row = out.index.data + i * N;
#pragma omp simd
    for (std::int64_t j = 0; j < N; ++j) row[j] = from - place[j];
  });
}

// ---- relative_position_bias ----

/// Room for the table with a row for each head and its entries backwards, so that they run the way the tokens j do, and
/// for each worker the strips of one head.
struct BiasRoom {
  std::vector<float> reversed;
  Scratch strips;
};

/// Floats of one strip, of which a head has one for each column of the window.
std::int64_t strip_floats(std::int64_t Wh, std::int64_t Ww) { return (2 * Wh - 1) * Ww; }

Scratch room_for_strips(std::int64_t Wh, std::int64_t Ww) { return Scratch(Ww * strip_floats(Wh, Ww) + block_slack); }

BiasRoom prepare_bias(const RelativePositionBias::Params& params, const RelativePositionBias::Inputs<float>& in) {
  return {std::vector<float>(static_cast<std::size_t>(in.table.shape.elements() + block_slack)),
          room_for_strips(params.window_h, params.window_w)};
}

/// reversed[head, k] = table[entries − 1 − k, head], in tiles that stay in the nearest cache.
void reverse_table(const View<const float>& table, float* reversed) {
  const std::int64_t entries = table.shape[0], heads = table.shape[1];
  constexpr std::int64_t tile = 16;
  parallel_for((entries + tile - 1) / tile, 2 * entries * heads * 4, [&](std::int64_t task, int) {
    const std::int64_t begin = task * tile, end = std::min(entries, begin + tile);
    for (std::int64_t first = 0; first < heads; first += tile)
      for (std::int64_t head = first; head < std::min(heads, first + tile); ++head)
        for (std::int64_t k = begin; k < end; ++k)
          reversed[head * entries + k] = table.data[(entries - 1 - k) * heads + head];
  });
}

/// For tokens i of column w_i the row bias[i, :] of a head is a piece of one strip, the same for all h_i but for where
/// it starts: strip[d, w_j] = bias of the tokens d − (Wh − 1) rows below i. Here all strips of a head, one after the
/// other.
void make_strips(std::int64_t Wh, std::int64_t Ww, const float* entries, float* strips) {
  const std::int64_t rows = 2 * Wh - 1;
  for (std::int64_t w = 0; w < Ww; ++w)
    for (std::int64_t d = 0; d < rows; ++d, strips += Ww)
      copy_blocks(strips, entries + d * (2 * Ww - 1) + Ww - 1 - w, Ww);
}

/// The bias of all heads from their reversed entries, which lie `stride` floats apart.
void write_bias(const BiasRoom& room, std::int64_t stride, std::int64_t Wh, std::int64_t Ww, const View<float>& bias) {
  const std::int64_t heads = bias.shape[0], N = bias.shape[1];
  parallel_for(heads, heads * N * N * 4, [&](std::int64_t head, int worker) {
    float* strips = room.strips[worker];
    make_strips(Wh, Ww, room.reversed.data() + head * stride, strips);
    float* row = bias.data + head * N * N;
    const float* const end = row + N * N;
    for (std::int64_t h = 0; h < Wh; ++h)
      for (std::int64_t w = 0; w < Ww; ++w, row += N) {
        const float* from = strips + w * strip_floats(Wh, Ww) + (Wh - 1 - h) * Ww;
        if (end - row >= N + block_slack) {
          copy_blocks(row, from, N);
        } else {
          std::copy_n(from, N, row);
        }
      }
  });
}

void relative_position_bias(BiasRoom& room, const RelativePositionBias::Params& params,
                            const RelativePositionBias::Inputs<float>& in,
                            const RelativePositionBias::Outputs<float>& out) {
  reverse_table(in.table, room.reversed.data());
  write_bias(room, in.table.shape[0], params.window_h, params.window_w, out.bias);
}

// ---- log_position_bias ----

/// A vector's lanes are distances that follow each other, so that each sum over the units stays in its lane.
constexpr std::int64_t units_at_once = 64;  ///< whose values a worker keeps, 4 KB, while all heads weigh them
constexpr std::int64_t heads_at_once = 4;   ///< whose sums stay in registers

/// The coordinates of all distances backwards, in whole blocks, and room for their biases and for a worker's units.
struct LogBiasRoom {
  std::int64_t stride;      ///< the distances, rounded up to a block
  std::vector<float> h, w;  ///< [stride]
  BiasRoom bias;            ///< reversed: [heads, stride]
  Scratch units;            ///< [units_at_once, block]
};

/// sign(d)·log2(8|d|/(w − 1) + 1)/3 for d = extent − 1 … −(extent − 1).
std::vector<float> log_coordinates(std::int64_t extent, std::int64_t pretrained) {
  const auto most = static_cast<double>((pretrained != 0 ? pretrained : extent) - 1);
  std::vector<float> made;
  for (std::int64_t d = extent - 1; d > -extent; --d) {
    const auto distance = static_cast<double>(d);
    const double coordinate = d == 0 ? 0 : std::log2(8 * std::abs(distance) / most + 1) / 3;
    made.push_back(static_cast<float>(std::copysign(coordinate, distance)));
  }
  return made;
}

LogBiasRoom prepare_log_bias(const LogPositionBias::Params& params, const LogPositionBias::Inputs<float>& in) {
  const std::int64_t Wh = params.window_h, Ww = params.window_w, heads = in.second_weight.shape[0];
  const std::int64_t entries = (2 * Wh - 1) * (2 * Ww - 1), stride = (entries + block - 1) / block * block;
  LogBiasRoom room;
  room.stride = stride;
  room.h.resize(static_cast<std::size_t>(stride));
  room.w.resize(static_cast<std::size_t>(stride));
  room.bias.reversed.resize(static_cast<std::size_t>(heads * stride + block_slack));
  room.bias.strips = room_for_strips(Wh, Ww);
  room.units = Scratch(units_at_once * block);
  std::size_t i = 0;
  const std::vector<float> across = log_coordinates(Ww, params.pretrained_window_w);
  for (const float down : log_coordinates(Wh, params.pretrained_window_h))
    for (std::size_t k = 0; k < across.size(); ++k, ++i) {
      room.h[i] = down;
      room.w[i] = across[k];
    }
  return room;
}

/// Units [first, first + count) of the first layer at a block of distances.
void evaluate_units(const LogPositionBias::Inputs<float>& in, std::int64_t first, std::int64_t count, const float* h,
                    const float* w, float* units) {
  const float *weight = in.first_weight.data + 2 * first, *bias = in.first_bias.data + first;
  for (std::int64_t m = 0; m < count; ++m) {
    const float of_h = weight[2 * m], of_w = weight[2 * m + 1], start = bias[m];
#pragma omp simd simdlen(16)
    for (std::int64_t lane = 0; lane < block; ++lane) {
      const float sum = of_h * h[lane] + of_w * w[lane] + start;
      units[m * block + lane] = sum < 0 ? 0 : sum;
    }
  }
}

/// Adds what `count` units weigh to the sums of some heads at a block of distances.
template <std::int64_t heads>
void weigh_units(const float* weight, std::int64_t D, const float* units, std::int64_t count, float* sums,
                 std::int64_t stride) {
  float part[heads][block] = {};
  for (std::int64_t m = 0; m < count; ++m)
    for (std::int64_t head = 0; head < heads; ++head) {
      const float share = weight[head * D + m];
#pragma omp simd simdlen(16)
      for (std::int64_t lane = 0; lane < block; ++lane) part[head][lane] += share * units[m * block + lane];
    }
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t lane = 0; lane < block; ++lane) sums[head * stride + lane] += part[head][lane];
}

/// 16·sigmoid of a block, from 16·e^−|z|, which does not overflow.
void sigmoid_times_16(float* values) {
  float falling[block];
  for (std::int64_t lane = 0; lane < block; ++lane) falling[lane] = -std::abs(values[lane]);
  exponentials_times_16(falling, 0, block);
  for (std::int64_t lane = 0; lane < block; ++lane)
    values[lane] = (values[lane] >= 0 ? 16.0F : falling[lane]) / (1 + falling[lane] / 16);
}

/// The biases of all heads at the block of distances that begins at `at`.
void evaluate_block(LogBiasRoom& room, const LogPositionBias::Inputs<float>& in, std::int64_t at, float* units) {
  const std::int64_t heads = in.second_weight.shape[0], D = in.second_weight.shape[1], stride = room.stride;
  float* const sums = room.bias.reversed.data() + at;
  for (std::int64_t head = 0; head < heads; ++head) fill_blocks(sums + head * stride, 0, block);
  for (std::int64_t first = 0; first < D; first += units_at_once) {
    const std::int64_t count = std::min(units_at_once, D - first);
    evaluate_units(in, first, count, room.h.data() + at, room.w.data() + at, units);
    const float* const weight = in.second_weight.data + first;
    std::int64_t head = 0;
    for (; head + heads_at_once <= heads; head += heads_at_once)
      weigh_units<heads_at_once>(weight + head * D, D, units, count, sums + head * stride, stride);
    for (; head < heads; ++head) weigh_units<1>(weight + head * D, D, units, count, sums + head * stride, stride);
  }
  for (std::int64_t head = 0; head < heads; ++head) sigmoid_times_16(sums + head * stride);
}

void log_position_bias(LogBiasRoom& room, const LogPositionBias::Params& params,
                       const LogPositionBias::Inputs<float>& in, const LogPositionBias::Outputs<float>& out) {
  // a product and a sum take about as long as moving 4 bytes
  const std::int64_t work = room.stride * in.second_weight.shape.elements() * 4;
  parallel_for(room.stride / block, work,
               [&](std::int64_t task, int worker) { evaluate_block(room, in, task * block, room.units[worker]); });
  write_bias(room.bias, room.stride, params.window_h, params.window_w, out.bias);
}

// ---- window_softmax ----

/// Rows are padded to whole blocks with −∞, whose exponential is 0, so that no loop has a scalar tail.
std::int64_t padded(std::int64_t N) { return (N + block - 1) / block * block; }

/// Rows that go through each pass together: enough that one row's sums need not wait for another's, 4 KB so that every
/// pass over them and what they came from stays in the nearest cache.
std::int64_t rows_at_once(std::int64_t N) { return std::clamp<std::int64_t>(1024 / padded(N), 1, N); }

/// What a worker has at hand for the rows of a task.
struct SoftmaxRoom {
  float* logits;        ///< [rows, padded]
  float *most, *share;  ///< [rows]
};

Scratch prepare_softmax(const WindowSoftmax::Params&, const WindowSoftmax::Inputs<float>& in) {
  const std::int64_t N = in.scores.shape[3], rows = rows_at_once(N);
  return Scratch(rows * (padded(N) + 2));
}

SoftmaxRoom room_of(float* scratch, std::int64_t N) {
  const std::int64_t rows = rows_at_once(N);
  float* const most = scratch + rows * padded(N);
  return {scratch, most, most + rows};
}

/// Rows of scores, bias and mask that go through each pass together, and how many rows lie behind them.
struct Rows {
  const float *scores, *bias, *mask;
  std::int64_t count, scores_behind, bias_behind;
};

/// logits = scores + bias + mask of a row, padded.
template <bool with_bias, bool with_mask>
void add_logits(const Rows& from, std::int64_t N, float* logits) {
  const auto logit = [&](std::int64_t j) {
    float sum = from.scores[j];
    if constexpr (with_bias) sum += from.bias[j];
    if constexpr (with_mask) sum += from.mask[j];
    return sum;
  };
  std::int64_t j = 0;
  for (; j + block <= N; j += block) {
#pragma omp simd simdlen(16)
    for (std::int64_t lane = 0; lane < block; ++lane) logits[j + lane] = logit(j + lane);
  }
  if (j == N) return;
  const std::int64_t rest = N - j;
#pragma omp simd simdlen(16)
  for (std::int64_t lane = 0; lane < block; ++lane)
    logits[j + lane] = lane < rest ? logit(j + lane) : -std::numeric_limits<float>::infinity();
}

/// NaN may be passed over: its own exponential is NaN all the same.
float largest(const float* logits, std::int64_t count) {
  float most = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : most)
  for (std::int64_t j = 0; j < count; ++j) most = logits[j] > most ? logits[j] : most;
  return most;
}

/// Asks for a row of those that come next, while one of these computes: left to itself a CPU looks no further than the
/// end of a page, and waits for memory as long as it computes. Inlined by force, for GCC 12 takes a function that does
/// nothing but prefetch to do nothing, and drops the call.
[[gnu::always_inline]] inline void prefetch(const float* row, std::int64_t N) {
  for (std::int64_t j = 0; j < N; j += block) __builtin_prefetch(row + j);
}

/// Row by row, one pass at a time.
template <bool with_bias, bool with_mask>
void softmax_rows(Rows from, std::int64_t N, const SoftmaxRoom& room, float* to) {
  const std::int64_t rows = from.count, whole = padded(N);
  const float* const stop = to + rows * N;
  for (std::int64_t i = 0; i < rows; ++i) {
    add_logits<with_bias, with_mask>(from, N, room.logits + i * whole);
    from.scores += N;
    if constexpr (with_bias) from.bias += N;
    if constexpr (with_mask) from.mask += N;
  }
  for (std::int64_t i = 0; i < rows; ++i) room.most[i] = largest(room.logits + i * whole, whole);
  for (std::int64_t i = 0; i < rows; ++i) {
    if (i < from.scores_behind) prefetch(from.scores + i * N, N);
    if constexpr (with_bias) {
      if (i < from.bias_behind) prefetch(from.bias + i * N, N);
    }
    room.share[i] = 1 / exponentials_times_16(room.logits + i * whole, room.most[i], whole);
  }
  for (std::int64_t i = 0; i < rows; ++i, to += N) {
    const float* row = room.logits + i * whole;
    const float share = room.share[i];
    const std::int64_t count = stop - to >= whole ? whole : N;
#pragma omp simd
    for (std::int64_t j = 0; j < count; ++j) to[j] = row[j] * share;
  }
}

using SoftmaxRows = void (*)(Rows, std::int64_t, const SoftmaxRoom&, float*);

SoftmaxRows choose_rows(bool with_bias, bool with_mask) {
  if (with_bias) return with_mask ? softmax_rows<true, true> : softmax_rows<true, false>;
  return with_mask ? softmax_rows<false, true> : softmax_rows<false, false>;
}

/// Rows of a task, of the N rows of a head of a window: about as many bytes of scores as thresholds.h says.
std::int64_t rows_of_task(std::int64_t N) {
  const std::int64_t together = rows_at_once(N);
  return std::clamp<std::int64_t>(thresholds.score_block / 4 / N / together * together, together, N);
}

std::int64_t bytes_moved(const WindowSoftmax::Inputs<float>& in) {
  std::int64_t elements = 2 * in.scores.shape.elements();
  if (in.bias) elements += in.bias->shape.elements();
  if (in.mask) elements += in.mask->shape.elements();
  return elements * static_cast<std::int64_t>(sizeof(float));
}

void window_softmax(Scratch& scratch, const WindowSoftmax::Params&, const WindowSoftmax::Inputs<float>& in,
                    const WindowSoftmax::Outputs<float>& out) {
  const std::int64_t windows = in.scores.shape[0], heads = in.scores.shape[1], N = in.scores.shape[2];
  const std::int64_t mask_windows = in.mask ? in.mask->shape[0] : 0;
  const std::int64_t task_rows = rows_of_task(N), tasks_of_head = (N + task_rows - 1) / task_rows;
  const SoftmaxRows softmax = choose_rows(in.bias.has_value(), in.mask.has_value());
  const std::int64_t bytes = bytes_moved(in);
  parallel_for(windows * heads * tasks_of_head, bytes, [&](std::int64_t task, int worker) {
    const std::int64_t part = task % tasks_of_head, head = task / tasks_of_head % heads;
    const std::int64_t window = task / tasks_of_head / heads;
    const SoftmaxRoom room = room_of(scratch[worker], N);
    for (std::int64_t i = part * task_rows, end = std::min(N, i + task_rows), count = 0; i < end; i += count) {
      count = std::min(rows_at_once(N), end - i);
      const std::int64_t row = (window * heads + head) * N + i, bias_row = head * N + i;
      const float* const bias = in.bias ? in.bias->data + bias_row * N : nullptr;
      const float* const mask = in.mask ? in.mask->data + (window % mask_windows * N + i) * N : nullptr;
      const Rows rows{in.scores.data + row * N,    bias, mask, count, windows * heads * N - row - count,
                      heads * N - bias_row - count};
      softmax(rows, N, room, out.probs.data + row * N);
    }
  });
}

const Kernels kernels([](KernelTable& table) {
  table.add<RelativePositionIndex, float>(prepare_index, relative_position_index);
  table.add<RelativePositionBias, float>(prepare_bias, relative_position_bias);
  table.add<LogPositionBias, float>(prepare_log_bias, log_position_bias);
  table.add<WindowSoftmax, float>(prepare_softmax, window_softmax);
});

}  // namespace

}  // namespace assay::openmp
