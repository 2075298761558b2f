// The masking kernels of the scalar backend that its composites call too.
#pragma once

#include "reference/masking/mask_downsample.h"
#include "reference/masking/padding_mask.h"

namespace assay::scalar {

void padding_mask(const PaddingMask::Params& params, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out);
void mask_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out);

}  // namespace assay::scalar
