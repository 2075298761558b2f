// sine_position_encoding: the positions of an image as two planes, then for each wavelength one sine and one cosine of
// a whole plane.
#include "backends/eigen/planes.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::eigen {
namespace {

using Sine = SinePositionEncoding;

/// What a plan can know: the wavelengths, one for each pair of channels, and room for the planes of one image.
struct Workspace {
  Eigen::ArrayXf dim_y, dim_x;  ///< [F/2]
  Plane<float> y, x;            ///< [H, W]: positions
  Plane<float> wave;            ///< [H, W]: one channel
};

/// T^(2k/F) for k = 0..F/2−1, rounded once.
Eigen::ArrayXf wavelengths(double temperature, std::int64_t F) {
  const Eigen::ArrayXd k = Eigen::ArrayXd::NullaryExpr(F / 2, [](Eigen::Index i) { return static_cast<double>(i); });
  return Eigen::pow(temperature, 2 * k / static_cast<double>(F)).cast<float>();
}

Workspace prepare(const Sine::Params& params, const Sine::Inputs<float>& in) {
  const std::int64_t H = in.mask.shape[1], W = in.mask.shape[2], F = params.num_pos_feats;
  return {wavelengths(params.temperature_h, F), wavelengths(params.temperature_w, F), Plane<float>(H, W),
          Plane<float>(H, W), Plane<float>(H, W)};
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

void sine_position_encoding(Workspace& work, const Sine::Params& params, const Sine::Inputs<float>& in,
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

const Kernels kernels([](KernelTable& table) { table.add<Sine, float>(prepare, sine_position_encoding); });

}  // namespace

}  // namespace assay::eigen
