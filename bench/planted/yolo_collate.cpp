// yolo_collate with every mistake a port was seen, or is likely, to make.
#include "reference/collation/yolo_collate.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = YoloCollate;

/// One channel of an image, and the size of the result.
struct Channel {
  const double* pixels;
  std::int64_t size, S;
  double at(std::int64_t y, std::int64_t x) const { return pixels[y * size + x]; }
};
/// A pixel of the result, and the pixel of the image that it shows.
struct Pixel {
  std::int64_t i, j, y, x;
};
/// Place i of an axis that goes from `in` to `out` pixels.
struct Axis {
  std::int64_t i, in, out;
  float scale() const { return static_cast<float>(in) / static_cast<float>(out); }
};
/// Whose target it is.
struct Owner {
  std::int64_t b, B;
  std::int64_t with_targets_before;  ///< images before b that have targets
  std::int64_t targets_before;       ///< targets of images before b
  double given;                      ///< what column 0 held
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  std::int64_t (*index)(Axis) = [](Axis a) {
    return static_cast<std::int64_t>(std::floor(static_cast<float>(a.i) * a.scale()));
  };
  /// Whose size says which pixels are shown.
  std::size_t (*sized_by)(std::size_t b) = [](std::size_t b) { return b; };
  double (*sample)(const Channel&, Pixel) = [](const Channel& channel, Pixel p) { return channel.at(p.y, p.x); };
  double (*number)(Owner) = [](Owner owner) { return static_cast<double>(owner.b); };
  std::int64_t numbered_column = 0;
  /// Column `column` of a target; `target` is as it was given.
  double (*value)(const double* target, std::int64_t column, std::int64_t S) =
      [](const double* target, std::int64_t column, std::int64_t) { return target[column]; };
  std::size_t (*targets_of)(std::size_t i, std::size_t B) = [](std::size_t i, std::size_t) { return i; };
};

std::int64_t source(const Mistake& mistake, std::int64_t i, std::int64_t in, std::int64_t S, std::int64_t size) {
  return std::clamp<std::int64_t>(mistake.index({i, in, S}), 0, size - 1);
}

void write_images(const Mistake& mistake, const Op::Inputs<double>& in, std::int64_t S, double* to) {
  for (std::size_t b = 0; b < in.images.size(); ++b) {
    const std::int64_t size = in.images[b].shape[1], sized_by = in.images[mistake.sized_by(b)].shape[1];
    for (std::int64_t c = 0; c < 3; ++c) {
      const Channel channel{in.images[b].data + c * size * size, size, S};
      for (std::int64_t i = 0; i < S; ++i)
        for (std::int64_t j = 0; j < S; ++j)
          *to++ = mistake.sample(channel,
                                 {i, j, source(mistake, i, sized_by, S, size), source(mistake, j, sized_by, S, size)});
    }
  }
}

void write_targets(const Mistake& mistake, const Op::Inputs<double>& in, std::int64_t S, double* to) {
  const std::size_t B = in.targets.size();
  std::int64_t with_targets = 0, before = 0;
  for (std::size_t place = 0; place < B; ++place) {
    const std::size_t b = mistake.targets_of(place, B);
    const View<const double>& own = in.targets[b];
    for (std::int64_t row = 0; row < own.shape[0]; ++row, to += 6) {
      const double* target = own.data + row * 6;
      for (std::int64_t column = 0; column < 6; ++column) to[column] = mistake.value(target, column, S);
      to[mistake.numbered_column] =
          mistake.number({static_cast<std::int64_t>(b), static_cast<std::int64_t>(B), with_targets, before, target[0]});
    }
    with_targets += own.shape[0] != 0 ? 1 : 0;
    before += own.shape[0];
  }
}

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  write_images(mistake, in, params.image_size, out.images.data);
  write_targets(mistake, in, params.image_size, out.targets.data);
}

/// torch's bilinear sample without aligned corners.
double bilinear(const Channel& channel, Pixel p) {
  const auto centre = [&](std::int64_t place) {
    return std::max(
        (static_cast<double>(place) + 0.5) * static_cast<double>(channel.size) / static_cast<double>(channel.S) - 0.5,
        0.0);
  };
  const double y = centre(p.i), x = centre(p.j);
  const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
  const std::int64_t bottom = std::min(top + 1, channel.size - 1), right = std::min(left + 1, channel.size - 1);
  const double down = y - static_cast<double>(top), across = x - static_cast<double>(left);
  return (1 - down) * ((1 - across) * channel.at(top, left) + across * channel.at(top, right)) +
         down * ((1 - across) * channel.at(bottom, left) + across * channel.at(bottom, right));
}

/// The mean of the area that a pixel covers.
double pooled(const Channel& channel, Pixel p) {
  const auto begin = [&](std::int64_t place) { return place * channel.size / channel.S; };
  const auto end = [&](std::int64_t place) { return ((place + 1) * channel.size + channel.S - 1) / channel.S; };
  double sum = 0, count = 0;
  for (std::int64_t y = begin(p.i); y < end(p.i); ++y)
    for (std::int64_t x = begin(p.j); x < end(p.j); ++x, ++count) sum += channel.at(y, x);
  return sum / count;
}

/// Padded or cut instead of resized.
double padded(const Channel& channel, Pixel p) {
  return p.i < channel.size && p.j < channel.size ? channel.at(p.i, p.j) : 0;
}

const Plant<Op> plant(
    run,
    {
        wrong("rounded", "index rounded to nearest", &Mistake::index,
              [](Axis a) { return static_cast<std::int64_t>(std::round(static_cast<float>(a.i) * a.scale())); }),
        wrong("rounded_up", "index rounded up", &Mistake::index,
              [](Axis a) { return static_cast<std::int64_t>(std::ceil(static_cast<float>(a.i) * a.scale())); }),
        wrong("nearest_exact", "index of the pixel's centre, as nearest-exact", &Mistake::index,
              [](Axis a) { return static_cast<std::int64_t>((static_cast<float>(a.i) + 0.5F) * a.scale()); }),
        wrong("integer", "index in integers", &Mistake::index, [](Axis a) { return a.i * a.in / a.out; }),
        wrong("float64", "index in float64", &Mistake::index,
              [](Axis a) {
                return static_cast<std::int64_t>(static_cast<double>(a.i) *
                                                 (static_cast<double>(a.in) / static_cast<double>(a.out)));
              }),
        wrong("multiplied_first", "i*in before the division, in float32", &Mistake::index,
              [](Axis a) {
                return static_cast<std::int64_t>(static_cast<float>(a.i) * static_cast<float>(a.in) /
                                                 static_cast<float>(a.out));
              }),
        wrong("aligned_corners", "scale (in - 1)/(out - 1)", &Mistake::index,
              [](Axis a) { return a.i * (a.in - 1) / std::max<std::int64_t>(a.out - 1, 1); }),
        wrong("integer_scale", "scale cut to an integer", &Mistake::index, [](Axis a) { return a.i * (a.in / a.out); }),
        wrong("first_size", "the first image's size for all", &Mistake::sized_by,
              [](std::size_t) { return std::size_t{0}; }),
        wrong("bilinear", "bilinear", &Mistake::sample, bilinear),
        wrong("pooled", "the mean of the area", &Mistake::sample, pooled),
        wrong("padded", "padded or cut instead of resized", &Mistake::sample, padded),
        wrong("transposed", "rows and columns swapped", &Mistake::sample,
              [](const Channel& channel, Pixel p) { return channel.at(p.x, p.y); }),
        wrong("mirrored", "images mirrored", &Mistake::sample,
              [](const Channel& channel, Pixel p) { return channel.at(p.y, channel.size - 1 - p.x); }),
        wrong("after_filtering", "images numbered after those without targets are dropped", &Mistake::number,
              [](Owner owner) { return static_cast<double>(owner.with_targets_before); }),
        wrong("from_one", "images numbered from 1", &Mistake::number,
              [](Owner owner) { return static_cast<double>(owner.b + 1); }),
        wrong("as_given", "column 0 left as it was given", &Mistake::number, [](Owner owner) { return owner.given; }),
        wrong("added", "the number added to column 0", &Mistake::number,
              [](Owner owner) { return owner.given + static_cast<double>(owner.b); }),
        wrong("zero", "column 0 left at zero", &Mistake::number, [](Owner) { return 0.0; }),
        wrong("offset", "the number of targets before instead of the image", &Mistake::number,
              [](Owner owner) { return static_cast<double>(owner.targets_before); }),
        wrong("from_the_end", "images numbered from the end", &Mistake::number,
              [](Owner owner) { return static_cast<double>(owner.B - 1 - owner.b); }),
        wrong("number_in_8_bits", "an image's number kept in 8 bits", &Mistake::number,
              [](Owner owner) { return static_cast<double>(owner.b % 256); }),
        wrong("number_bfloat16", "an image's number kept in bfloat16", &Mistake::number,
              [](Owner owner) { return bfloat16(static_cast<double>(owner.b)); }),
        wrong("class_column", "the number written over the class", &Mistake::numbered_column, 1),
        wrong("last_column_numbered", "the number written over the height", &Mistake::numbered_column, 5),
        wrong("corners", "boxes converted to corners", &Mistake::value,
              [](const double* target, auto column, auto) {
                if (column < 2) return target[column];
                const std::int64_t axis = column % 2;
                return target[2 + axis] + (column < 4 ? -0.5 : 0.5) * target[4 + axis];
              }),
        wrong("in_pixels", "boxes multiplied by image_size", &Mistake::value,
              [](const double* target, auto column, auto S) {
                return column < 2 ? target[column] : target[column] * static_cast<double>(S);
              }),
        wrong("xy_swapped", "x and y swapped", &Mistake::value,
              [](const double* target, auto column, auto) { return target[column < 2 ? column : column ^ 1]; }),
        wrong("targets_reversed", "targets in reverse", &Mistake::targets_of,
              [](std::size_t i, std::size_t B) { return B - 1 - i; }),
    },
    {
        output_from("first_image", "the first image for all", "images", first_slice),
        input_from("bgr", "channels reversed", "images", first_axis_reversed),
        input_from("hwc", "channels read as the innermost axis", "images", first_axis_innermost),
        output("scaled", "pixels divided by 255", "images", [](double pixel) { return pixel / 255; }),
        output("plus_zero", "0 added to pixels: -0 is lost", "images", plus_zero),
        output("flushed", "subnormal pixels flushed to 0", "images", flushed),
        output("finite", "infinite pixels made finite", "images", finite),
        rounded_input("images"),
        rounded_input("targets"),
        list_reversed("images"),
        last_image_stale(),
        tail_stale(),
        zeros_stale(),
        overrun("images"),
        overread("images"),
        input_changed("images"),
    });

}  // namespace
}  // namespace assay::bench::planted
