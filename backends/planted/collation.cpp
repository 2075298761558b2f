// nested_tensor with every mistake a port was seen, or is likely, to make.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/planted/planted.h"
#include "bench/planted/rounding.h"
#include "reference/collation/nested_tensor.h"

namespace assay::planted {
namespace {

constexpr std::int64_t vector_lanes = 8;  // of a 256-bit vector of float32

struct NestMistake {
  /// Extents that pixels (or the mask) are laid out by, where they are not the canvas's own.
  enum class Canvas : std::uint8_t {
    right,
    of_first_image,
    of_first_two_images,
    always_added_to,
    not_rounded,
    mask_not_rounded,
    channels_rounded
  } canvas{};
  enum class Place : std::uint8_t {
    top_left,
    centred,
    bottom_right,
    stretched,
    own_stride,
    transposed,
    whole_vectors
  } place{};
  enum class Padding : std::uint8_t { zero, nothing, minus_zero, grey, edge, times_zero } padding{};
  enum class Value : std::uint8_t { same, plus_zero, flushed, finite, signed_bytes, scaled, over_255_and_back } value{};
  Format format = Format::full;
  enum class Channels : std::uint8_t { right, reversed, interleaved, last_repeated, first_three } channels{};
  enum class Images : std::uint8_t { right, reversed, all_but_last, first_for_all } images{};
  enum class Mask : std::uint8_t {
    right,
    inverted,
    all_valid,
    of_first_image,
    swapped,
    divisor_is_valid,
    divisor_alone,
    greater,
    true_is_255
  } mask{};
  enum class Memory : std::uint8_t { right, vectors_alone, writes_beyond, reads_beyond, zeroes_input } memory{};
};

struct Canvas {
  std::int64_t C = 0, H = 0, W = 0;
};

std::int64_t round_up(std::int64_t extent, std::int64_t multiple) {
  return (extent + multiple - 1) / multiple * multiple;
}

/// The canvas of the first `count` images.
template <class T>
Canvas canvas_of(const List<const T>& images, std::size_t count, std::int64_t divisor) {
  Canvas most;
  for (std::size_t b = 0; b < std::min(count, images.size()); ++b) {
    const Shape& s = images[b].shape;
    most = {std::max(most.C, s[0]), std::max(most.H, s[1]), std::max(most.W, s[2])};
  }
  return {most.C, round_up(most.H, divisor), round_up(most.W, divisor)};
}

/// What pixels are laid out by.
template <class T>
Canvas strides_of(NestMistake::Canvas mistake, const List<const T>& images, std::int64_t divisor) {
  const std::size_t B = images.size();
  const Canvas canvas = canvas_of(images, B, divisor), exact = canvas_of(images, B, 1);
  switch (mistake) {
    case NestMistake::Canvas::right:
    case NestMistake::Canvas::mask_not_rounded: return canvas;
    case NestMistake::Canvas::of_first_image: return canvas_of(images, 1, divisor);
    case NestMistake::Canvas::of_first_two_images: return canvas_of(images, 2, divisor);
    case NestMistake::Canvas::always_added_to:
      if (divisor == 1) return canvas;  // nobody would overlook that
      return {exact.C, (exact.H / divisor + 1) * divisor, (exact.W / divisor + 1) * divisor};
    case NestMistake::Canvas::not_rounded: return exact;
    case NestMistake::Canvas::channels_rounded: return {round_up(canvas.C, divisor), canvas.H, canvas.W};
  }
  return canvas;
}

template <class T>
T passed_on(const NestMistake& mistake, T value) {
  using Value = NestMistake::Value;
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    if (mistake.value == Value::signed_bytes) return std::min<T>(value, 127);
    if (mistake.value == Value::over_255_and_back) return static_cast<T>(rounded(Format::half, value / 255.0) * 255);
    if (mistake.value == Value::scaled) return static_cast<T>(value / 255);
    return value;
  } else {
    if (mistake.value == Value::plus_zero) return value + T{};
    if (mistake.value == Value::flushed && std::abs(value) < std::numeric_limits<T>::min())
      return std::copysign(T{}, value);
    if (mistake.value == Value::finite && std::isinf(value)) return std::copysign(std::numeric_limits<T>::max(), value);
    if (mistake.value == Value::scaled) return value / 255;
    return mistake.format == Format::full ? value : static_cast<T>(rounded(mistake.format, static_cast<double>(value)));
  }
}

/// What stands beside the image; `edge` is the pixel of the image nearest to the place.
template <class T>
T padding_value(NestMistake::Padding mistake, T edge) {
  switch (mistake) {
    case NestMistake::Padding::minus_zero: return -T{};
    case NestMistake::Padding::grey: return T{114};  // YOLO's letterbox
    case NestMistake::Padding::edge: return edge;
    case NestMistake::Padding::times_zero: return static_cast<T>(edge * T{});  // as image times valid mask would
    default: return T{};
  }
}

template <class T>
struct Image {
  const T* pixels;
  std::int64_t C, H, W;
  explicit Image(const View<const T>& image)
      : pixels(image.data), C(image.shape[0]), H(image.shape[1]), W(image.shape[2]) {}

  T at(NestMistake::Channels order, std::int64_t c, std::int64_t y, std::int64_t x) const {
    if (order == NestMistake::Channels::interleaved) return pixels[(y * W + x) * C + c];
    if (order == NestMistake::Channels::reversed) c = C - 1 - c;
    return pixels[(c * H + y) * W + x];
  }
};

/// The canvas's pixel (c, y, x) of one image.
template <class T>
T pixel_of(const NestMistake& mistake, const Image<T>& image, const Canvas& canvas, std::int64_t c, std::int64_t y,
           std::int64_t x) {
  using Place = NestMistake::Place;
  if (mistake.place == Place::centred) y -= (canvas.H - image.H) / 2, x -= (canvas.W - image.W) / 2;
  if (mistake.place == Place::bottom_right) y -= canvas.H - image.H, x -= canvas.W - image.W;
  if (mistake.place == Place::stretched) y = y * image.H / canvas.H, x = x * image.W / canvas.W;
  if (mistake.place == Place::whole_vectors && c < image.C && y < image.H && x < round_up(image.W, vector_lanes)) {
    const std::int64_t at = (c * image.H + y) * image.W + x;  // past a row's end the next one begins
    if (at < image.C * image.H * image.W) return image.pixels[at];
  }
  std::int64_t channels = image.C;
  if (mistake.channels == NestMistake::Channels::last_repeated) channels = canvas.C;
  if (mistake.channels == NestMistake::Channels::first_three) channels = std::min<std::int64_t>(channels, 3);
  const std::int64_t channel = std::min(c, image.C - 1);
  if (c < channels && y >= 0 && y < image.H && x >= 0 && x < image.W)
    return passed_on(mistake, image.at(mistake.channels, channel, y, x));
  const T edge = image.at(mistake.channels, channel, std::clamp<std::int64_t>(y, 0, image.H - 1),
                          std::clamp<std::int64_t>(x, 0, image.W - 1));
  return padding_value(mistake.padding, edge);
}

bool mask_of(NestMistake::Mask mistake, const Canvas& image, const Canvas& exact, std::int64_t y, std::int64_t x) {
  using Mask = NestMistake::Mask;
  const bool padding = y >= image.H || x >= image.W, by_divisor = y >= exact.H || x >= exact.W;
  switch (mistake) {
    case Mask::right:
    case Mask::of_first_image:
    case Mask::true_is_255: return padding;
    case Mask::inverted: return !padding;
    case Mask::all_valid: return false;
    case Mask::swapped: return y >= image.W || x >= image.H;
    case Mask::divisor_is_valid: return padding && !by_divisor;
    case Mask::divisor_alone: return by_divisor;
    case Mask::greater: return y > image.H || x > image.W;
  }
  return padding;
}

/// Which image is copied into place b.
std::size_t image_for(NestMistake::Images mistake, std::size_t b, std::size_t B) {
  if (mistake == NestMistake::Images::reversed) return B - 1 - b;
  return mistake == NestMistake::Images::first_for_all ? 0 : b;
}

template <class T>
void copy_image(const NestMistake& mistake, const Image<T>& image, std::int64_t b, const Canvas& strides,
                const NestedTensor::Outputs<T>& out) {
  using Place = NestMistake::Place;
  const Shape& s = out.tensors.shape;
  const Canvas canvas{s[1], s[2], s[3]};
  const bool vectors_alone = mistake.memory == NestMistake::Memory::vectors_alone;
  const std::int64_t columns = vectors_alone ? canvas.W / vector_lanes * vector_lanes : canvas.W;
  for (std::int64_t c = 0; c < canvas.C; ++c)
    for (std::int64_t y = 0; y < canvas.H; ++y)
      for (std::int64_t x = 0; x < columns; ++x) {
        const bool inside = c < image.C && y < image.H && x < image.W;
        if (!inside && (mistake.padding == NestMistake::Padding::nothing || mistake.place == Place::own_stride))
          continue;
        if (c >= strides.C || y >= strides.H || x >= strides.W) continue;
        const std::int64_t plane = b * strides.C + c;
        std::int64_t at = (plane * strides.H + y) * strides.W + x;
        if (mistake.place == Place::own_stride) at = plane * canvas.H * canvas.W + y * image.W + x;
        if (mistake.place == Place::transposed) at = (plane * canvas.W + x) * canvas.H + y;
        if (at < s.elements()) out.tensors.data[at] = pixel_of(mistake, image, canvas, c, y, x);
      }
}

void write_mask(const NestMistake& mistake, const Canvas& image, std::int64_t b, const Canvas& exact,
                const View<bool>& mask) {
  const std::int64_t H = mask.shape[1], W = mask.shape[2];
  auto* cells = reinterpret_cast<std::uint8_t*>(mask.data);
  const bool exactly = mistake.canvas == NestMistake::Canvas::mask_not_rounded;
  for (std::int64_t y = 0; y < (exactly ? exact.H : H); ++y)
    for (std::int64_t x = 0; x < (exactly ? exact.W : W); ++x) {
      const bool padding = mask_of(mistake.mask, image, exact, y, x);
      cells[exactly ? (b * exact.H + y) * exact.W + x : (b * H + y) * W + x] =
          padding ? (mistake.mask == NestMistake::Mask::true_is_255 ? 255 : 1) : 0;
    }
}

/// What a kernel does to memory that is not its own, its results being right.
template <class T>
void trespass(NestMistake::Memory mistake, const NestedTensor::Inputs<T>& in, const NestedTensor::Outputs<T>& out) {
  const View<const T>& last = in.images.back();
  const std::int64_t read = last.shape.elements(), written = out.tensors.shape.elements();
  for (std::int64_t lane = 0; (read + lane) % vector_lanes != 0 && mistake == NestMistake::Memory::reads_beyond; ++lane)
    [[maybe_unused]] const volatile T lost = const_cast<const volatile T*>(last.data)[read + lane];
  for (std::int64_t lane = 0; (written + lane) % vector_lanes != 0 && mistake == NestMistake::Memory::writes_beyond;
       ++lane)
    out.tensors.data[written + lane] = T{};
  if (mistake == NestMistake::Memory::zeroes_input) const_cast<T*>(last.data)[0] = T{};
}

template <class T>
void nest(const NestMistake& mistake, const NestedTensor::Params& params, const NestedTensor::Inputs<T>& in,
          const NestedTensor::Outputs<T>& out) {
  const std::size_t B = in.images.size();
  const Canvas strides = strides_of(mistake.canvas, in.images, params.size_divisible);
  const Canvas exact = canvas_of(in.images, B, 1);
  if (mistake.padding != NestMistake::Padding::nothing)
    std::fill_n(out.tensors.data, out.tensors.shape.elements(), T{});  // what a wrong layout leaves out is zero too
  for (std::size_t b = 0; b < B; ++b) {
    if (mistake.images == NestMistake::Images::all_but_last && b + 1 == B) break;
    const Image<T> image(in.images[image_for(mistake.images, b, B)]);
    copy_image(mistake, image, static_cast<std::int64_t>(b), strides, out);
    const Shape& sized = in.images[mistake.mask == NestMistake::Mask::of_first_image ? 0 : b].shape;
    write_mask(mistake, {sized[0], sized[1], sized[2]}, static_cast<std::int64_t>(b), exact, out.mask);
  }
  trespass(mistake.memory, in, out);
}

template <class T, NestMistake mistake>
void nested_tensor(const NestedTensor::Params& params, const NestedTensor::Inputs<T>& in,
                   const NestedTensor::Outputs<T>& out) {
  nest<T>(mistake, params, in, out);
}

template <NestMistake mistake>
constexpr auto* nested_f32 = nested_tensor<float, mistake>;
template <NestMistake mistake>
constexpr auto* nested_u8 = nested_tensor<std::uint8_t, mistake>;

}  // namespace

void plant_collation(Garden& garden) {
  using M = NestMistake;
  plant<NestedTensor, float>(
      garden, "collation",
      {
          {"control", "", nested_f32<M{}>},
          {"first_two", "laid out by the maxima of the first two images",
           nested_f32<M{.canvas = M::Canvas::of_first_two_images}>},
          {"first_one", "laid out by the first image's size", nested_f32<M{.canvas = M::Canvas::of_first_image}>},
          {"always_added", "size_divisible added also to what is divisible",
           nested_f32<M{.canvas = M::Canvas::always_added_to}>},
          {"not_rounded", "mask rounded up but not the pixels", nested_f32<M{.canvas = M::Canvas::not_rounded}>},
          {"mask_not_rounded", "pixels rounded up but not the mask",
           nested_f32<M{.canvas = M::Canvas::mask_not_rounded}>},
          {"channels_rounded", "channels rounded up too", nested_f32<M{.canvas = M::Canvas::channels_rounded}>},
          {"centred", "image centred", nested_f32<M{.place = M::Place::centred}>},
          {"bottom_right", "padding at the top and left", nested_f32<M{.place = M::Place::bottom_right}>},
          {"stretched", "image stretched over the canvas", nested_f32<M{.place = M::Place::stretched}>},
          {"own_stride", "rows as far apart as the image is wide", nested_f32<M{.place = M::Place::own_stride}>},
          {"transposed", "rows and columns swapped", nested_f32<M{.place = M::Place::transposed}>},
          {"whole_vectors", "rows copied in whole vectors", nested_f32<M{.place = M::Place::whole_vectors}>},
          {"stale", "padding left as memory held it", nested_f32<M{.padding = M::Padding::nothing}>},
          {"minus_zero", "padded with -0", nested_f32<M{.padding = M::Padding::minus_zero}>},
          {"grey", "padded with 114, as YOLO does", nested_f32<M{.padding = M::Padding::grey}>},
          {"edge", "padded with the nearest pixel", nested_f32<M{.padding = M::Padding::edge}>},
          {"times_zero", "padded with a pixel times 0", nested_f32<M{.padding = M::Padding::times_zero}>},
          {"plus_zero", "0 added to pixels: -0 is lost", nested_f32<M{.value = M::Value::plus_zero}>},
          {"flushed", "subnormal pixels flushed to 0", nested_f32<M{.value = M::Value::flushed}>},
          {"finite", "infinite pixels made finite", nested_f32<M{.value = M::Value::finite}>},
          {"scaled", "pixels divided by 255", nested_f32<M{.value = M::Value::scaled}>},
          {"tf32", "pixels through TF32", nested_f32<M{.format = Format::tf32}>},
          {"half", "pixels through float16", nested_f32<M{.format = Format::half}>},
          {"bfloat16", "pixels through bfloat16", nested_f32<M{.format = Format::bfloat16}>},
          {"bgr", "channels reversed", nested_f32<M{.channels = M::Channels::reversed}>},
          {"hwc", "channels read as the innermost axis", nested_f32<M{.channels = M::Channels::interleaved}>},
          {"repeated", "missing channels repeat the last", nested_f32<M{.channels = M::Channels::last_repeated}>},
          {"three_channels", "three channels copied, however many there are",
           nested_f32<M{.channels = M::Channels::first_three}>},
          {"reversed", "images in reverse", nested_f32<M{.images = M::Images::reversed}>},
          {"last_image", "the last image left out", nested_f32<M{.images = M::Images::all_but_last}>},
          {"first_for_all", "the first image for all", nested_f32<M{.images = M::Images::first_for_all}>},
          {"mask_inverted", "polarity of the mask inverted", nested_f32<M{.mask = M::Mask::inverted}>},
          {"mask_empty", "mask without padding", nested_f32<M{.mask = M::Mask::all_valid}>},
          {"mask_first", "mask of the first image for all", nested_f32<M{.mask = M::Mask::of_first_image}>},
          {"mask_swapped", "height and width of the mask swapped", nested_f32<M{.mask = M::Mask::swapped}>},
          {"mask_divisor", "what size_divisible adds is valid", nested_f32<M{.mask = M::Mask::divisor_is_valid}>},
          {"mask_divisor_alone", "only what size_divisible adds is padding",
           nested_f32<M{.mask = M::Mask::divisor_alone}>},
          {"mask_greater", "> for >= in the mask", nested_f32<M{.mask = M::Mask::greater}>},
          {"mask_255", "true written as 255", nested_f32<M{.mask = M::Mask::true_is_255}>},
          {"tail", "columns past the last whole vector left out", nested_f32<M{.memory = M::Memory::vectors_alone}>},
          {"overrun", "the last vector stored whole", nested_f32<M{.memory = M::Memory::writes_beyond}>, wrote_beyond},
          {"overread", "the last vector loaded whole", nested_f32<M{.memory = M::Memory::reads_beyond}>, read_beyond},
          {"input", "a pixel of the input zeroed", nested_f32<M{.memory = M::Memory::zeroes_input}>, changed_input},
      });
  plant<NestedTensor, std::uint8_t>(
      garden, "collation",
      {
          {"u8_control", "", nested_u8<M{}>},
          {"u8_signed", "u8 taken for signed bytes: saturates at 127", nested_u8<M{.value = M::Value::signed_bytes}>},
          {"u8_scaled", "u8 divided by 255", nested_u8<M{.value = M::Value::scaled}>},
          {"u8_and_back", "u8 over 255 in float16 and back, cut off",
           nested_u8<M{.value = M::Value::over_255_and_back}>},
          {"u8_grey", "u8 padded with 114, as YOLO does", nested_u8<M{.padding = M::Padding::grey}>},
          {"u8_stale", "u8 padding left as memory held it", nested_u8<M{.padding = M::Padding::nothing}>},
          {"u8_bgr", "u8 channels reversed", nested_u8<M{.channels = M::Channels::reversed}>},
          {"u8_hwc", "u8 channels read as the innermost axis", nested_u8<M{.channels = M::Channels::interleaved}>},
          {"u8_channels_rounded", "u8 channels rounded up too", nested_u8<M{.canvas = M::Canvas::channels_rounded}>},
          {"u8_mask_inverted", "polarity of the mask inverted, at u8", nested_u8<M{.mask = M::Mask::inverted}>},
          {"u8_overread", "the last vector loaded whole, at u8", nested_u8<M{.memory = M::Memory::reads_beyond}>,
           read_beyond},
      });
}

}  // namespace assay::planted
