// detr_joiner as in DETR: the batch's mask (util/misc.py), F.interpolate of it (models/backbone.py Backbone) and its
// sine encoding (Joiner). The pixels are left alone, which the mask does not depend on.
#include <algorithm>
#include <vector>

#include "backends/libtorch/masking.h"
#include "backends/libtorch/position_encoding.h"
#include "backends/libtorch/tensors.h"
#include "reference/attention/detr_joiner.h"

namespace assay::libtorch {
namespace {

Wavelengths prepare(const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>&) {
  return prepare_sine(DetrJoiner::sine_params(params), {});
}

void detr_joiner(Wavelengths& wavelengths, const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in,
                 const DetrJoiner::Outputs<float>& out) {
  const NoAutograd guard;
  std::vector<std::int64_t> sizes;  // on the host, as the shapes are
  Shape canvas{out.mask.shape[0], 0, 0};
  for (const View<const float>& image : in.images) {
    sizes.insert(sizes.end(), {image.shape[1], image.shape[2]});
    canvas[1] = std::max(canvas[1], image.shape[1]);
    canvas[2] = std::max(canvas[2], image.shape[2]);
  }
  const at::Tensor mask = at::empty({canvas[0], canvas[1], canvas[2]}, at::TensorOptions(at::kBool).device(device()));
  const View<bool> whole{mask.data_ptr<bool>(), canvas};
  padding_mask({}, {{sizes.data(), {canvas[0], 2}}}, {whole});
  mask_downsample({out.mask.shape[1], out.mask.shape[2]}, {{whole.data, whole.shape}}, {out.mask});
  sine_position_encoding(wavelengths, DetrJoiner::sine_params(params), {{out.mask.data, out.mask.shape}},
                         {out.encoding});
}

const Kernels kernels([](KernelTable& table) { table.add<DetrJoiner, float>(prepare, detr_joiner); });

}  // namespace

}  // namespace assay::libtorch
