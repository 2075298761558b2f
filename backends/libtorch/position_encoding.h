// The sine encoding of the LibTorch backends, which their composites call too.
#pragma once

#include "backends/libtorch/tensors.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::libtorch {

/// What a module would keep as buffers.
struct Wavelengths {
  at::Tensor dim_y, dim_x;  ///< [F]
};
Wavelengths prepare_sine(const SinePositionEncoding::Params& params, const SinePositionEncoding::Inputs<float>& in);
void sine_position_encoding(Wavelengths& wavelengths, const SinePositionEncoding::Params& params,
                            const SinePositionEncoding::Inputs<float>& in,
                            const SinePositionEncoding::Outputs<float>& out);

}  // namespace assay::libtorch
