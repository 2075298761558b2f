// mask_downsample with every mistake a port was seen, or is likely, to make.
#include "reference/masking/mask_downsample.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = MaskDownsample;

/// One image of the input, in bytes, because a mistake may read what is no BOOL; and the extents of the result.
struct Image {
  const std::uint8_t* mask;
  std::int64_t H, W, h, w;
  bool at(std::int64_t y, std::int64_t x) const { return mask[y * W + x] != 0; }
};
/// A cell of the result, and the cell of the input that it shows.
struct Cell {
  std::int64_t i, j, y, x;
};
/// Place i of an axis that goes from `in` to `out` cells, all in float32.
struct Axis {
  float i, in, out;
};

float in_format(Value format, float value) { return static_cast<float>(format(static_cast<double>(value))); }
template <Value scale_in, Value index_in>
float nearest(Axis a) {
  return in_format(index_in, a.i * in_format(scale_in, a.in / a.out));
}

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  float (*index)(Axis) = nearest<same, same>;  ///< before it is rounded down
  bool clamped = true;                         ///< to the last cell
  bool (*sample)(const Image&, Cell) = [](const Image& image, Cell c) { return image.at(c.y, c.x); };
};

std::int64_t source(const Mistake& mistake, std::int64_t i, std::int64_t in, std::int64_t out) {
  const float index = mistake.index({static_cast<float>(i), static_cast<float>(in), static_cast<float>(out)});
  const auto cell = static_cast<std::int64_t>(std::floor(index));
  return mistake.clamped ? std::min(cell, in - 1) : cell;
}

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const Shape &from = in.mask.shape, &to = out.mask.shape;
  const auto* given = reinterpret_cast<const std::uint8_t*>(in.mask.data);
  bool* mask = out.mask.data;
  for (std::int64_t b = 0; b < to[0]; ++b) {
    const Image image{given + b * from[1] * from[2], from[1], from[2], to[1], to[2]};
    for (std::int64_t i = 0; i < image.h; ++i)
      for (std::int64_t j = 0; j < image.w; ++j)
        *mask++ =
            mistake.sample(image, {i, j, source(mistake, i, image.H, image.h), source(mistake, j, image.W, image.w)});
  }
}

/// Cells that share place i when areas are pooled: [first, end).
struct Area {
  std::int64_t first, end;
  Area(std::int64_t i, std::int64_t in, std::int64_t out) : first(i * in / out), end(((i + 1) * in + out - 1) / out) {}
};

/// Whether any cell of an area is padding, or all are.
bool pooled(const Image& image, Cell c, bool any) {
  const Area rows(c.i, image.H, image.h), columns(c.j, image.W, image.w);
  for (std::int64_t y = rows.first; y < rows.end; ++y)
    for (std::int64_t x = columns.first; x < columns.end; ++x)
      if (image.at(y, x) == any) return any;
  return !any;
}

/// torch's bilinear sample without aligned corners.
double bilinear(const Image& image, Cell c) {
  const auto centre = [](std::int64_t place, std::int64_t in, std::int64_t out) {
    return std::max((static_cast<double>(place) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5, 0.0);
  };
  const double y = centre(c.i, image.H, image.h), x = centre(c.j, image.W, image.w);
  const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
  const std::int64_t bottom = std::min(top + 1, image.H - 1), right = std::min(left + 1, image.W - 1);
  const double down = y - static_cast<double>(top), across = x - static_cast<double>(left);
  return (1 - down) * ((1 - across) * image.at(top, left) + across * image.at(top, right)) +
         down * ((1 - across) * image.at(bottom, left) + across * image.at(bottom, right));
}

const Plant<Op> plant(
    run,
    {
        wrong("unclamped", "no clamp to the last cell", &Mistake::clamped, false),
        wrong("rounded_up", "index rounded up", &Mistake::index,
              [](Axis a) { return std::ceil(a.i * (a.in / a.out)); }),
        wrong("rounded", "index rounded to nearest", &Mistake::index,
              [](Axis a) { return std::round(a.i * (a.in / a.out)); }),
        wrong("nearest_exact", "nearest-exact: the cell under the centre", &Mistake::index,
              [](Axis a) { return (a.i + 0.5F) * (a.in / a.out); }),
        wrong("corners", "(in - 1)/(out - 1)", &Mistake::index,
              [](Axis a) { return a.out == 1 ? 0 : std::round(a.i * (a.in - 1) / (a.out - 1)); }),
        wrong("integers", "i*in/out in integers", &Mistake::index,
              [](Axis a) {
                return static_cast<float>(static_cast<std::int64_t>(a.i) * static_cast<std::int64_t>(a.in) /
                                          static_cast<std::int64_t>(a.out));
              }),
        wrong("float64", "index in float64", &Mistake::index,
              [](Axis a) { return static_cast<float>(std::floor(a.i * (static_cast<double>(a.in) / a.out))); }),
        wrong("product_first", "i*in, then /out, in float32", &Mistake::index,
              [](Axis a) { return a.i * a.in / a.out; }),
        wrong("reciprocal", "in*(1/out) for in/out", &Mistake::index,
              [](Axis a) { return a.i * (a.in * (1 / a.out)); }),
        wrong("inverse_scale", "i/(out/in) for i*(in/out)", &Mistake::index,
              [](Axis a) { return a.i / (a.out / a.in); }),
        wrong("times_32", "i*32, whatever the sizes", &Mistake::index, [](Axis a) { return a.i * 32; }),
        wrong("times_floor", "i*floor(in/out)", &Mistake::index,
              [](Axis a) { return a.i * std::max(std::floor(a.in / a.out), 1.0F); }),
        wrong("no_growing", "no up-sampling: the last cell repeated", &Mistake::index,
              [](Axis a) { return a.out > a.in ? a.i : a.i * (a.in / a.out); }),
        wrong("one_further", "one cell further", &Mistake::index,
              [](Axis a) { return std::floor(a.i * (a.in / a.out)) + 1; }),
        wrong("scale_tf32", "scale rounded to TF32", &Mistake::index, nearest<tf32, same>),
        wrong("scale_half", "scale rounded to float16", &Mistake::index, nearest<half, same>),
        wrong("scale_bfloat16", "scale rounded to bfloat16", &Mistake::index, nearest<bfloat16, same>),
        wrong("index_tf32", "index rounded to TF32", &Mistake::index, nearest<same, tf32>),
        wrong("index_half", "index rounded to float16", &Mistake::index, nearest<same, half>),
        wrong("index_bfloat16", "index rounded to bfloat16", &Mistake::index, nearest<same, bfloat16>),
        wrong("any_pixel", "padding if any pixel of the area is", &Mistake::sample,
              [](const Image& image, Cell c) { return pooled(image, c, true); }),
        wrong("all_pixels", "padding if all pixels of the area are", &Mistake::sample,
              [](const Image& image, Cell c) { return pooled(image, c, false); }),
        wrong("bilinear_any", "bilinear, true above 0", &Mistake::sample,
              [](const Image& image, Cell c) { return bilinear(image, c) > 0; }),
        wrong("bilinear_half", "bilinear, true from a half", &Mistake::sample,
              [](const Image& image, Cell c) { return bilinear(image, c) >= 0.5; }),
        wrong("rectangle", "taken for a rectangle: first row and column", &Mistake::sample,
              [](const Image& image, Cell c) { return image.at(c.y, 0) || image.at(0, c.x); }),
        wrong("swapped_scales", "the scales of y and x swapped", &Mistake::sample,
              [](const Image& image, Cell c) {
                return image.at(std::min(source({}, c.i, image.W, image.w), image.H - 1),
                                std::min(source({}, c.j, image.H, image.h), image.W - 1));
              }),
        wrong("swapped_axes", "read by column and row", &Mistake::sample,
              [](const Image& image, Cell c) {
                return image.at(std::min(c.x, image.H - 1), std::min(c.y, image.W - 1));
              }),
    },
    {
        input_from("first_image", "the first image's mask for all", "mask", first_slice),
        output_from("transposed", "rows and columns of the result swapped", "mask", last_axes_swapped),
        output("inverted", "polarity inverted", "mask", inverted),
        zeros_stale(),
        tail_stale(),
        true_is_255("mask"),
    });

}  // namespace
}  // namespace assay::bench::planted
