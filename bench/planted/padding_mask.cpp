// padding_mask with every mistake a port was seen, or is likely, to make.
#include "reference/masking/padding_mask.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = PaddingMask;

/// A cell of the mask, the extents of its image and of the canvas, and the batch's maxima.
struct Cell {
  std::int64_t b, y, x, h, w, H, W, most_h, most_w;
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  bool (*is_padding)(Cell) = [](Cell c) { return c.y >= c.h || c.x >= c.w; };
  std::int64_t (*place)(Cell) = [](Cell c) { return (c.b * c.H + c.y) * c.W + c.x; };
};

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const Shape& s = out.mask.shape;
  const std::int64_t* sizes = in.sizes.data;
  Cell c{0, 0, 0, 0, 0, s[1], s[2], 0, 0};
  for (std::int64_t b = 0; b < s[0]; ++b)
    c.most_h = std::max(c.most_h, sizes[2 * b]), c.most_w = std::max(c.most_w, sizes[2 * b + 1]);
  for (c.b = 0; c.b < s[0]; ++c.b) {
    c.h = sizes[2 * c.b], c.w = sizes[2 * c.b + 1];
    for (c.y = 0; c.y < c.H; ++c.y)
      for (c.x = 0; c.x < c.W; ++c.x) out.mask.data[mistake.place(c)] = mistake.is_padding(c);
  }
}

const Plant<Op> plant(
    run,
    {
        wrong("swapped_hw", "height and width swapped", &Mistake::is_padding,
              [](Cell c) { return c.y >= c.w || c.x >= c.h; }),
        wrong("greater", "> for >=", &Mistake::is_padding, [](Cell c) { return c.y > c.h || c.x > c.w; }),
        wrong("one_less", "a row and a column too many are padding", &Mistake::is_padding,
              [](Cell c) { return c.y >= c.h - 1 || c.x >= c.w - 1; }),
        wrong("and_for_or", "padding only where both extents are passed", &Mistake::is_padding,
              [](Cell c) { return c.y >= c.h && c.x >= c.w; }),
        wrong("height_only", "the width ignored", &Mistake::is_padding, [](Cell c) { return c.y >= c.h; }),
        wrong("width_only", "the height ignored", &Mistake::is_padding, [](Cell c) { return c.x >= c.w; }),
        wrong("padded_first", "padding at the top and left", &Mistake::is_padding,
              [](Cell c) { return c.y < c.H - c.h || c.x < c.W - c.w; }),
        wrong("own_stride", "rows as far apart as the image is wide", &Mistake::place,
              [](Cell c) { return c.b * c.H * c.W + c.y * c.w + c.x; }),
        wrong("maxima", "the batch's maxima for the given canvas", &Mistake::place,
              [](Cell c) { return (c.b * c.most_h + c.y) * c.most_w + c.x; }),
    },
    {
        output("inverted", "polarity inverted", "mask", inverted),
        input_from("first_image", "the first image's size for all", "sizes", first_slice),
        input_from("image_before", "the size of the image before", "sizes", slice_before),
        input("sizes_8_bits", "sizes kept in 8 bits", "sizes", in_8_bits),
        input("sizes_half", "sizes kept in float16", "sizes", half),
        input("sizes_bfloat16", "sizes kept in bfloat16", "sizes", bfloat16),
        int32_input("sizes"),
        output_from("transposed", "rows and columns of the result swapped", "mask", last_axes_swapped),
        zeros_stale(),
        last_image_stale(),
        tail_stale(),
        true_is_255("mask"),
        overrun("mask"),
    });

}  // namespace
}  // namespace assay::bench::planted
