// relative_position_index, relative_position_bias and window_softmax as in Swin (models/swin_transformer.py
// WindowAttention).
#include "backends/libtorch/tensors.h"
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
  table.add<WindowSoftmax, float>(window_softmax);
});

}  // namespace

}  // namespace assay::libtorch
