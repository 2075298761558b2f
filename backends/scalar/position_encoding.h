// The sine encoding of the scalar backend, which its composites call too.
#pragma once

#include <vector>

#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::scalar {

/// What a plan can know: the wavelengths, and room for the positions of one image.
struct SineWorkspace {
  std::vector<double> dim_y, dim_x;            ///< [F]
  std::vector<double> position_y, position_x;  ///< [H, W]
};
SineWorkspace prepare_sine(const SinePositionEncoding::Params& params, const SinePositionEncoding::Inputs<float>& in);
void sine_position_encoding(SineWorkspace& work, const SinePositionEncoding::Params& params,
                            const SinePositionEncoding::Inputs<float>& in,
                            const SinePositionEncoding::Outputs<float>& out);

}  // namespace assay::scalar
