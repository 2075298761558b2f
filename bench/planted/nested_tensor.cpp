// nested_tensor with every mistake a port was seen, or is likely, to make.
#include "reference/collation/nested_tensor.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = NestedTensor;

struct Extents {
  std::int64_t C = 0, H = 0, W = 0;
};
struct Pixel {
  std::int64_t c, y, x;
};
using Images = List<const double>;

Extents extents_of(const View<const double>& image) { return {image.shape[0], image.shape[1], image.shape[2]}; }

std::int64_t round_up(std::int64_t extent, std::int64_t multiple) {
  return (extent + multiple - 1) / multiple * multiple;
}

/// The canvas of the first `count` images.
Extents canvas_of(const Images& images, std::size_t count, std::int64_t divisor) {
  Extents most;
  for (std::size_t b = 0; b < std::min(count, images.size()); ++b) {
    const Extents image = extents_of(images[b]);
    most = {std::max(most.C, image.C), std::max(most.H, image.H), std::max(most.W, image.W)};
  }
  return {most.C, round_up(most.H, divisor), round_up(most.W, divisor)};
}

bool is_inside(Pixel p, Extents image) {
  return p.c < image.C && p.y >= 0 && p.y < image.H && p.x >= 0 && p.x < image.W;
}

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  /// What pixels are laid out by.
  Extents (*strides)(const Images&, std::int64_t divisor) = [](const Images& images, std::int64_t divisor) {
    return canvas_of(images, images.size(), divisor);
  };
  /// From a pixel of the canvas to the image's pixel shown there.
  void (*move)(Pixel&, Extents image, Extents canvas) = [](Pixel&, Extents, Extents) {};
  /// How far a row's copy reaches.
  std::int64_t (*row)(std::int64_t W) = [](std::int64_t W) { return W; };
  /// Where an image's pixel goes within its plane; −1: nowhere.
  std::int64_t (*place)(Pixel, Extents image, Extents laid_out_by) = [](Pixel p, Extents, Extents by) {
    return p.y * by.W + p.x;
  };
  /// What stands beside the image, whose nearest pixel is given.
  double (*padding)(double nearest) = [](double) { return 0.0; };
  std::size_t (*image)(std::size_t b) = [](std::size_t b) { return b; };
  /// `canvas` before it is rounded up.
  bool (*mask)(Extents image, Extents canvas, std::int64_t y, std::int64_t x) =
      [](Extents own, Extents, std::int64_t y, std::int64_t x) { return y >= own.H || x >= own.W; };
  bool mask_rounded_up = true;
};

/// The value of a pixel of the canvas.
double value_of(const Mistake& mistake, const View<const double>& image, Pixel p, Extents canvas) {
  const Extents e = extents_of(image);
  mistake.move(p, e, canvas);
  const std::int64_t from = (p.c * e.H + p.y) * e.W + p.x;  // past a row's end the next one begins
  if (is_inside(p, {e.C, e.H, mistake.row(e.W)}) && from < image.shape.elements()) return image.data[from];
  const std::int64_t c = std::min(p.c, e.C - 1), y = std::clamp<std::int64_t>(p.y, 0, e.H - 1),
                     x = std::clamp<std::int64_t>(p.x, 0, e.W - 1);
  return mistake.padding(image.data[(c * e.H + y) * e.W + x]);
}

void copy(const Mistake& mistake, const View<const double>& image, std::int64_t b, Extents strides,
          const View<double>& out) {
  const Extents canvas{out.shape[1], out.shape[2], out.shape[3]};
  for (std::int64_t c = 0; c < std::min(canvas.C, strides.C); ++c)
    for (std::int64_t y = 0; y < std::min(canvas.H, strides.H); ++y)
      for (std::int64_t x = 0; x < std::min(canvas.W, strides.W); ++x) {
        const std::int64_t place = mistake.place({c, y, x}, extents_of(image), strides);
        const std::int64_t at = (b * strides.C + c) * strides.H * strides.W + place;
        if (place >= 0 && at < out.shape.elements()) out.data[at] = value_of(mistake, image, {c, y, x}, canvas);
      }
}

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::size_t B = in.images.size();
  const Extents strides = mistake.strides(in.images, params.size_divisible), exact = canvas_of(in.images, B, 1);
  std::fill_n(out.tensors.data, out.tensors.shape.elements(), 0.0);  // what a wrong layout leaves out is zero
  const std::int64_t H = mistake.mask_rounded_up ? out.mask.shape[1] : exact.H,
                     W = mistake.mask_rounded_up ? out.mask.shape[2] : exact.W;
  bool* mask = out.mask.data;
  for (std::size_t b = 0; b < B; ++b) {
    copy(mistake, in.images[mistake.image(b)], static_cast<std::int64_t>(b), strides, out.tensors);
    for (std::int64_t y = 0; y < H; ++y)
      for (std::int64_t x = 0; x < W; ++x) *mask++ = mistake.mask(extents_of(in.images[b]), exact, y, x);
  }
}

const Plant<Op> at_any_dtype(
    run,
    {
        wrong("first_two", "laid out by the maxima of the first two images", &Mistake::strides,
              [](const Images& images, auto divisor) { return canvas_of(images, 2, divisor); }),
        wrong("first_one", "laid out by the first image's size", &Mistake::strides,
              [](const Images& images, auto divisor) { return canvas_of(images, 1, divisor); }),
        wrong("always_added", "size_divisible added also to what is divisible", &Mistake::strides,
              [](const Images& images, auto divisor) {
                const Extents exact = canvas_of(images, images.size(), 1);
                if (divisor == 1) return exact;  // nobody would overlook that
                return Extents{exact.C, (exact.H / divisor + 1) * divisor, (exact.W / divisor + 1) * divisor};
              }),
        wrong("not_rounded", "mask rounded up but not the pixels", &Mistake::strides,
              [](const Images& images, auto) { return canvas_of(images, images.size(), 1); }),
        wrong("mask_not_rounded", "pixels rounded up but not the mask", &Mistake::mask_rounded_up, false),
        wrong("channels_rounded", "channels rounded up too", &Mistake::strides,
              [](const Images& images, auto divisor) {
                const Extents right = canvas_of(images, images.size(), divisor);
                return Extents{round_up(right.C, divisor), right.H, right.W};
              }),
        wrong("centred", "image centred", &Mistake::move,
              [](Pixel& p, Extents image, Extents canvas) {
                p.y -= (canvas.H - image.H) / 2, p.x -= (canvas.W - image.W) / 2;
              }),
        wrong("bottom_right", "padding at the top and left", &Mistake::move,
              [](Pixel& p, Extents image, Extents canvas) { p.y -= canvas.H - image.H, p.x -= canvas.W - image.W; }),
        wrong("stretched", "image stretched over the canvas", &Mistake::move,
              [](Pixel& p, Extents image, Extents canvas) {
                p.y = p.y * image.H / canvas.H, p.x = p.x * image.W / canvas.W;
              }),
        wrong("repeated", "missing channels repeat the last", &Mistake::move,
              [](Pixel& p, Extents image, Extents) { p.c = std::min(p.c, image.C - 1); }),
        wrong("three_channels", "three channels copied, however many there are", &Mistake::move,
              [](Pixel& p, Extents image, Extents) { p.c = p.c < 3 ? p.c : image.C; }),
        wrong("whole_vectors", "rows copied in whole vectors", &Mistake::row,
              [](auto W) { return round_up(W, vector_lanes); }),
        wrong("own_stride", "rows as far apart as the image is wide", &Mistake::place,
              [](Pixel p, Extents image, Extents) { return is_inside(p, image) ? p.y * image.W + p.x : -1; }),
        wrong("grey", "padded with 114, as YOLO does", &Mistake::padding, [](double) { return 114.0; }),
        wrong("edge", "padded with the nearest pixel", &Mistake::padding, same),
        wrong("first_for_all", "the first image for all", &Mistake::image, [](std::size_t) { return std::size_t{0}; }),
        wrong("mask_swapped", "height and width of the mask swapped", &Mistake::mask,
              [](Extents image, Extents, auto y, auto x) { return y >= image.W || x >= image.H; }),
        wrong("mask_divisor", "what size_divisible adds is valid", &Mistake::mask,
              [](Extents image, Extents canvas, auto y, auto x) {
                return (y >= image.H || x >= image.W) && y < canvas.H && x < canvas.W;
              }),
        wrong("mask_divisor_alone", "only what size_divisible adds is padding", &Mistake::mask,
              [](Extents, Extents canvas, auto y, auto x) { return y >= canvas.H || x >= canvas.W; }),
        wrong("mask_greater", "> for >= in the mask", &Mistake::mask,
              [](Extents image, Extents, auto y, auto x) { return y > image.H || x > image.W; }),
    },
    {
        output_from("transposed", "rows and columns swapped", "tensors", last_axes_swapped),
        input_from("bgr", "channels reversed", "images", first_axis_reversed),
        input_from("hwc", "channels read as the innermost axis", "images", first_axis_innermost),
        output("scaled", "pixels divided by 255", "tensors", [](double pixel) { return pixel / 255; }),
        list_reversed("images"),
        zeros_stale(),
        last_image_stale(),
        tail_stale(),
        output("mask_inverted", "polarity of the mask inverted", "mask", inverted),
        output("mask_empty", "mask without padding", "mask", [](double) { return 0.0; }),
        output_from("mask_first", "mask of the first image for all", "mask", first_slice),
        true_is_255("mask"),
        overrun("tensors"),
        overread("images"),
        input_changed("images"),
    },
    {.dtypes = {DType::f32, DType::u8}});

const Plant<Op> at_f32(run,
                       {
                           wrong("minus_zero", "padded with -0", &Mistake::padding, [](double) { return -0.0; }),
                           // as image times valid mask would
                           wrong("times_zero", "padded with a pixel times 0", &Mistake::padding,
                                 [](double nearest) { return nearest * 0.0; }),
                       },
                       {
                           output("plus_zero", "0 added to pixels: -0 is lost", "tensors", plus_zero),
                           output("flushed", "subnormal pixels flushed to 0", "tensors", flushed),
                           output("finite", "infinite pixels made finite", "tensors", finite),
                           rounded_input("images"),
                       },
                       {.dtypes = {DType::f32}, .suffix = "_f32"});

const Plant<Op> at_u8(run, {},
                      {
                          output("signed", "u8 taken for signed bytes: saturates at 127", "tensors",
                                 [](double pixel) { return std::min(pixel, 127.0); }),
                          output("and_back", "u8 over 255 in float16 and back, cut off", "tensors",
                                 [](double pixel) { return std::floor(half(pixel / 255) * 255); }),
                      },
                      {.dtypes = {DType::u8}, .suffix = "_u8"});

}  // namespace
}  // namespace assay::bench::planted
