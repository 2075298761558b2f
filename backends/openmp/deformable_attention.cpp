// multi_scale_deformable_attention. A task is one query: for each head, first the corners and weights of all its
// samples side by side, then the features, a few vectors at a time that stay in registers over all samples. Start with
// attend(), at the end.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/parallel.h"
#include "reference/attention/multi_scale_deformable_attention.h"

namespace assay::openmp {
namespace {

using Op = MultiScaleDeformableAttention;

// ---- where the samples of a head lie ----

/// What a sample of each level and point lies in, [levels·P] each.
struct Grid {
  std::vector<float> width, height;
  std::vector<std::int64_t> first, row;  ///< floats before the level's first token, and from one row to the next
};

struct Workspace {
  Grid grid;
  Scratch samples;  ///< a worker's Samples
};

Workspace prepare(const Op::Params&, const Op::Inputs<float>& in) {
  const std::int64_t levels = in.sampling_locations.shape[3], P = in.sampling_locations.shape[4];
  const std::int64_t token = in.value.shape[2] * in.value.shape[3];
  Workspace work;
  std::int64_t tokens = 0;
  for (std::int64_t l = 0; l < levels; ++l) {
    const std::int64_t H = in.spatial_shapes.data[2 * l], W = in.spatial_shapes.data[2 * l + 1];
    const auto points = static_cast<std::size_t>(P);
    work.grid.width.insert(work.grid.width.end(), points, static_cast<float>(W));
    work.grid.height.insert(work.grid.height.end(), points, static_cast<float>(H));
    work.grid.first.insert(work.grid.first.end(), points, tokens * token);
    work.grid.row.insert(work.grid.row.end(), points, W * token);
    tokens += H * W;
  }
  work.samples = Scratch(8 * levels * P);
  return work;
}

/// The samples of one head of one query, [n] each. Columns and rows are whole numbers inside the level; the weight of a
/// corner outside is 0, so that it may stand for any pixel.
struct Samples {
  float *left, *right, *top, *bottom;
  float *top_left, *top_right, *bottom_left, *bottom_right;
  Samples(float* scratch, std::int64_t n)
      : left(scratch),
        right(left + n),
        top(right + n),
        bottom(top + n),
        top_left(bottom + n),
        top_right(top_left + n),
        bottom_left(top_right + n),
        bottom_right(bottom_left + n) {}
};

/// Two neighbouring pixels along an axis and their shares.
struct Pair {
  float first, second, of_first, of_second;
};

inline Pair pair_at(float location, float extent) {
  const float pixel = location * extent - 0.5F;
  const float below = std::floor(pixel), above = below + 1, last = extent - 1;
  const float fraction = pixel - below;
  const bool has_first = below >= 0 && below <= last, has_second = above >= 0 && above <= last;
  return {std::min(std::max(below, 0.0F), last), std::min(std::max(above, 0.0F), last), has_first ? 1 - fraction : 0.0F,
          has_second ? fraction : 0.0F};
}

void locate(const Grid& grid, const float* locations, const float* weights, std::int64_t n, const Samples& to) {
  const float *width = grid.width.data(), *height = grid.height.data();
  float *left = to.left, *right = to.right, *top = to.top, *bottom = to.bottom;
  float *top_left = to.top_left, *top_right = to.top_right, *bottom_left = to.bottom_left,
        *bottom_right = to.bottom_right;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const Pair x = pair_at(locations[2 * i], width[i]), y = pair_at(locations[2 * i + 1], height[i]);
    left[i] = x.first;
    right[i] = x.second;
    top[i] = y.first;
    bottom[i] = y.second;
    const float upper = weights[i] * y.of_first, lower = weights[i] * y.of_second;
    top_left[i] = upper * x.of_first;
    top_right[i] = upper * x.of_second;
    bottom_left[i] = lower * x.of_first;
    bottom_right[i] = lower * x.of_second;
  }
}

// ---- features ----

/// `lanes` floats that lie next to each other in memory. Handed on by reference: how one is returned depends on the
/// instruction set.
template <int lanes>
using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;

/// sum += share * the vector at `from`.
template <int lanes>
[[gnu::always_inline]] inline void add(Vector<lanes>& sum, float share, const float* from) {
  Vector<lanes> vector;
  std::memcpy(&vector, from, sizeof vector);
  sum += share * vector;
}

/// A float32 sum of more samples than these would round as often; their sums are added in double.
constexpr std::int64_t samples_at_once = 32;

/// The samples of one head, and where its features of the image's tokens are, `token` floats apart.
struct Head {
  const Grid& grid;
  Samples at;
  std::int64_t n;
  const float* value;
  std::int64_t token;
};

/// Sums of `lanes` features from the i-th on over samples [begin, end).
template <int lanes>
[[gnu::always_inline]] inline void add_samples(const Head& head, std::int64_t i, std::int64_t begin, std::int64_t end,
                                               Vector<lanes>& sum) {
  const Samples& at = head.at;
  const std::int64_t *first = head.grid.first.data(), *row = head.grid.row.data();
  Vector<lanes> upper{}, lower{};
  for (std::int64_t s = begin; s < end; ++s) {
    const float* const level = head.value + first[s] + i;
    const float* const top = level + static_cast<std::int64_t>(at.top[s]) * row[s];
    const float* const bottom = level + static_cast<std::int64_t>(at.bottom[s]) * row[s];
    const std::int64_t left = static_cast<std::int64_t>(at.left[s]) * head.token,
                       right = static_cast<std::int64_t>(at.right[s]) * head.token;
    add<lanes>(upper, at.top_left[s], top + left);
    add<lanes>(lower, at.bottom_left[s], bottom + left);
    add<lanes>(upper, at.top_right[s], top + right);
    add<lanes>(lower, at.bottom_right[s], bottom + right);
  }
  sum = upper + lower;
}

template <int lanes>
void attend_features(const Head& head, std::int64_t i, float* to) {
  const std::int64_t n = head.n;
  Vector<lanes> sum;
  add_samples<lanes>(head, i, 0, std::min(n, samples_at_once), sum);
  if (n > samples_at_once) {
    double total[lanes] = {};
    for (std::int64_t begin = samples_at_once;; begin += samples_at_once) {
      for (int lane = 0; lane < lanes; ++lane) total[lane] += static_cast<double>(sum[lane]);
      if (begin >= n) break;
      add_samples<lanes>(head, i, begin, std::min(n, begin + samples_at_once), sum);
    }
    for (int lane = 0; lane < lanes; ++lane) sum[lane] = static_cast<float>(total[lane]);
  }
  std::memcpy(to + i, &sum, sizeof sum);
}

/// All d features of one head: as many at once as registers hold, then the rest in ever narrower vectors.
void attend(const Head& head, std::int64_t d, float* to) {
  std::int64_t i = 0;
  for (; i + 32 <= d; i += 32) attend_features<32>(head, i, to);
  const std::int64_t rest = d - i;
  if ((rest & 16) != 0) attend_features<16>(head, i, to), i += 16;
  if ((rest & 8) != 0) attend_features<8>(head, i, to), i += 8;
  if ((rest & 4) != 0) attend_features<4>(head, i, to), i += 4;
  if ((rest & 2) != 0) attend_features<2>(head, i, to), i += 2;
  if ((rest & 1) != 0) attend_features<1>(head, i, to);
}

void multi_scale_deformable_attention(Workspace& work, const Op::Params&, const Op::Inputs<float>& in,
                                      const Op::Outputs<float>& out) {
  const Shape& s = in.sampling_locations.shape;
  const std::int64_t B = s[0], Q = s[1], heads = s[2], n = s[3] * s[4], S = in.value.shape[1], d = in.value.shape[3];
  const std::int64_t corners_bytes = 4 * B * Q * heads * n * d * static_cast<std::int64_t>(sizeof(float));
  parallel_for(B * Q, corners_bytes, [&](std::int64_t task, int worker) {
    const Samples samples(work.samples[worker], n);
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t row = task * heads + head;
      locate(work.grid, in.sampling_locations.data + row * n * 2, in.attention_weights.data + row * n, n, samples);
      const float* const value = in.value.data + (task / Q * S * heads + head) * d;
      attend({work.grid, samples, n, value, heads * d}, d, out.out.data + row * d);
    }
  });
}

const Kernels kernels([](KernelTable& table) { table.add<Op, float>(prepare, multi_scale_deformable_attention); });

}  // namespace

}  // namespace assay::openmp
