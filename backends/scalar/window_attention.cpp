// relative_position_index, relative_position_bias, log_position_bias and window_softmax, pair by pair.
#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/backend.h"
#include "reference/window_attention/log_position_bias.h"
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

/// sign(d)·log2(8|d|/(w − 1) + 1)/3, w the window of pre-training where one is given.
double log_coordinate(std::int64_t distance, std::int64_t window, std::int64_t pretrained) {
  if (distance == 0) return 0;  // a window of one token would divide by 0
  const auto most = static_cast<double>((pretrained != 0 ? pretrained : window) - 1);
  const double coordinate = std::log2(8 * std::abs(static_cast<double>(distance)) / most + 1) / 3;
  return distance < 0 ? -coordinate : coordinate;
}

/// Room for the units of one distance and for the bias of each distance and head.
struct LogBiasRoom {
  std::vector<double> units;  ///< [D]
  std::vector<float> table;   ///< [(2Wh − 1)(2Ww − 1), heads]
};

LogBiasRoom prepare_log_bias(const LogPositionBias::Params& params, const LogPositionBias::Inputs<float>& in) {
  const std::int64_t heads = in.second_weight.shape[0], D = in.second_weight.shape[1];
  const std::int64_t entries = (2 * params.window_h - 1) * (2 * params.window_w - 1);
  return {std::vector<double>(static_cast<std::size_t>(D)),
          std::vector<float>(static_cast<std::size_t>(entries * heads))};
}

/// Both layers and the sigmoid for the coordinates (h, w) of a distance: a bias for each head.
void bias_of_distance(const LogPositionBias::Inputs<float>& in, double h, double w, std::vector<double>& units,
                      float* biases) {
  const float *weight = in.first_weight.data, *bias = in.first_bias.data;
  for (double& unit : units) {
    unit = std::max(weight[0] * h + weight[1] * w + *bias++, 0.0);
    weight += 2;
  }
  weight = in.second_weight.data;
  for (std::int64_t head = 0; head < in.second_weight.shape[0]; ++head) {
    double sum = 0;
    for (const double unit : units) sum += *weight++ * unit;
    *biases++ = static_cast<float>(16 / (1 + std::exp(-sum)));
  }
}

void log_position_bias(LogBiasRoom& room, const LogPositionBias::Params& params,
                       const LogPositionBias::Inputs<float>& in, const LogPositionBias::Outputs<float>& out) {
  const std::int64_t Wh = params.window_h, Ww = params.window_w, heads = in.second_weight.shape[0], N = Wh * Ww;
  float* biases = room.table.data();
  for (std::int64_t down = 1 - Wh; down < Wh; ++down)
    for (std::int64_t across = 1 - Ww; across < Ww; ++across, biases += heads)
      bias_of_distance(in, log_coordinate(down, Wh, params.pretrained_window_h),
                       log_coordinate(across, Ww, params.pretrained_window_w), room.units, biases);
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j)
        out.bias.data[(head * N + i) * N + j] =
            room.table[static_cast<std::size_t>(table_row(i, j, Wh, Ww) * heads + head)];
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
  table.add<LogPositionBias, float>(prepare_log_bias, log_position_bias);
  table.add<WindowSoftmax, float>(window_softmax);
});

}  // namespace

}  // namespace assay::scalar
