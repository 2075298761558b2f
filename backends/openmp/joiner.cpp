// detr_joiner. The canvas's mask is never made: nearest rows ascend, so that what a feature map shows of an image is
// a rectangle again, found by bisection. The encoding is that of sine_position_encoding.
#include <algorithm>

#include "backends/backend.h"
#include "backends/openmp/nearest.h"
#include "backends/openmp/padding.h"
#include "backends/openmp/position_encoding.h"
#include "reference/attention/detr_joiner.h"

namespace assay::openmp {
namespace {

struct Workspace {
  std::int64_t H = 0, W = 0;  ///< of the canvas
  sine::Workspace sine;
};

Workspace prepare(const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in) {
  Workspace work;
  for (const View<const float>& image : in.images) {
    work.H = std::max(work.H, image.shape[1]);
    work.W = std::max(work.W, image.shape[2]);
  }
  const std::int64_t h = (work.H - 1) / params.stride + 1, w = (work.W - 1) / params.stride + 1;
  work.sine =
      prepare_sine(DetrJoiner::sine_params(params), {{nullptr, {static_cast<std::int64_t>(in.images.size()), h, w}}});
  return work;
}

/// How many of the `out` cells over `in` pixels show one of the first `valid`.
std::int64_t shown_cells(std::int64_t valid, std::int64_t in, std::int64_t out) {
  const float scale = static_cast<float>(in) / static_cast<float>(out);
  std::int64_t least = 0, most = out;
  while (least < most) {
    const std::int64_t middle = least + (most - least) / 2;
    if (nearest_source(middle, in, scale) < valid) {
      least = middle + 1;
    } else {
      most = middle;
    }
  }
  return least;
}

void detr_joiner(Workspace& work, const DetrJoiner::Params& params, const DetrJoiner::Inputs<float>& in,
                 const DetrJoiner::Outputs<float>& out) {
  const std::int64_t B = out.mask.shape[0], h = out.mask.shape[1], w = out.mask.shape[2];
  parallel_for(B, B * h * w, [&](std::int64_t b, int) {
    const Shape& image = in.images[static_cast<std::size_t>(b)].shape;
    mark_padding(out.mask.data + b * h * w, w, shown_cells(image[1], work.H, h), shown_cells(image[2], work.W, w), 0,
                 h);
  });
  sine_position_encoding(work.sine, DetrJoiner::sine_params(params), {{out.mask.data, out.mask.shape}}, {out.encoding});
}

const Kernels kernels([](KernelTable& table) { table.add<DetrJoiner, float>(prepare, detr_joiner); });

}  // namespace

}  // namespace assay::openmp
