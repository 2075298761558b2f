// padding_mask and mask_downsample. The first writes runs of equal bytes; the second reads nothing but the cells it
// shows.
#include <algorithm>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/nearest.h"
#include "backends/openmp/padding.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/row_blocks.h"
#include "reference/masking/mask_downsample.h"
#include "reference/masking/padding_mask.h"

namespace assay::openmp {
namespace {

void padding_mask(const PaddingMask::Params&, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out) {
  const std::int64_t B = out.mask.shape[0], H = out.mask.shape[1], W = out.mask.shape[2];
  const RowBlocks blocks(H, W);
  parallel_for(B * blocks.count(), B * H * W, [&](std::int64_t task, int) {
    const std::int64_t b = task / blocks.count(), block = task % blocks.count();
    mark_padding(out.mask.data + b * H * W, W, in.sizes.data[2 * b], in.sizes.data[2 * b + 1], blocks.begin(block),
                 blocks.end(block));
  });
}

/// Which row and which column of the input each one of the result shows.
struct Sources {
  std::vector<std::int64_t> row, column;
};

Sources prepare_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in) {
  return {nearest_sources(in.mask.shape[1], params.out_height), nearest_sources(in.mask.shape[2], params.out_width)};
}

void mask_downsample(Sources& sources, const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2];
  const std::int64_t h = params.out_height, w = params.out_width;
  // A sampled cell costs the cache line it lies in.
  parallel_for(B * h, B * h * std::min(W, 64 * w), [&](std::int64_t task, int) {
    const bool* from = in.mask.data + (task / h * H + sources.row[static_cast<std::size_t>(task % h)]) * W;
    const std::int64_t* column = sources.column.data();
    bool* to = out.mask.data + task * w;
    for (std::int64_t x = 0; x < w; ++x) to[x] = from[column[x]];
  });
}

const Kernels kernels([](KernelTable& table) {
  table.add<PaddingMask, float>(padding_mask);
  table.add<MaskDownsample, float>(prepare_downsample, mask_downsample);
});

}  // namespace

}  // namespace assay::openmp
