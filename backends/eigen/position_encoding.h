// The sine encoding of the eigen backend, which its composites call too.
#pragma once

#include "backends/eigen/planes.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::eigen {

/// What a plan can know: the wavelengths, one for each pair of channels, and room for the planes of one image.
struct SineWorkspace {
  Eigen::ArrayXf dim_y, dim_x;  ///< [F/2]
  Plane<float> y, x;            ///< [H, W]: positions
  Plane<float> wave;            ///< [H, W]: one channel
};
SineWorkspace prepare_sine(const SinePositionEncoding::Params& params, const SinePositionEncoding::Inputs<float>& in);
void sine_position_encoding(SineWorkspace& work, const SinePositionEncoding::Params& params,
                            const SinePositionEncoding::Inputs<float>& in,
                            const SinePositionEncoding::Outputs<float>& out);

}  // namespace assay::eigen
