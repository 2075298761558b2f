// sine_position_encoding as in DETR (models/position_encoding.py PositionEmbeddingSine), with the offset and the two
// temperatures of its descendants; float32 throughout, as there. learned_position_encoding as in the same file, and
// query_position_encoding as in Conditional-DETR (models/transformer.py gen_sineembed_for_position).
#include "backends/libtorch/position_encoding.h"

#include <vector>

#include "reference/position_encoding/learned_position_encoding.h"
#include "reference/position_encoding/query_position_encoding.h"

namespace assay::libtorch {
namespace {

using Sine = SinePositionEncoding;

/// temperature ** (2 * (dim_t // 2) / num_pos_feats)
at::Tensor dim_t(double temperature, std::int64_t F) {
  const at::Tensor i = at::arange(F, at::TensorOptions(at::kFloat).device(device()));
  return at::pow(temperature, 2 * i.div(2, "floor") / F);
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

/// […, F]: the sine of the even channels and the cosine of the odd ones, interleaved.
at::Tensor waves(const at::Tensor& position, const at::Tensor& dim) {
  const at::Tensor angle = position.unsqueeze(-1) / dim;
  const auto even = angle.slice(-1, 0, c10::nullopt, 2), odd = angle.slice(-1, 1, c10::nullopt, 2);
  return at::stack({even.sin(), odd.cos()}, -1).flatten(-2);
}

}  // namespace

Wavelengths prepare_sine(const Sine::Params& params, const Sine::Inputs<float>&) {
  const NoAutograd guard;
  return {dim_t(params.temperature_h, params.num_pos_feats), dim_t(params.temperature_w, params.num_pos_feats)};
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

namespace {

/// cat([x_emb.unsqueeze(0).repeat(h, 1, 1), y_emb.unsqueeze(1).repeat(1, w, 1)], dim=-1).permute(2, 0, 1) for each
/// image.
void learned_position_encoding(const LearnedPositionEncoding::Params& params,
                               const LearnedPositionEncoding::Inputs<float>& in,
                               const LearnedPositionEncoding::Outputs<float>& out) {
  const NoAutograd guard;
  const std::int64_t H = params.height, W = params.width;
  const at::Tensor x = tensor_of(in.col_embed).narrow(0, 0, W), y = tensor_of(in.row_embed).narrow(0, 0, H);
  const at::Tensor pos = at::cat({x.unsqueeze(0).repeat({H, 1, 1}), y.unsqueeze(1).repeat({1, W, 1})}, -1);
  const at::Tensor encoding = tensor_of(out.encoding);
  encoding.copy_(pos.permute({2, 0, 1}).unsqueeze(0).expand_as(encoding));
}

using Query = QueryPositionEncoding;

/// dim_t, [F].
at::Tensor prepare_query(const Query::Params& params, const Query::Inputs<float>&) {
  const NoAutograd guard;
  return dim_t(params.temperature, params.num_pos_feats);
}

void query_position_encoding(at::Tensor& dim, const Query::Params& params, const Query::Inputs<float>& in,
                             const Query::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor position = tensor_of(in.pos) * params.scale;
  std::vector<at::Tensor> blocks = {waves(position.select(-1, 1), dim), waves(position.select(-1, 0), dim)};
  for (std::int64_t size = 2; size < position.size(-1); ++size) blocks.push_back(waves(position.select(-1, size), dim));
  at::Tensor encoding = tensor_of(out.encoding);
  at::cat_out(encoding, blocks, -1);
}

const Kernels kernels([](KernelTable& table) {
  table.add<Sine, float>(prepare_sine, sine_position_encoding);
  table.add<LearnedPositionEncoding, float>(learned_position_encoding);
  table.add<Query, float>(prepare_query, query_position_encoding);
});

}  // namespace

}  // namespace assay::libtorch
