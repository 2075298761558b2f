// relative_position_index, relative_position_bias and window_softmax as in Swin (models/swin_transformer.py
// WindowAttention), log_position_bias as in Swin V2 (models/swin_transformer_v2.py).
#include <ATen/Parallel.h>

#include <cmath>

#include "backends/libtorch/tensors.h"
#include "reference/window_attention/log_position_bias.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/relative_position_index.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::libtorch {
namespace {

/// [N, N, 2]: the distance down and across from token j to token i, each scaled and shifted so that their sum is the
/// index.
at::Tensor relative_coords(std::int64_t Wh, std::int64_t Ww) {
  const auto options = at::TensorOptions(at::kLong).device(device());
  const at::Tensor coords =
      at::stack(at::meshgrid({at::arange(Wh, options), at::arange(Ww, options)}, "ij")).flatten(1);  // [2, N]
  const at::Tensor relative = (coords.unsqueeze(2) - coords.unsqueeze(1)).permute({1, 2, 0}).contiguous();
  relative.select(2, 0).add_(Wh - 1).mul_(2 * Ww - 1);
  relative.select(2, 1).add_(Ww - 1);
  return relative;
}

void relative_position_index(const RelativePositionIndex::Params& params, const RelativePositionIndex::Inputs<float>&,
                             const RelativePositionIndex::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor index = tensor_of(out.index);
  at::sum_out(index, relative_coords(params.window_h, params.window_w), -1);
}

/// What the module registers as a buffer.
struct IndexBuffer {
  at::Tensor relative_position_index;  ///< [N·N]
};

IndexBuffer prepare(const RelativePositionBias::Params& params, const RelativePositionBias::Inputs<float>&) {
  const NoAutograd guard;
  return {relative_coords(params.window_h, params.window_w).sum(-1).view(-1)};
}

void relative_position_bias(IndexBuffer& buffer, const RelativePositionBias::Params&,
                            const RelativePositionBias::Inputs<float>& in,
                            const RelativePositionBias::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor bias = tensor_of(out.bias);
  const std::int64_t heads = bias.size(0), N = bias.size(1);
  const at::Tensor rows = tensor_of(in.table).index_select(0, buffer.relative_position_index);  // [N·N, heads]
  bias.copy_(rows.view({N, N, heads}).permute({2, 0, 1}));
}

/// −(extent − 1) … extent − 1, divided by the window less 1.
at::Tensor scaled_distances(std::int64_t extent, std::int64_t pretrained) {
  const at::Tensor distances = at::arange(1 - extent, extent, at::TensorOptions(at::kFloat).device(device()));
  return distances / std::max<std::int64_t>((pretrained != 0 ? pretrained : extent) - 1, 1);
}

/// What the module of Swin V2 registers as buffers.
struct LogBuffers {
  at::Tensor relative_coords_table;    ///< [(2Wh − 1)(2Ww − 1), 2]
  at::Tensor relative_position_index;  ///< [N·N]
};

LogBuffers prepare_log(const LogPositionBias::Params& params, const LogPositionBias::Inputs<float>&) {
  const NoAutograd guard;
  const at::Tensor h = scaled_distances(params.window_h, params.pretrained_window_h),
                   w = scaled_distances(params.window_w, params.pretrained_window_w);
  const at::Tensor coords = at::stack(at::meshgrid({h, w}, "ij"), -1) * 8;
  return {(at::sign(coords) * at::log2(at::abs(coords) + 1.0) / std::log2(8.0)).view({-1, 2}),
          relative_coords(params.window_h, params.window_w).sum(-1).view(-1)};
}

void log_position_bias(LogBuffers& buffers, const LogPositionBias::Params&, const LogPositionBias::Inputs<float>& in,
                       const LogPositionBias::Outputs<float>& out) {
  const NoAutograd guard;
  at::init_num_threads();  // MKL's products do not do it: on a new thread they would have another count
  at::Tensor bias = tensor_of(out.bias);
  const std::int64_t heads = bias.size(0), N = bias.size(1);
  const at::Tensor units =
      at::linear(buffers.relative_coords_table, tensor_of(in.first_weight), tensor_of(in.first_bias)).relu_();
  const at::Tensor table = at::linear(units, tensor_of(in.second_weight));  // [entries, heads]
  const at::Tensor rows = table.index_select(0, buffers.relative_position_index).view({N, N, heads});
  at::mul_out(bias, at::sigmoid(rows.permute({2, 0, 1}).contiguous()), at::scalar_tensor(16.0F, bias.options()));
}

void window_softmax(const WindowSoftmax::Params&, const WindowSoftmax::Inputs<float>& in,
                    const WindowSoftmax::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor attn = tensor_of(in.scores), probs = tensor_of(out.probs);
  const std::int64_t windows = attn.size(0), heads = attn.size(1), N = attn.size(2);
  if (in.bias) attn = attn + tensor_of(*in.bias).unsqueeze(0);
  if (in.mask) {
    const at::Tensor mask = tensor_of(*in.mask);
    const std::int64_t nW = mask.size(0);
    attn = attn.view({windows / nW, nW, heads, N, N}) + mask.unsqueeze(1).unsqueeze(0);
    attn = attn.view({windows, heads, N, N});
  }
  at::softmax_out(probs, attn, -1);
}

const Kernels kernels([](KernelTable& table) {
  table.add<RelativePositionIndex, float>(relative_position_index);
  table.add<RelativePositionBias, float>(prepare, relative_position_bias);
  table.add<LogPositionBias, float>(prepare_log, log_position_bias);
  table.depends_on_thread_count<LogPositionBias>("ATen's matrix products add in an order that depends on it");
  table.add<WindowSoftmax, float>(window_softmax);
});

}  // namespace

}  // namespace assay::libtorch
