// multi_scale_deformable_attention: each sample adds four weighted vectors of features, its corners.
#include <cmath>

#include "backends/eigen/planes.h"
#include "reference/attention/multi_scale_deformable_attention.h"

namespace assay::eigen {
namespace {

using Op = MultiScaleDeformableAttention;

/// The features of one head at one token.
using Features = Eigen::Map<const Eigen::ArrayXf>;

/// What one head sees of one level: H·W tokens, `stride` apart.
struct Level {
  const float* tokens;
  std::int64_t H, W, stride;
};

/// The pixel (x·W − ½, y·H − ½) of a location (x, y) in 0..1, in double: near 0 it loses nothing to cancellation.
Eigen::Array2d pixel_of(const Level& level, const float* location) {
  const Eigen::Array2d extent(static_cast<double>(level.W), static_cast<double>(level.H));
  return Eigen::Map<const Eigen::Array2f>(location).cast<double>() * extent - 0.5;
}

/// In double: a sequential float32 sum of many samples would round each time.
void add_sample(const Level& level, const float* location, double weight, Eigen::ArrayXd& sum) {
  const Eigen::Array2d extent(static_cast<double>(level.W), static_cast<double>(level.H));
  const Eigen::Array2d pixel = pixel_of(level, location), first = pixel.floor();
  if (!((first >= -1) && (first < extent)).all()) return;
  const Eigen::Array2d beyond = pixel - first;
  const auto x = static_cast<std::int64_t>(first[0]), y = static_cast<std::int64_t>(first[1]);
  const auto add_corner = [&](std::int64_t row, std::int64_t column, double share) {
    if (row < 0 || row >= level.H || column < 0 || column >= level.W) return;  // zero outside
    const Features features(level.tokens + (row * level.W + column) * level.stride, sum.size());
    sum += weight * share * features.cast<double>();
  };
  add_corner(y, x, (1 - beyond[1]) * (1 - beyond[0]));
  add_corner(y, x + 1, (1 - beyond[1]) * beyond[0]);
  add_corner(y + 1, x, beyond[1] * (1 - beyond[0]));
  add_corner(y + 1, x + 1, beyond[1] * beyond[0]);
}

/// Room for one head's sum.
Eigen::ArrayXd prepare(const Op::Params&, const Op::Inputs<float>& in) { return Eigen::ArrayXd(in.value.shape[3]); }

void multi_scale_deformable_attention(Eigen::ArrayXd& sum, const Op::Params&, const Op::Inputs<float>& in,
                                      const Op::Outputs<float>& out) {
  const Shape& s = in.sampling_locations.shape;
  const std::int64_t queries = s[0] * s[1], heads = s[2], levels = s[3], P = s[4];
  const std::int64_t S = in.value.shape[1], d = in.value.shape[3];
  const float *location = in.sampling_locations.data, *weight = in.attention_weights.data;
  for (std::int64_t row = 0; row < queries * heads; ++row) {
    sum.setZero();
    std::int64_t token = row / heads / s[1] * S;
    for (std::int64_t l = 0; l < levels; ++l) {
      const std::int64_t H = in.spatial_shapes.data[2 * l], W = in.spatial_shapes.data[2 * l + 1];
      const Level level{in.value.data + (token * heads + row % heads) * d, H, W, heads * d};
      for (std::int64_t p = 0; p < P; ++p, location += 2, ++weight)
        add_sample(level, location, static_cast<double>(*weight), sum);
      token += H * W;
    }
    Eigen::Map<Eigen::ArrayXf>(out.out.data + row * d, d) = sum.cast<float>();
  }
}

const Kernels kernels([](KernelTable& table) { table.add<Op, float>(prepare, multi_scale_deformable_attention); });

}  // namespace

}  // namespace assay::eigen
