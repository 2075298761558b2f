// A right kernel of relative_position_bias for tests: what their backends spoil.
#pragma once

#include "reference/window_attention/relative_position_bias.h"

namespace assay::bench {

inline void honest_bias(const RelativePositionBias::Params& p, const RelativePositionBias::Inputs<float>& in,
                        const RelativePositionBias::Outputs<float>& out) {
  const std::int64_t heads = in.table.shape[1], N = p.window_h * p.window_w, across = 2 * p.window_w - 1;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j) {
        const std::int64_t row = (i / p.window_w - j / p.window_w + p.window_h - 1) * across + i % p.window_w -
                                 j % p.window_w + p.window_w - 1;
        out.bias.data[(head * N + i) * N + j] = in.table.data[row * heads + head];
      }
}

}  // namespace assay::bench
