// The sine encoding of the openmp backend, which its composites call too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/openmp/parallel.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::openmp {
namespace sine {

/// Neighbouring lines [begin, end) of an image that are equal, and which of the distinct lines they are.
struct Run {
  std::int64_t begin, end, line;
};

/// The lines along one axis of all masks of a batch. Everything is allocated when the plan is made.
struct Axis {
  std::int64_t length = 0;           ///< of a line
  std::vector<float> inverse_dim;    ///< [F/2] 1/dim_t
  std::vector<unsigned char> masks;  ///< [distinct, length]
  std::vector<float> positions;      ///< [distinct, length] v: counted, and normalised if asked
  std::int64_t distinct = 0;
  std::vector<Run> runs;               ///< image after image
  std::vector<std::size_t> first_run;  ///< [B + 1]

  std::span<const Run> runs_of(std::int64_t b) const {
    const std::size_t begin = first_run[static_cast<std::size_t>(b)];
    return {runs.data() + begin, first_run[static_cast<std::size_t>(b) + 1] - begin};
  }
  std::int64_t angles() const { return distinct * length; }
};

struct Workspace {
  Axis y, x;
  std::vector<unsigned char> column, changes;  ///< one column of a mask; where a column differs from the one before
  Scratch waves;                               ///< a worker's sines and cosines of one dim_t
};

}  // namespace sine

sine::Workspace prepare_sine(const SinePositionEncoding::Params& params, const SinePositionEncoding::Inputs<float>& in);
void sine_position_encoding(sine::Workspace& work, const SinePositionEncoding::Params& params,
                            const SinePositionEncoding::Inputs<float>& in,
                            const SinePositionEncoding::Outputs<float>& out);

}  // namespace assay::openmp
