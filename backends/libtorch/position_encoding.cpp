// sine_position_encoding as in DETR (models/position_encoding.py PositionEmbeddingSine), with the offset and the two
// temperatures of its descendants; float32 throughout, as there.
#include "backends/libtorch/tensors.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::libtorch {
namespace {

using Sine = SinePositionEncoding;

/// What a module would keep as buffers.
struct Wavelengths {
  at::Tensor dim_y, dim_x;  ///< [F]
};

/// temperature ** (2 * (dim_t // 2) / num_pos_feats)
at::Tensor dim_t(double temperature, std::int64_t F) {
  const at::Tensor i = at::arange(F, at::TensorOptions(at::kFloat).device(device()));
  return at::pow(temperature, 2 * i.div(2, "floor") / F);
}

Wavelengths prepare(const Sine::Params& params, const Sine::Inputs<float>&) {
  const NoAutograd guard;
  return {dim_t(params.temperature_h, params.num_pos_feats), dim_t(params.temperature_w, params.num_pos_feats)};
}

/// A padded line leaves offset/eps, which may be beyond float32 though not beyond float64. The sine of any number of
/// this size is noise, but that of infinity is NaN. Without eps it is infinite by the formula.
constexpr double largest_quotient = 1e30;

/// The place of each pixel on its line along `dim`: a cumulative sum of not_mask, normalised if asked.
at::Tensor embed(const Sine::Params& params, const at::Tensor& not_mask, std::int64_t dim) {
  const at::Tensor position = not_mask.cumsum(dim).to(at::kFloat);  // in int64: on CUDA a float32 sum stops at 2²⁴
  if (!params.normalize) return position;
  const at::Tensor last = position.narrow(dim, position.size(dim) - 1, 1);
  const at::Tensor quotient = (position + params.offset) / (last + params.eps);
  return (params.eps > 0 ? quotient.clamp(-largest_quotient, largest_quotient) : quotient) * params.scale;
}

/// [B, H, W, F]: the sine of the even channels and the cosine of the odd ones, interleaved.
at::Tensor waves(const at::Tensor& position, const at::Tensor& dim) {
  const at::Tensor angle = position.unsqueeze(-1) / dim;
  const auto even = angle.slice(3, 0, c10::nullopt, 2), odd = angle.slice(3, 1, c10::nullopt, 2);
  return at::stack({even.sin(), odd.cos()}, 4).flatten(3);
}

void sine_position_encoding(Wavelengths& wavelengths, const Sine::Params& params, const Sine::Inputs<float>& in,
                            const Sine::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor not_mask = tensor_of(in.mask).logical_not();
  const at::Tensor y = waves(embed(params, not_mask, 1), wavelengths.dim_y);
  const at::Tensor x = waves(embed(params, not_mask, 2), wavelengths.dim_x);
  const at::Tensor encoding = tensor_of(out.encoding);
  at::Tensor channels_last = params.channels_last ? encoding : encoding.permute({0, 2, 3, 1});
  at::cat_out(channels_last, {y, x}, 3);
}

const Kernels kernels([](KernelTable& table) { table.add<Sine, float>(prepare, sine_position_encoding); });

}  // namespace

}  // namespace assay::libtorch
