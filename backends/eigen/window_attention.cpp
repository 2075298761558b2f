// relative_position_index, relative_position_bias, log_position_bias and window_softmax. Start with write_bias: the
// bias of one token to all others is a block of its head's table.
#include "backends/eigen/planes.h"
#include "reference/window_attention/log_position_bias.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/relative_position_index.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::eigen {
namespace {

/// index(i, j) = key(i) − key(j) + key of the last token, where key = h·(2Ww − 1) + w.
void relative_position_index(const RelativePositionIndex::Params& params, const RelativePositionIndex::Inputs<float>&,
                             const RelativePositionIndex::Outputs<float>& out) {
  using Keys = Eigen::Array<std::int64_t, 1, Eigen::Dynamic>;
  const std::int64_t Ww = params.window_w, N = params.window_h * Ww;
  const Keys key = Keys::NullaryExpr(N, [=](Eigen::Index i) { return i / Ww * (2 * Ww - 1) + i % Ww; });
  PlaneMap<std::int64_t> index(out.index.data, N, N);
  for (Eigen::Index i = 0; i < N; ++i) index.row(i) = key[i] + key[N - 1] - key;
}

/// Room for the tables of all heads, each turned by 180°.
struct TurnedTables {
  Plane<float> by_head;  ///< [heads, (2Wh − 1)(2Ww − 1)]
};

TurnedTables prepare_bias(const RelativePositionBias::Params&, const RelativePositionBias::Inputs<float>& in) {
  return {Plane<float>(in.table.shape[1], in.table.shape[0])};
}

/// A head's table is a plane over the distances down and across. Seen from token i the distances to all tokens j fall
/// by one with each j, so that bias[head, i, :] is one block of the turned plane.
void write_bias(const TurnedTables& turned, std::int64_t Wh, std::int64_t Ww, float* bias) {
  const std::int64_t N = Wh * Ww;
  for (std::int64_t head = 0; head < turned.by_head.rows(); ++head) {
    const PlaneMap<const float> table(turned.by_head.row(head).data(), 2 * Wh - 1, 2 * Ww - 1);
    for (std::int64_t h = 0; h < Wh; ++h)
      for (std::int64_t w = 0; w < Ww; ++w, bias += N)
        PlaneMap<float>(bias, Wh, Ww) = table.block(Wh - 1 - h, Ww - 1 - w, Wh, Ww);
  }
}

void relative_position_bias(TurnedTables& turned, const RelativePositionBias::Params& params,
                            const RelativePositionBias::Inputs<float>& in,
                            const RelativePositionBias::Outputs<float>& out) {
  const std::int64_t entries = in.table.shape[0], heads = in.table.shape[1];
  turned.by_head = PlaneMap<const float>(in.table.data, entries, heads).colwise().reverse().transpose();
  write_bias(turned, params.window_h, params.window_w, out.bias.data);
}

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixMap = Eigen::Map<const Matrix>;

/// The coordinates of all distances, backwards as a turned table has them, and room for the layers' results.
struct LogBias {
  Matrix coordinates;  ///< [2, entries]
  Matrix units, sums;  ///< [D, entries], [heads, entries]
  TurnedTables tables;
};

/// sign(d)·log2(8|d|/(w − 1) + 1)/3 for d = extent − 1 … −(extent − 1).
Eigen::ArrayXf log_coordinates(std::int64_t extent, std::int64_t pretrained) {
  const auto last = static_cast<double>(extent - 1);
  const Eigen::ArrayXd d = Eigen::ArrayXd::LinSpaced(2 * extent - 1, last, -last);
  const auto most = static_cast<double>(std::max<std::int64_t>((pretrained != 0 ? pretrained : extent) - 1, 1));
  return (d.sign() * (8 * d.abs() / most + 1).log() / std::log(8.0)).cast<float>();
}

LogBias prepare_log_bias(const LogPositionBias::Params& params, const LogPositionBias::Inputs<float>& in) {
  const Eigen::ArrayXf h = log_coordinates(params.window_h, params.pretrained_window_h),
                       w = log_coordinates(params.window_w, params.pretrained_window_w);
  const Eigen::Index heads = in.second_weight.shape[0], D = in.second_weight.shape[1], entries = h.size() * w.size();
  LogBias bias;
  bias.coordinates.resize(2, entries);
  bias.units.resize(D, entries);
  bias.sums.resize(heads, entries);
  bias.tables.by_head.resize(heads, entries);
  for (Eigen::Index i = 0; i < entries; ++i) bias.coordinates.col(i) << h[i / w.size()], w[i % w.size()];
  return bias;
}

void log_position_bias(LogBias& bias, const LogPositionBias::Params& params, const LogPositionBias::Inputs<float>& in,
                       const LogPositionBias::Outputs<float>& out) {
  const Eigen::Index heads = in.second_weight.shape[0], D = in.second_weight.shape[1];
  const Eigen::Map<const Eigen::VectorXf> first_bias(in.first_bias.data, D);
  bias.units.noalias() = MatrixMap(in.first_weight.data, D, 2).lazyProduct(bias.coordinates);
  bias.units = (bias.units.colwise() + first_bias).cwiseMax(0.0F);
  bias.sums.noalias() = MatrixMap(in.second_weight.data, heads, D) * bias.units;
  bias.tables.by_head = 16 / (1 + (-bias.sums.array()).exp());
  write_bias(bias.tables, params.window_h, params.window_w, out.bias.data);
}

/// Room for the logits of one token.
struct Logits {
  Eigen::Array<float, 1, Eigen::Dynamic> row;  ///< [N]
};

Logits prepare_softmax(const WindowSoftmax::Params&, const WindowSoftmax::Inputs<float>& in) {
  return {Eigen::Array<float, 1, Eigen::Dynamic>(in.scores.shape[3])};
}

/// The tokens of one window seen by one head, row by row, each while it is in cache. `bias` and `mask` may be null.
void softmax_rows(Logits& logits, const float* scores, const float* bias, const float* mask, float* probs) {
  auto& row = logits.row;
  const Eigen::Index N = row.size();
  using Row = Eigen::Map<const Eigen::Array<float, 1, Eigen::Dynamic>>;
  for (Eigen::Index i = 0; i < N; ++i) {
    row = Row(scores + i * N, N);
    if (bias != nullptr) row += Row(bias + i * N, N);
    if (mask != nullptr) row += Row(mask + i * N, N);
    row = (row - row.maxCoeff<Eigen::PropagateNaN>()).exp();
    // in double: Eigen adds what fills no whole vector one by one, and a float would round each time
    const auto sum = static_cast<float>(row.cast<double>().sum());
    Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>>(probs + i * N, N) = row / sum;
  }
}

void window_softmax(Logits& logits, const WindowSoftmax::Params&, const WindowSoftmax::Inputs<float>& in,
                    const WindowSoftmax::Outputs<float>& out) {
  const std::int64_t windows = in.scores.shape[0], heads = in.scores.shape[1], N = in.scores.shape[2];
  for (std::int64_t w = 0; w < windows; ++w)
    for (std::int64_t head = 0; head < heads; ++head) {
      const float* bias = in.bias ? in.bias->data + head * N * N : nullptr;
      const float* mask = in.mask ? in.mask->data + w % in.mask->shape[0] * N * N : nullptr;
      const std::int64_t at = (w * heads + head) * N * N;
      softmax_rows(logits, in.scores.data + at, bias, mask, out.probs.data + at);
    }
}

const Kernels kernels([](KernelTable& table) {
  table.add<RelativePositionIndex, float>(relative_position_index);
  table.add<RelativePositionBias, float>(prepare_bias, relative_position_bias);
  table.add<LogPositionBias, float>(prepare_log_bias, log_position_bias);
  table.add<WindowSoftmax, float>(prepare_softmax, window_softmax);
});

}  // namespace

}  // namespace assay::eigen
