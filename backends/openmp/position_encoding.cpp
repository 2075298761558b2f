// sine_position_encoding. Padding leaves few distinct lines in a batch (a rectangle has two distinct rows and two
// distinct columns): each is found once, its sines and cosines are computed once, and the rest is copying. Any mask is
// right, one of scattered pixels merely has more lines. Start with sine_position_encoding(). The other two encodings,
// at the end, use what it has: learned_position_encoding the writing of planes, query_position_encoding the waves of
// one position.
#include "backends/openmp/position_encoding.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/blocks.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/row_blocks.h"
#include "backends/openmp/simd_math.h"
#include "reference/position_encoding/learned_position_encoding.h"
#include "reference/position_encoding/query_position_encoding.h"

namespace assay::openmp {
namespace {

using Sine = SinePositionEncoding;

using sine::Axis;
using sine::Run;
using sine::Workspace;

// ---- prepare ----

/// Positions and inverse wavelengths are held below this, so that their product is finite: beyond it a float32 angle
/// has not told one turn from another for long.
constexpr double largest_factor = 1e18;

/// [F/2] 1/dim_t.
std::vector<float> inverse_wavelengths(double temperature, std::int64_t F) {
  std::vector<float> inverse;
  for (std::int64_t i = 0; i < F / 2; ++i) {
    const double dim_t = std::pow(temperature, 2.0 * static_cast<double>(i) / static_cast<double>(F));
    inverse.push_back(static_cast<float>(std::min(1 / dim_t, largest_factor)));
  }
  return inverse;
}

Axis make_axis(double temperature, std::int64_t F, std::int64_t images, std::int64_t lines, std::int64_t length) {
  Axis axis;
  axis.length = length;
  axis.inverse_dim = inverse_wavelengths(temperature, F);
  const auto all = static_cast<std::size_t>(images * lines * length);
  axis.masks.resize(all);
  axis.positions.resize(all);
  axis.runs.reserve(static_cast<std::size_t>(images * lines));
  axis.first_run.resize(static_cast<std::size_t>(images) + 1);
  return axis;
}

// ---- the distinct lines of a batch ----

/// The float32 nearest to a position in float64.
float to_position(double v) {
  if (std::isfinite(v)) v = std::clamp(v, -largest_factor, largest_factor);
  return static_cast<float>(v);
}

void count_positions(const Sine::Params& params, const unsigned char* mask, float* position, std::int64_t length) {
  double last = 0;
  for (std::int64_t i = 0; i < length; ++i) last += mask[i] != 0 ? 0 : 1;
  double count = 0;
  for (std::int64_t i = 0; i < length; ++i) {
    count += mask[i] != 0 ? 0 : 1;
    position[i] = params.normalize ? to_position((count + params.offset) / (last + params.eps) * params.scale)
                                   : static_cast<float>(count);
  }
}

/// The number of this line among the distinct ones. Only the latest are searched: a batch of rectangles has few, and
/// where there are many a search of all of them would cost more than it saves.
std::int64_t find_or_add(Axis& axis, const Sine::Params& params, const unsigned char* mask) {
  constexpr std::int64_t searched = 32;
  const auto bytes = static_cast<std::size_t>(axis.length);
  for (std::int64_t line = axis.distinct - 1; line >= std::max<std::int64_t>(0, axis.distinct - searched); --line)
    if (std::memcmp(axis.masks.data() + line * axis.length, mask, bytes) == 0) return line;
  std::memcpy(axis.masks.data() + axis.angles(), mask, bytes);
  count_positions(params, mask, axis.positions.data() + axis.angles(), axis.length);
  return axis.distinct++;
}

void find_rows(Axis& x, const Sine::Params& params, const unsigned char* mask, std::int64_t H) {
  for (std::int64_t row = 0; row < H; ++row) {
    const unsigned char* line = mask + row * x.length;
    if (row > 0 && std::memcmp(line, line - x.length, static_cast<std::size_t>(x.length)) == 0) {
      ++x.runs.back().end;
    } else {
      x.runs.push_back({row, row + 1, find_or_add(x, params, line)});
    }
  }
}

void find_columns(Workspace& work, const Sine::Params& params, const unsigned char* mask, std::int64_t W) {
  Axis& y = work.y;
  unsigned char* changes = work.changes.data();
  std::fill(work.changes.begin(), work.changes.end(), static_cast<unsigned char>(0));
  for (std::int64_t row = 0; row < y.length; ++row) {
    const unsigned char* line = mask + row * W;
#pragma omp simd
    for (std::int64_t x = 1; x < W; ++x) changes[x] = static_cast<unsigned char>(changes[x] | (line[x] ^ line[x - 1]));
  }
  for (std::int64_t x = 0; x < W; ++x) {
    if (x > 0 && changes[x] == 0) {
      ++y.runs.back().end;
      continue;
    }
    for (std::int64_t row = 0; row < y.length; ++row) work.column[static_cast<std::size_t>(row)] = mask[row * W + x];
    y.runs.push_back({x, x + 1, find_or_add(y, params, work.column.data())});
  }
}

void find_lines(Workspace& work, const Sine::Params& params, const View<const bool>& masks) {
  const std::int64_t B = masks.shape[0], H = masks.shape[1], W = masks.shape[2];
  const auto* mask = reinterpret_cast<const unsigned char*>(masks.data);
  for (Axis* axis : {&work.y, &work.x}) {
    axis->distinct = 0;
    axis->runs.clear();
  }
  for (std::int64_t b = 0; b < B; ++b, mask += H * W) {
    find_columns(work, params, mask, W);
    find_rows(work.x, params, mask, H);
    work.y.first_run[static_cast<std::size_t>(b) + 1] = work.y.runs.size();
    work.x.first_run[static_cast<std::size_t>(b) + 1] = work.x.runs.size();
  }
}

// ---- channels first: [B, 2F, H, W] ----

/// A plane is written in whole blocks up to this row: what is too much is overwritten by the rows that follow.
std::int64_t whole_blocks_until(std::int64_t H, std::int64_t W) {
  return std::max<std::int64_t>(0, H - (block_slack + W - 1) / W);
}

/// A plane of y, where a run of equal columns is a run of equal values. `values` is [distinct, H].
void write_along_y(std::int64_t H, const float* values, std::span<const Run> runs, std::int64_t W, float* plane) {
  const std::int64_t until = whole_blocks_until(H, W);
  if (runs.size() <= 2) {  // a rectangle: the image, and the padding beside it
    const float* const left = values + runs.front().line * H;
    const float* const right = values + runs.back().line * H;
    const std::int64_t width = runs.front().end;
    for (std::int64_t row = 0; row < until; ++row) {
      fill_blocks(plane + row * W, left[row], width);
      fill_blocks(plane + row * W + width, right[row], W - width);
    }
  } else {
    for (std::int64_t row = 0; row < until; ++row)
      for (const Run& run : runs)
        fill_blocks(plane + row * W + run.begin, values[run.line * H + row], run.end - run.begin);
  }
  for (std::int64_t row = until; row < H; ++row)
    for (const Run& run : runs)
      std::fill(plane + row * W + run.begin, plane + row * W + run.end, values[run.line * H + row]);
}

/// A plane of x, where equal rows of the mask are equal rows of the plane. `values` is [distinct, W].
void write_along_x(std::int64_t W, const float* values, std::span<const Run> runs, std::int64_t H, float* plane) {
  const std::int64_t until = whole_blocks_until(H, W);
  for (const Run& run : runs) {
    const float* const line = values + run.line * W;
    std::int64_t row = run.begin;
    for (; row < std::min(run.end, until); ++row) copy_blocks(plane + row * W, line, W);
    for (; row < run.end; ++row) std::copy_n(line, W, plane + row * W);
  }
}

/// A task is a pair of channels, sine and cosine of one dim_t, of all images.
void write_channels_first(const Workspace& work, const Sine::Outputs<float>& out) {
  const std::int64_t B = out.encoding.shape[0], F = out.encoding.shape[1] / 2, H = out.encoding.shape[2],
                     W = out.encoding.shape[3];
  parallel_for(F, out.encoding.shape.elements() * 4, [&](std::int64_t task, int worker) {
    const bool along_y = task < F / 2;
    const Axis& axis = along_y ? work.y : work.x;
    const std::int64_t pair = along_y ? task : task - F / 2, across = along_y ? W : H;
    const auto write = along_y ? write_along_y : write_along_x;
    float* const sines = work.waves[worker];
    float* const cosines = sines + axis.angles();
    sines_and_cosines<1>(axis.positions.data(), axis.inverse_dim[static_cast<std::size_t>(pair)], axis.angles(), sines,
                         cosines);
    for (std::int64_t b = 0; b < B; ++b) {
      float* const planes = out.encoding.data + (b * 2 * F + (along_y ? 0 : F) + 2 * pair) * H * W;
      write(axis.length, sines, axis.runs_of(b), across, planes);
      write(axis.length, cosines, axis.runs_of(b), across, planes + H * W);
    }
  });
}

// ---- channels last: [B, H, W, 2F] ----

/// The F channels of one position.
void write_features(const std::vector<float>& inverse_dim, float position, float* to) {
  sines_and_cosines<2>(inverse_dim.data(), position, std::ssize(inverse_dim), to, to + 1);
}

/// The y half of one row: computed at the first pixel of each run of equal columns, copied to the others.
void write_row_of_y(const Axis& y, std::span<const Run> runs, std::int64_t row, std::int64_t F, float* to) {
  for (const Run& run : runs) {
    float* const first = to + run.begin * 2 * F;
    write_features(y.inverse_dim, y.positions[static_cast<std::size_t>(run.line * y.length + row)], first);
    for (std::int64_t x = run.begin + 1; x < run.end; ++x) std::copy_n(first, F, to + x * 2 * F);
  }
}

/// A task is a few rows of one image: the x half of a row is copied from the one above where that is equal and lies in
/// the same task.
void write_channels_last(const Workspace& work, const Sine::Outputs<float>& out) {
  const std::int64_t B = out.encoding.shape[0], H = out.encoding.shape[1], W = out.encoding.shape[2],
                     F = out.encoding.shape[3] / 2;
  constexpr std::int64_t rows_of_task = 8;
  const std::int64_t tasks_of_image = (H + rows_of_task - 1) / rows_of_task;
  parallel_for(B * tasks_of_image, out.encoding.shape.elements() * 4, [&](std::int64_t task, int) {
    const std::int64_t b = task / tasks_of_image, begin = task % tasks_of_image * rows_of_task;
    for (const Run& run : work.x.runs_of(b)) {
      const std::int64_t first = std::max(run.begin, begin), end = std::min({run.end, begin + rows_of_task, H});
      for (std::int64_t row = first; row < end; ++row) {
        float* const to = out.encoding.data + (b * H + row) * W * 2 * F;
        write_row_of_y(work.y, work.y.runs_of(b), row, F, to);
        for (std::int64_t x = 0; x < W; ++x) {
          float* const features = to + x * 2 * F + F;
          if (row > first) {
            std::copy_n(features - W * 2 * F, F, features);
          } else {
            write_features(work.x.inverse_dim, work.x.positions[static_cast<std::size_t>(run.line * W + x)], features);
          }
        }
      }
    }
  });
}

}  // namespace

Workspace prepare_sine(const Sine::Params& params, const Sine::Inputs<float>& in) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2], F = params.num_pos_feats;
  Workspace work;
  work.y = make_axis(params.temperature_h, F, B, W, H);
  work.x = make_axis(params.temperature_w, F, B, H, W);
  work.column.resize(static_cast<std::size_t>(H));
  work.changes.resize(static_cast<std::size_t>(W));
  work.waves = Scratch(2 * B * H * W + block_slack);
  return work;
}

void sine_position_encoding(Workspace& work, const Sine::Params& params, const Sine::Inputs<float>& in,
                            const Sine::Outputs<float>& out) {
  find_lines(work, params, in.mask);
  if (params.channels_last) {
    write_channels_last(work, out);
  } else {
    write_channels_first(work, out);
  }
}

namespace {

// ---- learned_position_encoding ----

using Learned = LearnedPositionEncoding;

/// Room for each worker for one channel of a table.
Scratch prepare_learned(const Learned::Params& params, const Learned::Inputs<float>&) {
  return Scratch(std::max(params.height, params.width) + block_slack);
}

/// A task is a channel of all images: a column of a table, repeated down the first image's plane (x) or along it (y),
/// which the other images copy.
void learned_position_encoding(Scratch& lines, const Learned::Params& params, const Learned::Inputs<float>& in,
                               const Learned::Outputs<float>& out) {
  const std::int64_t B = params.batch, H = params.height, W = params.width, F = in.row_embed.shape[1];
  parallel_for(2 * F, out.encoding.shape.elements() * 4, [&](std::int64_t channel, int worker) {
    const bool is_x = channel < F;
    const float* const table = is_x ? in.col_embed.data + channel : in.row_embed.data + channel - F;
    const std::int64_t length = is_x ? W : H, across = is_x ? H : W;
    const auto write = is_x ? write_along_x : write_along_y;
    float* const line = lines[worker];
    for (std::int64_t i = 0; i < length; ++i) line[i] = table[i * F];
    const Run whole{0, across, 0};
    float* const plane = out.encoding.data + channel * H * W;
    write(length, line, {&whole, 1}, across, plane);
    for (std::int64_t b = 1; b < B; ++b) std::copy_n(plane, H * W, plane + b * 2 * F * H * W);
  });
}

// ---- query_position_encoding ----

using Query = QueryPositionEncoding;

/// 1/dim_t.
std::vector<float> prepare_query(const Query::Params& params, const Query::Inputs<float>&) {
  return inverse_wavelengths(params.temperature, params.num_pos_feats);
}

/// A task is a few points.
void query_position_encoding(std::vector<float>& inverse_dim, const Query::Params& params,
                             const Query::Inputs<float>& in, const Query::Outputs<float>& out) {
  const std::int64_t points = in.pos.shape[0] * in.pos.shape[1], n = in.pos.shape[2], F = params.num_pos_feats;
  constexpr std::int64_t order[] = {1, 0, 2, 3};  // y, x, w, h
  const RowBlocks blocks(points, n * F * 4);
  parallel_for(blocks.count(), points * n * F * 4, [&](std::int64_t task, int) {
    for (std::int64_t point = blocks.begin(task); point < blocks.end(task); ++point)
      for (std::int64_t block = 0; block < n; ++block) {
        const double coordinate = static_cast<double>(in.pos.data[point * n + order[block]]);
        write_features(inverse_dim, to_position(coordinate * params.scale),
                       out.encoding.data + (point * n + block) * F);
      }
  });
}

const Kernels kernels([](KernelTable& table) {
  table.add<Sine, float>(prepare_sine, sine_position_encoding);
  table.add<Learned, float>(prepare_learned, learned_position_encoding);
  table.add<Query, float>(prepare_query, query_position_encoding);
});

}  // namespace

}  // namespace assay::openmp
