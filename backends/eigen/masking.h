// The masking kernels of the eigen backend that its composites call too.
#pragma once

#include "backends/eigen/nearest.h"
#include "backends/eigen/planes.h"
#include "reference/masking/mask_downsample.h"
#include "reference/masking/padding_mask.h"

namespace assay::eigen {

void padding_mask(const PaddingMask::Params& params, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out);

/// Which rows and columns of the input are shown: they follow from the shapes alone.
struct Sampled {
  Indices rows, columns;
};
Sampled prepare_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in);
void mask_downsample(Sampled& sampled, const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out);

}  // namespace assay::eigen
