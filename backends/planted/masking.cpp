// padding_mask and mask_downsample with every mistake a port was seen, or is likely, to make.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/planted/planted.h"
#include "bench/planted/rounding.h"
#include "reference/masking/mask_downsample.h"
#include "reference/masking/padding_mask.h"

namespace assay::planted {
namespace {

constexpr std::int64_t vector_lanes = 8;  // of a 256-bit vector of float32

std::int64_t whole_vectors(std::int64_t extent) { return extent / vector_lanes * vector_lanes; }

// ---- padding_mask ----

struct PaddingMistake {
  enum class Sizes : std::uint8_t { right, swapped, of_first_image, of_image_before, as_int32, in_8_bits } sizes{};
  Format sizes_in = Format::full;
  enum class Rule : std::uint8_t {
    right,
    inverted,
    greater,
    one_less,
    both,
    height_only,
    width_only,
    padded_first
  } rule{};
  enum class Place : std::uint8_t { right, transposed, own_stride, canvas_of_maxima } place{};
  enum class Cells : std::uint8_t { all, padding_alone, all_but_last_image, vectors_alone, beyond_the_end } cells{};
  bool true_is_255 = false;
};

struct Extent {
  std::int64_t height, width;
};

Extent size_of_image(const PaddingMistake& mistake, const View<const std::int64_t>& sizes, std::int64_t b) {
  using Sizes = PaddingMistake::Sizes;
  if (mistake.sizes == Sizes::as_int32) {
    std::int32_t halves[2];  // the two halves of the height of image b/2, or of its width
    std::memcpy(halves, reinterpret_cast<const char*>(sizes.data) + 2 * b * 4, sizeof halves);
    return {halves[0], halves[1]};
  }
  if (mistake.sizes == Sizes::of_first_image) b = 0;
  if (mistake.sizes == Sizes::of_image_before) b = std::max<std::int64_t>(b - 1, 0);
  const auto kept = [&](std::int64_t extent) {
    if (mistake.sizes == Sizes::in_8_bits) return extent % 256;
    return static_cast<std::int64_t>(rounded(mistake.sizes_in, static_cast<double>(extent)));
  };
  const Extent size{kept(sizes.data[2 * b]), kept(sizes.data[2 * b + 1])};
  return mistake.sizes == Sizes::swapped ? Extent{size.width, size.height} : size;
}

bool is_padding(PaddingMistake::Rule rule, const Extent& image, const Extent& canvas, std::int64_t y, std::int64_t x) {
  using Rule = PaddingMistake::Rule;
  switch (rule) {
    case Rule::right: return y >= image.height || x >= image.width;
    case Rule::inverted: return y < image.height && x < image.width;
    case Rule::greater: return y > image.height || x > image.width;
    case Rule::one_less: return y >= image.height - 1 || x >= image.width - 1;
    case Rule::both: return y >= image.height && x >= image.width;
    case Rule::height_only: return y >= image.height;
    case Rule::width_only: return x >= image.width;
    case Rule::padded_first: return y < canvas.height - image.height || x < canvas.width - image.width;
  }
  return false;
}

template <PaddingMistake mistake>
void padding_mask(const PaddingMask::Params&, const PaddingMask::Inputs<float>& in,
                  const PaddingMask::Outputs<float>& out) {
  using Place = PaddingMistake::Place;
  using Cells = PaddingMistake::Cells;
  const std::int64_t B = out.mask.shape[0], H = out.mask.shape[1], W = out.mask.shape[2];
  Extent maxima{0, 0};
  for (std::int64_t b = 0; b < B; ++b)
    maxima = {std::max(maxima.height, in.sizes.data[2 * b]), std::max(maxima.width, in.sizes.data[2 * b + 1])};
  auto* mask = reinterpret_cast<std::uint8_t*>(out.mask.data);
  for (std::int64_t b = 0; b < B - (mistake.cells == Cells::all_but_last_image); ++b) {
    const Extent image = size_of_image(mistake, in.sizes, b);
    for (std::int64_t y = 0; y < H; ++y)
      for (std::int64_t x = 0; x < (mistake.cells == Cells::vectors_alone ? whole_vectors(W) : W); ++x) {
        const bool padding = is_padding(mistake.rule, image, {H, W}, y, x);
        if (mistake.cells == Cells::padding_alone && !padding) continue;
        std::int64_t at = (b * H + y) * W + x;
        if (mistake.place == Place::transposed) at = (b * W + x) * H + y;
        if (mistake.place == Place::own_stride) at = b * H * W + y * in.sizes.data[2 * b + 1] + x;
        if (mistake.place == Place::canvas_of_maxima) at = (b * maxima.height + y) * maxima.width + x;
        mask[at] = padding ? (mistake.true_is_255 ? 255 : 1) : 0;
      }
  }
  for (std::int64_t x = W; mistake.cells == Cells::beyond_the_end && x % vector_lanes != 0; ++x)
    mask[(B * H - 1) * W + x] = 1;
}

void plant_padding_mask(Garden& garden) {
  using M = PaddingMistake;
  plant<PaddingMask, float>(
      garden, "masking",
      {
          {"control", "", padding_mask<M{}>},
          {"inverted", "polarity inverted", padding_mask<M{.rule = M::Rule::inverted}>},
          {"swapped_hw", "height and width swapped", padding_mask<M{.sizes = M::Sizes::swapped}>},
          {"greater", "> for >=", padding_mask<M{.rule = M::Rule::greater}>},
          {"one_less", "a row and a column too many are padding", padding_mask<M{.rule = M::Rule::one_less}>},
          {"and_for_or", "padding only where both extents are passed", padding_mask<M{.rule = M::Rule::both}>},
          {"height_only", "the width ignored", padding_mask<M{.rule = M::Rule::height_only}>},
          {"width_only", "the height ignored", padding_mask<M{.rule = M::Rule::width_only}>},
          {"padded_first", "padding at the top and left", padding_mask<M{.rule = M::Rule::padded_first}>},
          {"first_image", "the first image's size for all", padding_mask<M{.sizes = M::Sizes::of_first_image}>},
          {"image_before", "the size of the image before", padding_mask<M{.sizes = M::Sizes::of_image_before}>},
          {"sizes_int32", "I64 sizes read as int32", padding_mask<M{.sizes = M::Sizes::as_int32}>},
          {"sizes_8_bits", "sizes kept in 8 bits", padding_mask<M{.sizes = M::Sizes::in_8_bits}>},
          {"sizes_half", "sizes kept in float16", padding_mask<M{.sizes_in = Format::half}>},
          {"sizes_bfloat16", "sizes kept in bfloat16", padding_mask<M{.sizes_in = Format::bfloat16}>},
          {"transposed", "rows and columns of the result swapped", padding_mask<M{.place = M::Place::transposed}>},
          {"own_stride", "rows as far apart as the image is wide", padding_mask<M{.place = M::Place::own_stride}>},
          {"maxima", "the batch's maxima for the given canvas", padding_mask<M{.place = M::Place::canvas_of_maxima}>},
          {"stale", "valid cells left as memory held them", padding_mask<M{.cells = M::Cells::padding_alone}>},
          {"last_image", "the last image left out", padding_mask<M{.cells = M::Cells::all_but_last_image}>},
          {"tail", "columns past the last whole vector left out", padding_mask<M{.cells = M::Cells::vectors_alone}>},
          {"overrun", "the last vector stored whole", padding_mask<M{.cells = M::Cells::beyond_the_end}>, wrote_beyond},
          {"true_255", "true written as 255", padding_mask<M{.true_is_255 = true}>},
      });
}

// ---- mask_downsample ----

struct DownsampleMistake {
  enum class Index : std::uint8_t {
    right,
    unclamped,
    rounded_up,
    rounded,
    nearest_exact,
    corners,
    integers,
    float64,
    product_first,
    by_reciprocal,
    by_inverse_scale,
    times_32,
    times_floor,
    as_it_is_when_growing,
    one_further
  } index{};
  Format scale = Format::full, product = Format::full;
  enum class Pool : std::uint8_t { nearest, any, all, bilinear_above_0, bilinear_half, first_line } pool{};
  enum class Read : std::uint8_t { right, swapped_scales, first_image, swapped_axes } read{};
  enum class Write : std::uint8_t { right, transposed, inverted, true_is_255, padding_alone, vectors_alone } write{};
};

/// The input cell shown at place i of an axis that goes from `in` to `out` cells.
template <DownsampleMistake mistake>
std::int64_t source_of(std::int64_t i, std::int64_t in, std::int64_t out) {
  using Index = DownsampleMistake::Index;
  const auto place = static_cast<float>(i), from = static_cast<float>(in), to = static_cast<float>(out);
  const auto scale = static_cast<float>(rounded(mistake.scale, from / to));
  const auto index = [](auto value) { return static_cast<std::int64_t>(std::floor(value)); };
  const auto clamped = [&](std::int64_t source) { return std::min(source, in - 1); };
  switch (mistake.index) {
    case Index::right: return clamped(index(rounded(mistake.product, place * scale)));
    case Index::unclamped: return index(place * scale);
    case Index::rounded_up: return clamped(index(std::ceil(place * scale)));
    case Index::rounded: return clamped(index(std::round(place * scale)));
    case Index::nearest_exact: return clamped(index((place + 0.5F) * scale));
    case Index::corners: return out == 1 ? 0 : clamped(index(std::round(place * (from - 1) / (to - 1))));
    case Index::integers: return i * in / out;
    case Index::float64:
      return clamped(index(static_cast<double>(i) * (static_cast<double>(in) / static_cast<double>(out))));
    case Index::product_first: return clamped(index(place * from / to));
    case Index::by_reciprocal: return clamped(index(place * (from * (1 / to))));
    case Index::by_inverse_scale: return clamped(index(place / (to / from)));
    case Index::times_32: return clamped(i * 32);
    case Index::times_floor: return clamped(i * std::max<std::int64_t>(in / out, 1));
    case Index::as_it_is_when_growing: return out > in ? clamped(i) : clamped(index(place * scale));
    case Index::one_further: return clamped(index(place * scale) + 1);
  }
  return 0;
}

/// One image of the input; bytes, because a mistake may read what is no BOOL.
struct Image {
  const std::uint8_t* mask;
  std::int64_t H, W;
  bool operator()(std::int64_t y, std::int64_t x) const { return mask[y * W + x] != 0; }
};

/// Cells that share place i when areas are pooled: [first, end).
struct Area {
  std::int64_t first, end;
  Area(std::int64_t i, std::int64_t in, std::int64_t out) : first(i * in / out), end(((i + 1) * in + out - 1) / out) {}
};

/// Whether any cell, or all, of an area are padding.
bool pooled(const Image& image, const Area& rows, const Area& columns, bool any) {
  for (std::int64_t y = rows.first; y < rows.end; ++y)
    for (std::int64_t x = columns.first; x < columns.end; ++x)
      if (image(y, x) == any) return any;
  return !any;
}

/// torch's bilinear sample without aligned corners.
double bilinear(const Image& image, double y, double x) {
  y = std::max(y, 0.0);
  x = std::max(x, 0.0);
  const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
  const std::int64_t bottom = std::min(top + 1, image.H - 1), right = std::min(left + 1, image.W - 1);
  const double down = y - static_cast<double>(top), across = x - static_cast<double>(left);
  return (1 - down) * ((1 - across) * image(top, left) + across * image(top, right)) +
         down * ((1 - across) * image(bottom, left) + across * image(bottom, right));
}

template <DownsampleMistake mistake>
bool sample(const Image& image, std::int64_t i, std::int64_t j, std::int64_t h, std::int64_t w) {
  using Pool = DownsampleMistake::Pool;
  using Read = DownsampleMistake::Read;
  const std::int64_t H = image.H, W = image.W;
  const auto centre = [](std::int64_t place, std::int64_t in, std::int64_t out) {
    return (static_cast<double>(place) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
  };
  const bool swapped = mistake.read == Read::swapped_scales;
  const std::int64_t y = std::min(source_of<mistake>(i, swapped ? W : H, swapped ? w : h), swapped ? H - 1 : INT64_MAX);
  const std::int64_t x = std::min(source_of<mistake>(j, swapped ? H : W, swapped ? h : w), swapped ? W - 1 : INT64_MAX);
  switch (mistake.pool) {
    case Pool::nearest: break;
    case Pool::any: return pooled(image, {i, H, h}, {j, W, w}, true);
    case Pool::all: return pooled(image, {i, H, h}, {j, W, w}, false);
    case Pool::bilinear_above_0: return bilinear(image, centre(i, H, h), centre(j, W, w)) > 0;
    case Pool::bilinear_half: return bilinear(image, centre(i, H, h), centre(j, W, w)) >= 0.5;
    case Pool::first_line: return image(y, 0) || image(0, x);
  }
  return mistake.read == Read::swapped_axes ? image(std::min(x, H - 1), std::min(y, W - 1)) : image(y, x);
}

template <DownsampleMistake mistake>
void mask_downsample(const MaskDownsample::Params& params, const MaskDownsample::Inputs<float>& in,
                     const MaskDownsample::Outputs<float>& out) {
  using Read = DownsampleMistake::Read;
  using Write = DownsampleMistake::Write;
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2];
  const std::int64_t h = params.out_height, w = params.out_width;
  const auto* from = reinterpret_cast<const std::uint8_t*>(in.mask.data);
  auto* to = reinterpret_cast<std::uint8_t*>(out.mask.data);
  for (std::int64_t b = 0; b < B; ++b) {
    const Image image{from + (mistake.read == Read::first_image ? 0 : b) * H * W, H, W};
    for (std::int64_t i = 0; i < h; ++i)
      for (std::int64_t j = 0; j < (mistake.write == Write::vectors_alone ? whole_vectors(w) : w); ++j) {
        const bool padding = sample<mistake>(image, i, j, h, w) != (mistake.write == Write::inverted);
        if (mistake.write == Write::padding_alone && !padding) continue;
        const std::int64_t at = mistake.write == Write::transposed ? (b * w + j) * h + i : (b * h + i) * w + j;
        to[at] = padding ? (mistake.write == Write::true_is_255 ? 255 : 1) : 0;
      }
  }
}

void plant_mask_downsample(Garden& garden) {
  using M = DownsampleMistake;
  using I = M::Index;
  plant<MaskDownsample, float>(
      garden, "masking",
      {
          {"control", "", mask_downsample<M{}>},
          {"unclamped", "no clamp to the last cell", mask_downsample<M{.index = I::unclamped}>},
          {"rounded_up", "index rounded up", mask_downsample<M{.index = I::rounded_up}>},
          {"rounded", "index rounded to nearest", mask_downsample<M{.index = I::rounded}>},
          {"nearest_exact", "nearest-exact: the cell under the centre", mask_downsample<M{.index = I::nearest_exact}>},
          {"corners", "(in - 1)/(out - 1)", mask_downsample<M{.index = I::corners}>},
          {"integers", "i*in/out in integers", mask_downsample<M{.index = I::integers}>},
          {"float64", "index in float64", mask_downsample<M{.index = I::float64}>},
          {"product_first", "i*in, then /out, in float32", mask_downsample<M{.index = I::product_first}>},
          {"reciprocal", "in*(1/out) for in/out", mask_downsample<M{.index = I::by_reciprocal}>},
          {"inverse_scale", "i/(out/in) for i*(in/out)", mask_downsample<M{.index = I::by_inverse_scale}>},
          {"times_32", "i*32, whatever the sizes", mask_downsample<M{.index = I::times_32}>},
          {"times_floor", "i*floor(in/out)", mask_downsample<M{.index = I::times_floor}>},
          {"no_growing", "no up-sampling: the last cell repeated",
           mask_downsample<M{.index = I::as_it_is_when_growing}>},
          {"one_further", "one cell further", mask_downsample<M{.index = I::one_further}>},
          {"scale_tf32", "scale rounded to TF32", mask_downsample<M{.scale = Format::tf32}>},
          {"scale_half", "scale rounded to float16", mask_downsample<M{.scale = Format::half}>},
          {"scale_bfloat16", "scale rounded to bfloat16", mask_downsample<M{.scale = Format::bfloat16}>},
          {"index_tf32", "index rounded to TF32", mask_downsample<M{.product = Format::tf32}>},
          {"index_half", "index rounded to float16", mask_downsample<M{.product = Format::half}>},
          {"index_bfloat16", "index rounded to bfloat16", mask_downsample<M{.product = Format::bfloat16}>},
          {"any_pixel", "padding if any pixel of the area is", mask_downsample<M{.pool = M::Pool::any}>},
          {"all_pixels", "padding if all pixels of the area are", mask_downsample<M{.pool = M::Pool::all}>},
          {"bilinear_any", "bilinear, true above 0", mask_downsample<M{.pool = M::Pool::bilinear_above_0}>},
          {"bilinear_half", "bilinear, true from a half", mask_downsample<M{.pool = M::Pool::bilinear_half}>},
          {"rectangle", "taken for a rectangle: first row and column", mask_downsample<M{.pool = M::Pool::first_line}>},
          {"swapped_scales", "the scales of y and x swapped", mask_downsample<M{.read = M::Read::swapped_scales}>},
          {"first_image", "the first image's mask for all", mask_downsample<M{.read = M::Read::first_image}>},
          {"swapped_axes", "read by column and row", mask_downsample<M{.read = M::Read::swapped_axes}>},
          {"transposed", "rows and columns of the result swapped", mask_downsample<M{.write = M::Write::transposed}>},
          {"inverted", "polarity inverted", mask_downsample<M{.write = M::Write::inverted}>},
          {"true_255", "true written as 255", mask_downsample<M{.write = M::Write::true_is_255}>},
          {"stale", "valid cells left as memory held them", mask_downsample<M{.write = M::Write::padding_alone}>},
          {"tail", "columns past the last whole vector left out", mask_downsample<M{.write = M::Write::vectors_alone}>},
      });
}

}  // namespace

void plant_masking(Garden& garden) {
  plant_padding_mask(garden);
  plant_mask_downsample(garden);
}

}  // namespace assay::planted
