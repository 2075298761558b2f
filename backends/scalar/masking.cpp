// padding_mask and mask_downsample, one cell at a time.
#include "backends/scalar/masking.h"

#include "backends/backend.h"
#include "backends/scalar/nearest.h"

namespace assay::scalar {

void padding_mask(const PaddingMask::Params&, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out) {
  const std::int64_t B = out.mask.shape[0], H = out.mask.shape[1], W = out.mask.shape[2];
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t height = in.sizes.data[2 * b], width = in.sizes.data[2 * b + 1];
    for (std::int64_t y = 0; y < H; ++y)
      for (std::int64_t x = 0; x < W; ++x) out.mask.data[(b * H + y) * W + x] = y >= height || x >= width;
  }
}

void mask_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2];
  const std::int64_t h = params.out_height, w = params.out_width;
  const float scale_y = static_cast<float>(H) / static_cast<float>(h);
  const float scale_x = static_cast<float>(W) / static_cast<float>(w);
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t i = 0; i < h; ++i) {
      const std::int64_t y = nearest_source(i, scale_y, H);
      for (std::int64_t j = 0; j < w; ++j) {
        const std::int64_t x = nearest_source(j, scale_x, W);
        out.mask.data[(b * h + i) * w + j] = in.mask.data[(b * H + y) * W + x];
      }
    }
}

namespace {

const Kernels kernels([](KernelTable& table) {
  table.add<PaddingMask, float>(padding_mask);
  table.add<MaskDownsample, float>(mask_downsample);
});

}  // namespace

}  // namespace assay::scalar
