// The position encodings by their formulas. Sine: count along each line, normalise, one sine or cosine for every
// element.
#include "backends/scalar/position_encoding.h"

#include <cmath>
#include <cstddef>

#include "backends/backend.h"
#include "reference/position_encoding/learned_position_encoding.h"
#include "reference/position_encoding/query_position_encoding.h"

namespace assay::scalar {
namespace {

using Sine = SinePositionEncoding;

std::vector<double> wavelengths(double temperature, std::int64_t F) {
  std::vector<double> dim;
  for (std::int64_t i = 0; i < F; ++i)
    dim.push_back(std::pow(temperature, 2.0 * static_cast<double>(i / 2) / static_cast<double>(F)));
  return dim;
}

/// Cumulative sum of ¬mask along one line of `length` pixels that lie `stride` apart, normalised if asked.
void positions_of_line(const Sine::Params& params, const bool* mask, double* position, std::int64_t length,
                       std::int64_t stride) {
  double count = 0;
  for (std::int64_t i = 0; i < length; ++i) position[i * stride] = count += mask[i * stride] ? 0 : 1;
  if (!params.normalize) return;
  for (std::int64_t i = 0; i < length; ++i)
    position[i * stride] = (position[i * stride] + params.offset) / (count + params.eps) * params.scale;
}

}  // namespace

SineWorkspace prepare_sine(const Sine::Params& params, const Sine::Inputs<float>& in) {
  const auto pixels = static_cast<std::size_t>(in.mask.shape[1] * in.mask.shape[2]);
  return {wavelengths(params.temperature_h, params.num_pos_feats),
          wavelengths(params.temperature_w, params.num_pos_feats), std::vector<double>(pixels),
          std::vector<double>(pixels)};
}

void sine_position_encoding(SineWorkspace& work, const Sine::Params& params, const Sine::Inputs<float>& in,
                            const Sine::Outputs<float>& out) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2], F = params.num_pos_feats;
  for (std::int64_t b = 0; b < B; ++b) {
    const bool* mask = in.mask.data + b * H * W;
    for (std::int64_t x = 0; x < W; ++x) positions_of_line(params, mask + x, work.position_y.data() + x, H, W);
    for (std::int64_t y = 0; y < H; ++y) positions_of_line(params, mask + y * W, work.position_x.data() + y * W, W, 1);
    for (std::int64_t c = 0; c < 2 * F; ++c) {
      const bool is_y = c < F;
      const std::int64_t i = is_y ? c : c - F;
      const double* position = is_y ? work.position_y.data() : work.position_x.data();
      const double dim = (is_y ? work.dim_y : work.dim_x)[static_cast<std::size_t>(i)];
      for (std::int64_t pixel = 0; pixel < H * W; ++pixel) {
        const double angle = position[pixel] / dim;
        const std::int64_t at =
            params.channels_last ? (b * H * W + pixel) * 2 * F + c : (b * 2 * F + c) * H * W + pixel;
        out.encoding.data[at] = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  }
}

namespace {

void learned_position_encoding(const LearnedPositionEncoding::Params& params,
                               const LearnedPositionEncoding::Inputs<float>& in,
                               const LearnedPositionEncoding::Outputs<float>& out) {
  const std::int64_t F = in.row_embed.shape[1];
  float* element = out.encoding.data;
  for (std::int64_t b = 0; b < params.batch; ++b)
    for (std::int64_t c = 0; c < 2 * F; ++c)
      for (std::int64_t y = 0; y < params.height; ++y)
        for (std::int64_t x = 0; x < params.width; ++x)
          *element++ = c < F ? in.col_embed.data[x * F + c] : in.row_embed.data[y * F + c - F];
}

using Query = QueryPositionEncoding;

/// dim_t, [F].
std::vector<double> prepare_query(const Query::Params& params, const Query::Inputs<float>&) {
  return wavelengths(params.temperature, params.num_pos_feats);
}

void query_position_encoding(std::vector<double>& dim, const Query::Params& params, const Query::Inputs<float>& in,
                             const Query::Outputs<float>& out) {
  const std::int64_t points = in.pos.shape[0] * in.pos.shape[1], n = in.pos.shape[2];
  constexpr std::int64_t order[] = {1, 0, 2, 3};  // y, x, w, h
  float* element = out.encoding.data;
  for (std::int64_t point = 0; point < points; ++point)
    for (std::int64_t block = 0; block < n; ++block) {
      const double v = static_cast<double>(in.pos.data[point * n + order[block]]) * params.scale;
      for (std::size_t i = 0; i < dim.size(); ++i) {
        const double angle = v / dim[i];
        *element++ = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
}

const Kernels kernels([](KernelTable& table) {
  table.add<Sine, float>(prepare_sine, sine_position_encoding);
  table.add<LearnedPositionEncoding, float>(learned_position_encoding);
  table.add<Query, float>(prepare_query, query_position_encoding);
});

}  // namespace

}  // namespace assay::scalar
