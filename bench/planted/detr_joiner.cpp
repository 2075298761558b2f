// detr_joiner with every mistake a port was seen, or is likely, to make.
#include "reference/attention/detr_joiner.h"

#include <algorithm>
#include <numbers>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = DetrJoiner;

struct Extents {
  std::int64_t H = 0, W = 0;
};
/// An axis of the canvas that `out` cells show, one of every `stride` pixels.
struct Axis {
  std::int64_t in, out, stride;
};
/// A valid cell's place on its line, its line's valid cells, and all of the line's cells.
struct Position {
  double count, last, length;
};

Extents canvas_of(const List<const double>& images, std::size_t count) {
  Extents most;
  for (std::size_t b = 0; b < std::min(count, images.size()); ++b)
    most = {std::max(most.H, images[b].shape[1]), std::max(most.W, images[b].shape[2])};
  return most;
}

std::int64_t round_up(std::int64_t extent, std::int64_t multiple) {
  return (extent + multiple - 1) / multiple * multiple;
}

float scale_of(const Axis& axis) { return static_cast<float>(axis.in) / static_cast<float>(axis.out); }

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Extents (*canvas)(const List<const double>&, std::int64_t stride) = [](const auto& images, std::int64_t) {
    return canvas_of(images, images.size());
  };
  /// The pixel that cell i shows.
  double (*source)(std::int64_t i, const Axis&) = [](std::int64_t i, const Axis& axis) {
    return std::floor(static_cast<double>(static_cast<float>(i) * scale_of(axis)));
  };
  bool (*padded)(double y, double x, Extents image, Extents canvas) = [](double y, double x, Extents own, Extents) {
    return y >= static_cast<double>(own.H) || x >= static_cast<double>(own.W);
  };
  std::size_t (*image)(std::size_t b) = [](std::size_t b) { return b; };
  bool encodes_padding = false;  ///< positions count the cells of padding
  bool ignores_mask = false;     ///< positions count all cells
  double (*angle)(Position) = [](Position p) { return p.count / (p.last + 1e-6) * 2 * std::numbers::pi; };
  bool x_first = false;
  double (*wave)(double turn, std::int64_t i) = [](double turn, std::int64_t i) {
    return i % 2 == 0 ? std::sin(turn) : std::cos(turn);
  };
  std::int64_t (*pair)(std::int64_t i) = [](std::int64_t i) { return 2 * (i / 2); };
};

/// The positions of one image along one axis, for each cell.
std::vector<Position> positions_of(const Mistake& mistake, const bool* mask, Extents cells, bool along_y) {
  std::vector<Position> positions(static_cast<std::size_t>(cells.H * cells.W));
  const std::int64_t lines = along_y ? cells.W : cells.H, length = along_y ? cells.H : cells.W;
  for (std::int64_t line = 0; line < lines; ++line) {
    const auto at = [&](std::int64_t i) {
      return static_cast<std::size_t>(along_y ? i * cells.W + line : line * cells.W + i);
    };
    double count = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      count += mistake.ignores_mask || mask[at(i)] == mistake.encodes_padding ? 1 : 0;
      positions[at(i)].count = count;
    }
    for (std::int64_t i = 0; i < length; ++i) {
      positions[at(i)].last = count;
      positions[at(i)].length = static_cast<double>(length);
    }
  }
  return positions;
}

void encode(const Mistake& mistake, const bool* mask, Extents cells, std::int64_t F, double* encoding) {
  for (const bool along_y : {!mistake.x_first, mistake.x_first}) {
    const std::vector<Position> positions = positions_of(mistake, mask, cells, along_y);
    for (std::int64_t i = 0; i < F; ++i) {
      const double exponent = static_cast<double>(mistake.pair(i)) / static_cast<double>(F);
      for (const Position& position : positions)
        *encoding++ = mistake.wave(mistake.angle(position) / std::pow(10000, exponent), i);
    }
  }
}

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const Extents canvas = mistake.canvas(in.images, params.stride), cells{out.mask.shape[1], out.mask.shape[2]};
  const Axis down{canvas.H, cells.H, params.stride}, across{canvas.W, cells.W, params.stride};
  bool* mask = out.mask.data;
  for (std::size_t b = 0; b < in.images.size(); ++b) {
    const Shape& image = in.images[mistake.image(b)].shape;
    bool* const first = mask;
    for (std::int64_t i = 0; i < cells.H; ++i)
      for (std::int64_t j = 0; j < cells.W; ++j)
        *mask++ = mistake.padded(mistake.source(i, down), mistake.source(j, across), {image[1], image[2]}, canvas);
    double* const to = out.encoding.data + static_cast<std::int64_t>(b) * 2 * params.num_pos_feats * cells.H * cells.W;
    encode(mistake, first, cells, params.num_pos_feats, to);
  }
}

const Plant<Op> plant(
    run,
    {
        wrong("first_two", "the canvas of the first two images", &Mistake::canvas,
              [](const auto& images, auto) { return canvas_of(images, 2); }),
        wrong("canvas_rounded", "the canvas rounded up to the stride", &Mistake::canvas,
              [](const auto& images, auto stride) {
                const Extents exact = canvas_of(images, images.size());
                return Extents{round_up(exact.H, stride), round_up(exact.W, stride)};
              }),
        wrong("strided", "every stride-th pixel", &Mistake::source,
              [](auto i, const Axis& axis) { return static_cast<double>(i * axis.stride); }),
        wrong("stride_32", "every 32nd pixel, whatever the stride", &Mistake::source,
              [](auto i, const Axis&) { return static_cast<double>(i * 32); }),
        wrong("integers", "i*in/out in integers", &Mistake::source,
              [](auto i, const Axis& axis) { return static_cast<double>(i * axis.in / axis.out); }),
        wrong("nearest_exact", "nearest-exact: the pixel under the centre", &Mistake::source,
              [](auto i, const Axis& axis) {
                return std::floor((static_cast<double>(i) + 0.5) * static_cast<double>(scale_of(axis)));
              }),
        wrong("rounded", "index rounded to nearest", &Mistake::source,
              [](auto i, const Axis& axis) {
                return std::round(static_cast<double>(i) * static_cast<double>(scale_of(axis)));
              }),
        wrong("corners", "(in - 1)/(out - 1)", &Mistake::source,
              [](auto i, const Axis& axis) {
                return axis.out == 1 ? 0.0 : static_cast<double>(i * (axis.in - 1) / (axis.out - 1));
              }),
        wrong("any_pixel", "padding if the last pixel of a cell is", &Mistake::source,
              [](auto i, const Axis& axis) { return static_cast<double>((i + 1) * axis.in / axis.out - 1); }),
        wrong("greater", "> for >= in the mask", &Mistake::padded,
              [](double y, double x, Extents image, Extents) {
                return y > static_cast<double>(image.H) || x > static_cast<double>(image.W);
              }),
        wrong("mask_swapped", "height and width of the image swapped", &Mistake::padded,
              [](double y, double x, Extents image, Extents) {
                return y >= static_cast<double>(image.W) || x >= static_cast<double>(image.H);
              }),
        wrong("both", "padding where both row and column are", &Mistake::padded,
              [](double y, double x, Extents image, Extents) {
                return y >= static_cast<double>(image.H) && x >= static_cast<double>(image.W);
              }),
        wrong("bottom_right", "images at the bottom right", &Mistake::padded,
              [](double y, double x, Extents image, Extents canvas) {
                return y < static_cast<double>(canvas.H - image.H) || x < static_cast<double>(canvas.W - image.W);
              }),
        wrong("no_padding", "nothing padded", &Mistake::padded, [](auto, auto, auto, auto) { return false; }),
        wrong("first_for_all", "the first image's size for all", &Mistake::image,
              [](std::size_t) { return std::size_t{0}; }),
        wrong("encoding_inverted", "the encoding counts padding", &Mistake::encodes_padding, true),
        wrong("encoding_unmasked", "the encoding counts padding too", &Mistake::ignores_mask, true),
        wrong("not_normalised", "positions not normalised", &Mistake::angle, [](Position p) { return p.count; }),
        wrong("no_scale", "positions brought to 0..1", &Mistake::angle,
              [](Position p) { return p.count / (p.last + 1e-6); }),
        wrong("by_length", "normalised by the length of the line", &Mistake::angle,
              [](Position p) { return p.count / (p.length + 1e-6) * 2 * std::numbers::pi; }),
        wrong("zero_based", "positions from 0", &Mistake::angle,
              [](Position p) { return (p.count - 1) / (p.last + 1e-6) * 2 * std::numbers::pi; }),
        wrong("offset", "Deformable-DETR's offset of -0.5", &Mistake::angle,
              [](Position p) { return p.last == 0 ? 0 : (p.count - 0.5) / (p.last + 1e-6) * 2 * std::numbers::pi; }),
        wrong("scale_pi", "a scale of pi", &Mistake::angle,
              [](Position p) { return p.count / (p.last + 1e-6) * std::numbers::pi; }),
        wrong("no_eps", "no eps: NaN on lines of padding", &Mistake::angle,
              [](Position p) { return p.count / p.last * 2 * std::numbers::pi; }),
        wrong("x_first", "x before y", &Mistake::x_first, true),
        wrong("cosine_first", "sine and cosine swapped", &Mistake::wave,
              [](double angle, auto i) { return i % 2 == 0 ? std::cos(angle) : std::sin(angle); }),
        wrong("exponent", "an exponent of its own for each channel", &Mistake::pair, [](auto i) { return i; }),
        wrong("halved", "the exponent halved", &Mistake::pair, [](auto i) { return i / 2; }),
    },
    {
        list_reversed("images"),
        output("mask_inverted", "polarity of the mask inverted", "mask", inverted),
        output_from("mask_first", "mask of the first image for all", "mask", first_slice),
        output_from("mask_transposed", "rows and columns of the mask swapped", "mask", last_axes_swapped),
        output_from("encoding_transposed", "rows and columns of the encoding swapped", "encoding", last_axes_swapped),
        rounded_output("encoding"),
        true_is_255("mask"),
        zeros_stale(),
        last_image_stale(),
        tail_stale(),
        overrun("encoding"),
    });

}  // namespace
}  // namespace assay::bench::planted
