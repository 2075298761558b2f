// The rule of nearest interpolation, which mask_downsample and yolo_collate share.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace assay::eigen {

using Indices = Eigen::Array<std::int64_t, Eigen::Dynamic, 1>;

/// floor(i·(in/out)) for each i of `out`, at most in − 1; in float32, where some products round across an integer.
inline Indices nearest_indices(std::int64_t in, std::int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  const Indices i = Indices::NullaryExpr(out, [](Eigen::Index k) { return k; });
  return (i.cast<float>() * scale).floor().cast<std::int64_t>().min(in - 1);
}

}  // namespace assay::eigen
