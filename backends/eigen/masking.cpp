// padding_mask by filling the three blocks of each image's canvas, and mask_downsample by indexing a plane with a list
// of rows and a list of columns.
#include "backends/eigen/masking.h"

namespace assay::eigen {

void padding_mask(const PaddingMask::Params&, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out) {
  const std::int64_t B = out.mask.shape[0], H = out.mask.shape[1], W = out.mask.shape[2];
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t height = in.sizes.data[2 * b], width = in.sizes.data[2 * b + 1];
    PlaneMap<bool> mask(out.mask.data + b * H * W, H, W);
    mask.topLeftCorner(height, width).setConstant(false);
    mask.topRightCorner(height, W - width).setConstant(true);
    mask.bottomRows(H - height).setConstant(true);
  }
}

Sampled prepare_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in) {
  return {nearest_indices(in.mask.shape[1], params.out_height), nearest_indices(in.mask.shape[2], params.out_width)};
}

void mask_downsample(Sampled& sampled, const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2];
  const std::int64_t h = params.out_height, w = params.out_width;
  for (std::int64_t b = 0; b < B; ++b) {
    const PlaneMap<const bool> mask(in.mask.data + b * H * W, H, W);
    PlaneMap<bool>(out.mask.data + b * h * w, h, w) = mask(sampled.rows, sampled.columns);
  }
}

namespace {

const Kernels kernels([](KernelTable& table) {
  table.add<PaddingMask, float>(padding_mask);
  table.add<MaskDownsample, float>(prepare_downsample, mask_downsample);
});

}  // namespace

}  // namespace assay::eigen
