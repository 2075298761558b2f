// detr_joiner: the blocks of the canvas's mask, its rows and columns that the feature map shows, and their sine
// encoding.
#include "backends/eigen/masking.h"
#include "backends/eigen/position_encoding.h"
#include "reference/attention/detr_joiner.h"

namespace assay::eigen {
namespace {

/// The height and the width of each image.
using Sizes = Eigen::Array<std::int64_t, Eigen::Dynamic, 2, Eigen::RowMajor>;

void read_sizes(const DetrJoiner::Inputs<float>& in, Sizes& sizes) {
  for (Eigen::Index b = 0; b < sizes.rows(); ++b) {
    const Shape& image = in.images[static_cast<std::size_t>(b)].shape;
    sizes.row(b) << image[1], image[2];
  }
}

/// Room for the images' sizes and the canvas's mask, and what mask and encoding can know of the feature map.
struct Workspace {
  Sizes sizes;              ///< [B, 2]
  Shape canvas;             ///< [B, H, W]
  Plane<bool> whole_masks;  ///< [B, H·W]
  Sampled sampled;
  SineWorkspace sine;
};

Workspace prepare(const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in) {
  const auto B = static_cast<std::int64_t>(in.images.size());
  Workspace work;
  work.sizes.resize(B, 2);
  read_sizes(in, work.sizes);
  const std::int64_t H = work.sizes.col(0).maxCoeff(), W = work.sizes.col(1).maxCoeff();
  const std::int64_t h = (H - 1) / params.stride + 1, w = (W - 1) / params.stride + 1;
  work.canvas = {B, H, W};
  work.whole_masks.resize(B, H * W);
  work.sampled = prepare_downsample({h, w}, {{nullptr, work.canvas}});
  work.sine = prepare_sine(DetrJoiner::sine_params(params), {{nullptr, {B, h, w}}});
  return work;
}

void detr_joiner(Workspace& work, const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in,
                 const DetrJoiner::Outputs<float>& out) {
  read_sizes(in, work.sizes);
  const View<bool> whole{work.whole_masks.data(), work.canvas};
  padding_mask({}, {{work.sizes.data(), {work.canvas[0], 2}}}, {whole});
  mask_downsample(work.sampled, {out.mask.shape[1], out.mask.shape[2]}, {{whole.data, whole.shape}}, {out.mask});
  sine_position_encoding(work.sine, DetrJoiner::sine_params(params), {{out.mask.data, out.mask.shape}}, {out.encoding});
}

const Kernels kernels([](KernelTable& table) { table.add<DetrJoiner, float>(prepare, detr_joiner); });

}  // namespace

}  // namespace assay::eigen
