// padding_mask by filling, and mask_downsample by F.interpolate, both as in DETR (util/misc.py, models/backbone.py).
#include "backends/libtorch/masking.h"

#include "backends/libtorch/tensors.h"

namespace assay::libtorch {

void padding_mask(const PaddingMask::Params&, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor mask = tensor_of(out.mask).fill_(true);
  for (std::int64_t b = 0; b < mask.size(0); ++b) {
    const std::int64_t height = in.sizes.data[2 * b], width = in.sizes.data[2 * b + 1];
    mask.select(0, b).narrow(0, 0, height).narrow(1, 0, width).fill_(false);
  }
}

/// F.interpolate(mask[None].float(), size)[0].to(bool): the batch stands in the place of the channels.
void mask_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor image = tensor_of(in.mask).unsqueeze(0).to(at::kFloat);
  tensor_of(out.mask).copy_(at::upsample_nearest2d(image, {params.out_height, params.out_width}).squeeze(0));
}

namespace {

const Kernels kernels([](KernelTable& table) {
  table.add<PaddingMask, float>(padding_mask);
  table.add<MaskDownsample, float>(mask_downsample);
});

}  // namespace

}  // namespace assay::libtorch
