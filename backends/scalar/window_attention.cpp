// relative_position_index, relative_position_bias and window_softmax, pair by pair.
#include <cmath>

#include "backends/backend.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/relative_position_index.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::scalar {
namespace {

/// The row of the bias table for tokens i and j of a window: their distance down and across, each shifted to start at
/// 0.
std::int64_t table_row(std::int64_t i, std::int64_t j, std::int64_t window_h, std::int64_t window_w) {
  const std::int64_t down = i / window_w - j / window_w, across = i % window_w - j % window_w;
  return (down + window_h - 1) * (2 * window_w - 1) + across + window_w - 1;
}

void relative_position_index(const RelativePositionIndex::Params& params, const RelativePositionIndex::Inputs<float>&,
                             const RelativePositionIndex::Outputs<float>& out) {
  const std::int64_t N = params.window_h * params.window_w;
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < N; ++j) out.index.data[i * N + j] = table_row(i, j, params.window_h, params.window_w);
}

void relative_position_bias(const RelativePositionBias::Params& params, const RelativePositionBias::Inputs<float>& in,
                            const RelativePositionBias::Outputs<float>& out) {
  const std::int64_t heads = in.table.shape[1], N = params.window_h * params.window_w;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j)
        out.bias.data[(head * N + i) * N + j] =
            in.table.data[table_row(i, j, params.window_h, params.window_w) * heads + head];
}

void window_softmax(const WindowSoftmax::Params&, const WindowSoftmax::Inputs<float>& in,
                    const WindowSoftmax::Outputs<float>& out) {
  const std::int64_t windows = in.scores.shape[0], heads = in.scores.shape[1], N = in.scores.shape[2];
  for (std::int64_t w = 0; w < windows; ++w)
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t i = 0; i < N; ++i) {
        const float* scores = in.scores.data + ((w * heads + head) * N + i) * N;
        const float* bias = in.bias ? in.bias->data + (head * N + i) * N : nullptr;
        const float* mask = in.mask ? in.mask->data + (w % in.mask->shape[0] * N + i) * N : nullptr;
        const auto logit = [&](std::int64_t j) {
          return static_cast<double>(scores[j]) + (bias != nullptr ? static_cast<double>(bias[j]) : 0.0) +
                 (mask != nullptr ? static_cast<double>(mask[j]) : 0.0);
        };
        double most = logit(0), sum = 0;
        for (std::int64_t j = 1; j < N; ++j) most = logit(j) > most ? logit(j) : most;
        for (std::int64_t j = 0; j < N; ++j) sum += std::exp(logit(j) - most);
        float* probs = out.probs.data + ((w * heads + head) * N + i) * N;
        for (std::int64_t j = 0; j < N; ++j) probs[j] = static_cast<float>(std::exp(logit(j) - most) / sum);
      }
}

const Kernels kernels([](KernelTable& table) {
  table.add<RelativePositionIndex, float>(relative_position_index);
  table.add<RelativePositionBias, float>(relative_position_bias);
  table.add<WindowSoftmax, float>(window_softmax);
});

}  // namespace

}  // namespace assay::scalar
