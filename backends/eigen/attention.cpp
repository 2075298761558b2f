// flatten_tokens: each image is a plane of channels by cells, which is transposed.
#include "backends/eigen/planes.h"
#include "reference/attention/flatten_tokens.h"

namespace assay::eigen {
namespace {

/// The tokens of one image lie B·C elements apart.
template <class T>
void flatten_tokens(const FlattenTokens::Params&, const FlattenTokens::Inputs<T>& in,
                    const FlattenTokens::Outputs<T>& out) {
  const std::int64_t cells = out.tokens.shape[0], B = out.tokens.shape[1], C = out.tokens.shape[2];
  for (std::int64_t b = 0; b < B; ++b) {
    const PlaneMap<const T> features(in.features.data + b * C * cells, C, cells);
    Eigen::Map<Plane<T>, Eigen::Unaligned, Eigen::OuterStride<>>(out.tokens.data + b * C, cells, C,
                                                                 Eigen::OuterStride<>(B * C)) = features.transpose();
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add_each<FlattenTokens, float, std::uint8_t>([](const auto&... all) { flatten_tokens(all...); });
});

}  // namespace

}  // namespace assay::eigen
