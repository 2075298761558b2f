// sine_position_encoding: the positions of an image as two planes, then for each wavelength one sine and one cosine of
// a whole plane. learned_position_encoding: a line of a table repeated over a plane. query_position_encoding: for each
// coordinate one sine and one cosine of all its angles.
#include "backends/eigen/position_encoding.h"

#include "reference/position_encoding/learned_position_encoding.h"
#include "reference/position_encoding/query_position_encoding.h"

namespace assay::eigen {
namespace {

using Sine = SinePositionEncoding;

/// T^(2k/F) for k = 0..F/2−1, rounded once.
Eigen::ArrayXf wavelengths(double temperature, std::int64_t F) {
  const Eigen::ArrayXd k = Eigen::ArrayXd::NullaryExpr(F / 2, [](Eigen::Index i) { return static_cast<double>(i); });
  return Eigen::pow(temperature, 2 * k / static_cast<double>(F)).cast<float>();
}

/// Cumulative sums of ¬mask down the columns and along the rows. Counted in double: float32 counts no further than 2²⁴.
void count_valid(const PlaneMap<const bool>& mask, Plane<float>& y, Plane<float>& x) {
  Eigen::Array<double, 1, Eigen::Dynamic> down = Eigen::Array<double, 1, Eigen::Dynamic>::Zero(mask.cols());
  for (Eigen::Index row = 0; row < y.rows(); ++row)
    y.row(row) = (down += (!mask.row(row)).cast<double>()).cast<float>();
  Eigen::ArrayXd across = Eigen::ArrayXd::Zero(mask.rows());
  for (Eigen::Index column = 0; column < x.cols(); ++column)
    x.col(column) = (across += (!mask.col(column)).cast<double>()).cast<float>();
}

/// A padded line leaves offset/eps, which may be beyond float32 though not beyond float64. The sine of any number of
/// this size is noise, but that of infinity is NaN. Without eps it is infinite by the formula.
constexpr float largest_quotient = 1e30F;

Plane<float> bounded(const Plane<float>& quotient, float eps) {
  return eps > 0 ? quotient.min(largest_quotient).max(-largest_quotient).eval() : quotient;
}

/// v ← (v + offset)/(last + eps)·scale along each line.
void normalize(const Sine::Params& params, Plane<float>& y, Plane<float>& x) {
  const auto offset = static_cast<float>(params.offset), eps = static_cast<float>(params.eps);
  const auto scale = static_cast<float>(params.scale);
  const Eigen::Array<float, 1, Eigen::Dynamic> height = y.bottomRows(1) + eps;
  const Eigen::ArrayXf width = x.rightCols(1) + eps;
  y = bounded((y + offset).rowwise() / height, eps) * scale;
  x = bounded((x + offset).colwise() / width, eps) * scale;
}

/// An image's encoding as pixels by channels, whichever of the two lies dense in memory.
using Encoding = Eigen::Map<Eigen::ArrayXXf, Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

/// The F channels from `first` on: sin(v/dim_t) in the even ones, cos(v/dim_t) in the odd ones. Each wave is computed
/// in a plane of our own, so that the result does not depend on how the output happens to be aligned.
void encode(const Plane<float>& position, const Eigen::ArrayXf& dim, Plane<float>& wave, Encoding& encoding,
            std::int64_t first) {
  const auto flat = wave.reshaped<Eigen::RowMajor>();
  for (Eigen::Index k = 0; k < dim.size(); ++k) {
    wave = (position / dim[k]).sin();
    encoding.col(first + 2 * k) = flat;
    wave = (position / dim[k]).cos();
    encoding.col(first + 2 * k + 1) = flat;
  }
}

}  // namespace

SineWorkspace prepare_sine(const Sine::Params& params, const Sine::Inputs<float>& in) {
  const std::int64_t H = in.mask.shape[1], W = in.mask.shape[2], F = params.num_pos_feats;
  return {wavelengths(params.temperature_h, F), wavelengths(params.temperature_w, F), Plane<float>(H, W),
          Plane<float>(H, W), Plane<float>(H, W)};
}

void sine_position_encoding(SineWorkspace& work, const Sine::Params& params, const Sine::Inputs<float>& in,
                            const Sine::Outputs<float>& out) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2], F = params.num_pos_feats;
  const std::int64_t pixels = H * W, channels = 2 * F;
  const std::int64_t next_channel = params.channels_last ? 1 : pixels, next_pixel = params.channels_last ? channels : 1;
  for (std::int64_t b = 0; b < B; ++b) {
    count_valid({in.mask.data + b * pixels, H, W}, work.y, work.x);
    if (params.normalize) normalize(params, work.y, work.x);
    Encoding encoding(out.encoding.data + b * pixels * channels, pixels, channels, {next_channel, next_pixel});
    encode(work.y, work.dim_y, work.wave, encoding, 0);
    encode(work.x, work.dim_x, work.wave, encoding, F);
  }
}

namespace {

using Learned = LearnedPositionEncoding;

/// One channel of each table.
struct LearnedWorkspace {
  Eigen::Array<float, 1, Eigen::Dynamic> x;  ///< [W]
  Eigen::ArrayXf y;                          ///< [H]
};

LearnedWorkspace prepare_learned(const Learned::Params& params, const Learned::Inputs<float>&) {
  return {Eigen::Array<float, 1, Eigen::Dynamic>(params.width), Eigen::ArrayXf(params.height)};
}

void learned_position_encoding(LearnedWorkspace& work, const Learned::Params& params, const Learned::Inputs<float>& in,
                               const Learned::Outputs<float>& out) {
  const std::int64_t H = params.height, W = params.width, F = in.row_embed.shape[1];
  const PlaneMap<const float> rows(in.row_embed.data, H, F), columns(in.col_embed.data, W, F);
  for (std::int64_t c = 0; c < F; ++c) {
    work.x = columns.col(c).transpose();
    work.y = rows.col(c);
    float* image = out.encoding.data;
    for (std::int64_t b = 0; b < params.batch; ++b, image += 2 * F * H * W) {
      PlaneMap<float>(image + c * H * W, H, W).rowwise() = work.x;
      PlaneMap<float>(image + (F + c) * H * W, H, W).colwise() = work.y;
    }
  }
}

using Query = QueryPositionEncoding;

/// What a plan can know: the wavelengths, one for each pair of channels, and room for the angles of one coordinate.
struct QueryWorkspace {
  Eigen::ArrayXf dim;         ///< [F/2]
  Eigen::ArrayXf position;    ///< [Q·B]
  Plane<float> angles, wave;  ///< [Q·B, F/2]
};

QueryWorkspace prepare_query(const Query::Params& params, const Query::Inputs<float>& in) {
  const std::int64_t points = in.pos.shape[0] * in.pos.shape[1], pairs = params.num_pos_feats / 2;
  return {wavelengths(params.temperature, params.num_pos_feats), Eigen::ArrayXf(points), Plane<float>(points, pairs),
          Plane<float>(points, pairs)};
}

/// Each wave is computed in a plane of our own, as in encode().
void query_position_encoding(QueryWorkspace& work, const Query::Params& params, const Query::Inputs<float>& in,
                             const Query::Outputs<float>& out) {
  const std::int64_t points = work.angles.rows(), pairs = work.angles.cols(), n = in.pos.shape[2];
  const auto scale = static_cast<float>(params.scale);
  const PlaneMap<const float> pos(in.pos.data, points, n);
  PlaneMap<float> encoding(out.encoding.data, points, n * 2 * pairs);
  const std::int64_t order[] = {1, 0, 2, 3};  // y, x, w, h
  for (std::int64_t block = 0; block < n; ++block) {
    work.position = pos.col(order[block]) * scale;
    work.angles = work.position.replicate(1, pairs).rowwise() / work.dim.transpose();
    auto channels = encoding.middleCols(block * 2 * pairs, 2 * pairs);
    work.wave = work.angles.sin();
    channels(Eigen::all, Eigen::seqN(0, pairs, 2)) = work.wave;
    work.wave = work.angles.cos();
    channels(Eigen::all, Eigen::seqN(1, pairs, 2)) = work.wave;
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add<Sine, float>(prepare_sine, sine_position_encoding);
  table.add<Learned, float>(prepare_learned, learned_position_encoding);
  table.add<Query, float>(prepare_query, query_position_encoding);
});

}  // namespace

}  // namespace assay::eigen
