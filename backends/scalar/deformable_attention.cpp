// multi_scale_deformable_attention, one corner of one sample at a time.
#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/backend.h"
#include "reference/attention/multi_scale_deformable_attention.h"

namespace assay::scalar {
namespace {

using Op = MultiScaleDeformableAttention;

/// What one head sees of one level: H·W tokens, `stride` apart.
struct Level {
  const float* tokens;
  std::int64_t H, W, stride;
};

/// Adds weight times the bilinear sample at (x, y) in 0..1. A corner outside is zero and adds nothing.
void add_sample(const Level& level, double x, double y, double weight, std::vector<double>& sum) {
  const auto H = static_cast<double>(level.H), W = static_cast<double>(level.W);
  const double pixel_x = x * W - 0.5, pixel_y = y * H - 0.5;
  for (const double corner_y : {std::floor(pixel_y), std::floor(pixel_y) + 1})
    for (const double corner_x : {std::floor(pixel_x), std::floor(pixel_x) + 1}) {
      if (!(corner_x >= 0 && corner_x < W && corner_y >= 0 && corner_y < H)) continue;
      const double share = (1 - std::abs(pixel_x - corner_x)) * (1 - std::abs(pixel_y - corner_y));
      const std::int64_t token = static_cast<std::int64_t>(corner_y) * level.W + static_cast<std::int64_t>(corner_x);
      const float* features = level.tokens + token * level.stride;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * share * static_cast<double>(features[i]);
    }
}

/// Room for one head's sum.
std::vector<double> prepare(const Op::Params&, const Op::Inputs<float>& in) {
  return std::vector<double>(static_cast<std::size_t>(in.value.shape[3]));
}

void multi_scale_deformable_attention(std::vector<double>& sum, const Op::Params&, const Op::Inputs<float>& in,
                                      const Op::Outputs<float>& out) {
  const Shape& s = in.sampling_locations.shape;
  const std::int64_t B = s[0], Q = s[1], heads = s[2], levels = s[3], P = s[4];
  const std::int64_t S = in.value.shape[1], d = in.value.shape[3];
  const float *location = in.sampling_locations.data, *weight = in.attention_weights.data;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t q = 0; q < Q; ++q)
      for (std::int64_t head = 0; head < heads; ++head) {
        std::fill(sum.begin(), sum.end(), 0.0);
        std::int64_t first = b * S;  // token of the level
        for (std::int64_t l = 0; l < levels; ++l) {
          const std::int64_t H = in.spatial_shapes.data[2 * l], W = in.spatial_shapes.data[2 * l + 1];
          const Level level{in.value.data + (first * heads + head) * d, H, W, heads * d};
          for (std::int64_t p = 0; p < P; ++p, location += 2, ++weight)
            add_sample(level, static_cast<double>(location[0]), static_cast<double>(location[1]),
                       static_cast<double>(*weight), sum);
          first += H * W;
        }
        float* to = out.out.data + ((b * Q + q) * heads + head) * d;
        for (std::size_t i = 0; i < sum.size(); ++i) to[i] = static_cast<float>(sum[i]);
      }
}

const Kernels kernels([](KernelTable& table) { table.add<Op, float>(prepare, multi_scale_deformable_attention); });

}  // namespace

}  // namespace assay::scalar
