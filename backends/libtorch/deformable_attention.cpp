// multi_scale_deformable_attention as in Deformable-DETR without its CUDA kernel (ms_deform_attn_core_pytorch;
// transformers' MultiScaleDeformableAttention): grid_sample of each level, weighted and summed.
#include <vector>

#include "backends/libtorch/tensors.h"
#include "reference/attention/multi_scale_deformable_attention.h"

namespace assay::libtorch {
namespace {

using Op = MultiScaleDeformableAttention;

constexpr std::int64_t bilinear = 0, padded_with_zeros = 0;  // of at::native's GridSamplerInterpolation and ...Padding

void multi_scale_deformable_attention(const Op::Params&, const Op::Inputs<float>& in, const Op::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor value = tensor_of(in.value), weights = tensor_of(in.attention_weights);
  const std::int64_t B = value.size(0), heads = value.size(2), d = value.size(3);
  const std::int64_t Q = weights.size(1), levels = weights.size(3), P = weights.size(4);
  const at::Tensor grids = 2 * tensor_of(in.sampling_locations) - 1;
  std::vector<at::Tensor> samples;
  std::int64_t first = 0;
  for (std::int64_t l = 0; l < levels; ++l) {
    const std::int64_t H = in.spatial_shapes.data[2 * l], W = in.spatial_shapes.data[2 * l + 1];
    const at::Tensor level = value.narrow(1, first, H * W).flatten(2).transpose(1, 2).reshape({B * heads, d, H, W});
    const at::Tensor grid = grids.select(3, l).transpose(1, 2).flatten(0, 1);  // [B·h, Q, P, 2]
    samples.push_back(at::grid_sampler(level, grid, bilinear, padded_with_zeros, false));
    first += H * W;
  }
  const at::Tensor sampled = at::stack(samples, -2).view({B, heads, d, Q, levels * P});
  const at::Tensor weight = weights.transpose(1, 2).reshape({B, heads, 1, Q, levels * P});
  at::Tensor by_head = tensor_of(out.out).view({B, Q, heads, d}).permute({0, 2, 3, 1});
  at::sum_out(by_head, sampled * weight, -1);
}

const Kernels kernels([](KernelTable& table) { table.add<Op, float>(multi_scale_deformable_attention); });

}  // namespace

}  // namespace assay::libtorch
