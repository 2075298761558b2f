// detr_joiner: the mask of the padded canvas, that mask at the size of the feature map, and its sine encoding.
#include <algorithm>
#include <memory>
#include <vector>

#include "backends/backend.h"
#include "backends/scalar/masking.h"
#include "backends/scalar/position_encoding.h"
#include "reference/attention/detr_joiner.h"

namespace assay::scalar {
namespace {

/// Room for the images' sizes and the canvas's mask, and what the encoding can know of the feature map.
struct Workspace {
  std::vector<std::int64_t> sizes;     ///< [B, 2]
  Shape canvas;                        ///< [B, H, W]
  std::unique_ptr<bool[]> whole_mask;  ///< [B, H, W]
  SineWorkspace sine;
};

Workspace prepare(const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in) {
  const auto B = static_cast<std::int64_t>(in.images.size());
  Workspace work;
  work.sizes.resize(2 * in.images.size());
  work.canvas = {B, 0, 0};
  for (const View<const float>& image : in.images) {
    work.canvas[1] = std::max(work.canvas[1], image.shape[1]);
    work.canvas[2] = std::max(work.canvas[2], image.shape[2]);
  }
  work.whole_mask = std::make_unique<bool[]>(static_cast<std::size_t>(work.canvas.elements()));
  const std::int64_t h = (work.canvas[1] - 1) / params.stride + 1, w = (work.canvas[2] - 1) / params.stride + 1;
  work.sine = prepare_sine(DetrJoiner::sine_params(params), {{nullptr, {B, h, w}}});
  return work;
}

void detr_joiner(Workspace& work, const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in,
                 const DetrJoiner::Outputs<float>& out) {
  for (std::size_t b = 0; b < in.images.size(); ++b) {
    work.sizes[2 * b] = in.images[b].shape[1];
    work.sizes[2 * b + 1] = in.images[b].shape[2];
  }
  const View<bool> whole{work.whole_mask.get(), work.canvas};
  padding_mask({}, {{work.sizes.data(), {work.canvas[0], 2}}}, {whole});
  mask_downsample({out.mask.shape[1], out.mask.shape[2]}, {{whole.data, whole.shape}}, {out.mask});
  sine_position_encoding(work.sine, DetrJoiner::sine_params(params), {{out.mask.data, out.mask.shape}}, {out.encoding});
}

const Kernels kernels([](KernelTable& table) { table.add<DetrJoiner, float>(prepare, detr_joiner); });

}  // namespace

}  // namespace assay::scalar
