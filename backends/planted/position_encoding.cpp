// sine_position_encoding with every mistake a port was seen, or is likely, to make.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "backends/planted/planted.h"
#include "bench/planted/rounding.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay::planted {
namespace {

using Sine = SinePositionEncoding;

struct SineMistake {
  /// What a pixel's position counts.
  enum class Count : std::uint8_t {
    valid,
    valid_before,
    padding,
    all,
    along_other_axis,
    running_on,
    in_8_bits,
    in_half,
    in_bfloat16,
    of_first_line,
    of_rectangle,
    zero_in_padding
  } count{};
  /// What it is divided by.
  enum class Last : std::uint8_t {
    line,
    extent,
    image_maximum,
    batch_maximum,
    first_image,
    first_line,
    other_axis,
    one_less
  } last{};
  enum class Eps : std::uint8_t {
    given,
    zero,
    outside,
    thousandth,
    hundred_thousandth,
    default_one,
    floor,
    empty_is_zero
  } eps{};
  enum class Offset : std::uint8_t {
    given,
    dropped,
    always_half,
    subtracted,
    after_division,
    unnormalised_too
  } offset{};
  enum class Scale : std::uint8_t { given, pi, dropped, always_two_pi, unnormalised_too } scale{};
  enum class Normalise : std::uint8_t { as_asked, never, always } normalise{};
  enum class Exponent : std::uint8_t {
    right,
    by_channel,
    twice,
    F_doubled,
    by_pairs_less_one,
    rounded_up,
    negated
  } exponent{};
  enum class Temperature : std::uint8_t { given, swapped, height_for_both, default_one } temperature{};
  enum class Channels : std::uint8_t {
    right,
    x_then_y,
    cosine_first,
    blocked,
    sine_alone,
    axes_interleaved,
    y_alone
  } channels{};
  enum class Layout : std::uint8_t { as_asked, always_first, always_last, transposed } layout{};
  enum class Function : std::uint8_t { right, table, fixed_point, unreduced, parabola, short_range } function{};
  enum class Skip : std::uint8_t { nothing, padding, last_image, last_channels, other_masks } skip{};
  Format position = Format::full, dim_t = Format::full, angle = Format::full, result = Format::full;
};

/// Number of valid pixels up to and with each pixel of one line, and of the whole line; as a mistake counts them.
struct Counter {
  SineMistake::Count mistake;
  double value = 0;

  double step(bool padding) {
    using Count = SineMistake::Count;
    const double before = value;
    value += mistake == Count::all ? 1 : (mistake == Count::padding) == padding ? 1 : 0;
    if (mistake == Count::in_8_bits) value = std::fmod(value, 256);
    if (mistake == Count::in_half) value = rounded(Format::half, value);
    if (mistake == Count::in_bfloat16) value = rounded(Format::bfloat16, value);
    if (mistake == Count::zero_in_padding && padding) return 0;
    return mistake == Count::valid_before ? before : value;
  }
};

/// Lines along one axis of an image: `lines` of them, of `length` pixels `step` apart, `between` from one to the next.
struct Lines {
  std::int64_t lines, length, step, between;
};

/// Positions and last values, by pixel.
struct Axis {
  std::vector<double> position, last;
};

void count_line(Counter& counter, const bool* mask, const Lines& lines, std::int64_t first, Axis& axis) {
  for (std::int64_t i = 0; i < lines.length; ++i) {
    const std::int64_t pixel = first + i * lines.step;
    axis.position[static_cast<std::size_t>(pixel)] = counter.step(mask[pixel]);
  }
  for (std::int64_t i = 0; i < lines.length; ++i)
    axis.last[static_cast<std::size_t>(first + i * lines.step)] = counter.value;
}

/// Gives every line the positions of the first; with `rectangle` only those that are valid where they begin.
void spread_first_line(const bool* mask, const Lines& lines, bool rectangle, Axis& axis) {
  for (std::int64_t line = 1; line < lines.lines; ++line) {
    const bool empty = rectangle && mask[line * lines.between];
    for (std::int64_t i = 0; i < lines.length; ++i) {
      const auto from = static_cast<std::size_t>(i * lines.step);
      const std::size_t to = from + static_cast<std::size_t>(line * lines.between);
      axis.position[to] = empty ? 0 : axis.position[from];
      axis.last[to] = empty ? 0 : axis.last[from];
    }
  }
}

Axis count(SineMistake::Count mistake, const bool* mask, const Lines& lines) {
  using Count = SineMistake::Count;
  const auto pixels = static_cast<std::size_t>(lines.lines * lines.length);
  Axis axis{std::vector<double>(pixels), std::vector<double>(pixels)};
  Counter counter{mistake};
  for (std::int64_t line = 0; line < lines.lines; ++line) {
    if (mistake != Count::running_on) counter.value = 0;
    count_line(counter, mask, lines, line * lines.between, axis);
  }
  if (mistake == Count::of_first_line || mistake == Count::of_rectangle)
    spread_first_line(mask, lines, mistake == Count::of_rectangle, axis);
  return axis;
}

/// Both axes of one image.
struct Positions {
  Axis y, x;
  Positions(SineMistake::Count mistake, const bool* mask, std::int64_t H, std::int64_t W)
      : y(count(mistake, mask, {W, H, W, 1})), x(count(mistake, mask, {H, W, 1, W})) {
    if (mistake == SineMistake::Count::along_other_axis) std::swap(y, x);
  }
};

/// Replaces the line's own sum by what a mistake divides by.
void replace_last(SineMistake::Last mistake, Axis& axis, const Lines& lines, const Axis& first_image,
                  double batch_maximum) {
  using Last = SineMistake::Last;
  const double maximum = *std::max_element(axis.last.begin(), axis.last.end()), first = axis.last[0];
  for (std::size_t pixel = 0; pixel < axis.last.size(); ++pixel) {
    switch (mistake) {
      case Last::line:
      case Last::other_axis: break;
      case Last::extent: axis.last[pixel] = static_cast<double>(lines.length); break;
      case Last::image_maximum: axis.last[pixel] = maximum; break;
      case Last::batch_maximum: axis.last[pixel] = batch_maximum; break;
      case Last::first_image: axis.last[pixel] = first_image.last[pixel]; break;
      case Last::first_line: axis.last[pixel] = first; break;
      case Last::one_less: axis.last[pixel] -= 1; break;
    }
  }
}

double normalised(const SineMistake& mistake, const Sine::Params& params, double position, double last) {
  using Eps = SineMistake::Eps;
  using Offset = SineMistake::Offset;
  using Scale = SineMistake::Scale;
  double offset = params.offset, scale = params.scale, eps = params.eps;
  if (mistake.offset == Offset::dropped) offset = 0;
  if (mistake.offset == Offset::always_half) offset = -0.5;
  if (mistake.offset == Offset::subtracted) offset = -offset;
  if (mistake.scale == Scale::pi) scale /= 2;
  if (mistake.scale == Scale::dropped) scale = 1;
  if (mistake.scale == Scale::always_two_pi) scale = 2 * std::numbers::pi;
  if (mistake.eps == Eps::zero || mistake.eps == Eps::outside || mistake.eps == Eps::floor) eps = 0;
  if (mistake.eps == Eps::thousandth) eps = 1e-3;
  if (mistake.eps == Eps::hundred_thousandth) eps = 1e-5;
  if (mistake.eps == Eps::default_one) eps = 1e-6;
  if (mistake.eps == Eps::floor) last = std::max(last, params.eps);
  if (mistake.eps == Eps::empty_is_zero && last + eps == 0) return 0;
  const double after = mistake.offset == Offset::after_division ? offset : 0;
  double share = (position + offset - after) / (last + eps) + after;
  if (mistake.eps == Eps::outside) share += params.eps;
  return share * scale;
}

double argument(const SineMistake& mistake, const Sine::Params& params, double position, double last) {
  using Normalise = SineMistake::Normalise;
  const bool normalise =
      mistake.normalise == Normalise::as_asked ? params.normalize : mistake.normalise == Normalise::always;
  if (normalise) return normalised(mistake, params, position, last);
  if (mistake.offset == SineMistake::Offset::unnormalised_too) position += params.offset;
  if (mistake.scale == SineMistake::Scale::unnormalised_too) position *= params.scale;
  return position;
}

double exponent(SineMistake::Exponent mistake, std::int64_t i, std::int64_t F) {
  using Exponent = SineMistake::Exponent;
  const auto channel = static_cast<double>(i), pair = static_cast<double>(i / 2), all = static_cast<double>(F);
  switch (mistake) {
    case Exponent::right: return 2 * pair / all;
    case Exponent::by_channel: return channel / all;
    case Exponent::twice: return 2 * channel / all;
    case Exponent::F_doubled: return 2 * pair / (2 * all);
    case Exponent::by_pairs_less_one: return pair / std::max(all / 2 - 1, 1.0);  // as tensor2tensor spaces them
    case Exponent::rounded_up: return 2 * std::ceil(channel / 2) / all;
    case Exponent::negated: return -2 * pair / all;
  }
  return 0;
}

double temperature(SineMistake::Temperature mistake, const Sine::Params& params, bool is_y) {
  using Temperature = SineMistake::Temperature;
  switch (mistake) {
    case Temperature::given: break;
    case Temperature::swapped: is_y = !is_y; break;
    case Temperature::height_for_both: return params.temperature_h;
    case Temperature::default_one: return 10000;
  }
  return is_y ? params.temperature_h : params.temperature_w;
}

/// What channel c of 2F holds.
struct Channel {
  bool is_y, is_sine;
  double dim_t;
};

Channel channel_of(const SineMistake& mistake, const Sine::Params& params, std::int64_t c) {
  using Channels = SineMistake::Channels;
  const std::int64_t F = params.num_pos_feats;
  bool is_y = c < F;
  std::int64_t i = c % F;
  if (mistake.channels == Channels::axes_interleaved) is_y = c % 2 == 0, i = c / 2;
  if (mistake.channels == Channels::x_then_y) is_y = !is_y;
  const double T = temperature(mistake.temperature, params, is_y);
  bool is_sine = i % 2 == 0;
  if (mistake.channels == Channels::blocked) is_sine = i < F / 2, i = i % (F / 2) * 2;
  if (mistake.channels == Channels::y_alone) is_y = true;
  if (mistake.channels == Channels::cosine_first) is_sine = !is_sine;
  if (mistake.channels == Channels::sine_alone) is_sine = true;
  return {is_y, is_sine, rounded(mistake.dim_t, std::pow(T, exponent(mistake.exponent, i, F)))};
}

/// Nearest of 8192 entries over a turn: an error of up to 4e-4.
double table_sine(double angle) {
  constexpr double entries = 8192, turn = 2 * std::numbers::pi;
  return std::sin(std::round(angle / turn * entries) / entries * turn);
}

/// Taylor's series to x^13, right to float32 up to a quarter turn or so, without bringing the angle there.
double unreduced_sine(double angle) {
  double term = angle, sum = angle;
  for (int n = 2; n < 14; n += 2) sum += term *= -angle * angle / (n * (n + 1.0));
  return sum;
}

/// The parabola 4/π·x(1 − |x|/π), corrected once: widespread, within 1e-3.
double parabola_sine(double angle) {
  constexpr double pi = std::numbers::pi;
  const double x = std::remainder(angle, 2 * pi), bow = 4 / pi * x * (1 - std::abs(x) / pi);
  return 0.775 * bow + 0.225 * bow * std::abs(bow);
}

double wave(SineMistake::Function mistake, double angle, bool is_sine) {
  using Function = SineMistake::Function;
  const double from_sine = is_sine ? angle : angle + std::numbers::pi / 2;
  switch (mistake) {
    case Function::right: break;
    case Function::table: return table_sine(from_sine);
    case Function::unreduced: return unreduced_sine(from_sine);
    case Function::parabola: return parabola_sine(from_sine);
    case Function::short_range:
      if (std::abs(angle) > 39000) return NAN;  // beyond which some vector libraries promise nothing
      break;
    case Function::fixed_point: return std::round(std::sin(from_sine) * 0x1p21) * 0x1p-21;  // as a GPU's fast sine
  }
  const auto x = static_cast<float>(angle);
  return static_cast<double>(is_sine ? std::sin(x) : std::cos(x));
}

/// Where channel c of a pixel goes.
std::int64_t place_of(SineMistake::Layout mistake, const Sine::Params& params, const Shape& mask, std::int64_t b,
                      std::int64_t c, std::int64_t pixel) {
  using Layout = SineMistake::Layout;
  const std::int64_t H = mask[1], W = mask[2], channels = 2 * params.num_pos_feats;
  const bool last = mistake == Layout::always_last || (mistake != Layout::always_first && params.channels_last);
  if (mistake == Layout::transposed) pixel = pixel % W * H + pixel / W;
  return last ? (b * H * W + pixel) * channels + c : (b * channels + c) * H * W + pixel;
}

bool skipped(SineMistake::Skip mistake, const Shape& mask, std::int64_t b, std::int64_t c, std::int64_t channels) {
  using Skip = SineMistake::Skip;
  constexpr std::int64_t vector_lanes = 8;
  if (mistake == Skip::last_image) return b == mask[0] - 1;
  if (mistake == Skip::last_channels) return c >= channels / vector_lanes * vector_lanes;
  return false;
}

/// What the waves are taken of: each pixel's place on its line, before dim_t.
std::vector<double> arguments(const SineMistake& mistake, const Sine::Params& params, const Axis& axis) {
  std::vector<double> made;
  for (std::size_t pixel = 0; pixel < axis.position.size(); ++pixel)
    made.push_back(rounded(mistake.position, argument(mistake, params, axis.position[pixel], axis.last[pixel])));
  return made;
}

void encode(const SineMistake& mistake, const Sine::Params& params, const Sine::Inputs<float>& in,
            const Sine::Outputs<float>& out) {
  using Skip = SineMistake::Skip;
  const Shape& s = in.mask.shape;
  const std::int64_t B = s[0], H = s[1], W = s[2], channels = 2 * params.num_pos_feats;
  const Lines down{W, H, W, 1}, across{H, W, 1, W};
  std::vector<Positions> images;
  for (std::int64_t b = 0; b < B; ++b)
    images.emplace_back(mistake.count, in.mask.data + (mistake.skip == Skip::other_masks ? 0 : b) * H * W, H, W);
  double most_y = 0, most_x = 0;
  for (const Positions& image : images) {
    most_y = std::max(most_y, *std::max_element(image.y.last.begin(), image.y.last.end()));
    most_x = std::max(most_x, *std::max_element(image.x.last.begin(), image.x.last.end()));
  }
  const Positions first = images[0];
  for (std::int64_t b = 0; b < B; ++b) {
    Positions& image = images[static_cast<std::size_t>(b)];
    replace_last(mistake.last, image.y, down, first.y, most_y);
    replace_last(mistake.last, image.x, across, first.x, most_x);
    if (mistake.last == SineMistake::Last::other_axis) std::swap(image.y.last, image.x.last);
    const std::vector<double> y = arguments(mistake, params, image.y), x = arguments(mistake, params, image.x);
    for (std::int64_t c = 0; c < channels; ++c) {
      if (skipped(mistake.skip, s, b, c, channels)) continue;
      const Channel channel = channel_of(mistake, params, c);
      const std::vector<double>& v = channel.is_y ? y : x;
      for (std::int64_t pixel = 0; pixel < H * W; ++pixel) {
        const double angle = rounded(mistake.angle, v[static_cast<std::size_t>(pixel)] / channel.dim_t);
        double value = rounded(mistake.result, wave(mistake.function, angle, channel.is_sine));
        if (mistake.skip == Skip::padding && in.mask.data[b * H * W + pixel]) value = 0;
        out.encoding.data[place_of(mistake.layout, params, s, b, c, pixel)] = static_cast<float>(value);
      }
    }
  }
}

template <SineMistake mistake>
void sine(const Sine::Params& params, const Sine::Inputs<float>& in, const Sine::Outputs<float>& out) {
  encode(mistake, params, in, out);
}

}  // namespace

void plant_position_encoding(Garden& garden) {
  using M = SineMistake;
  plant<Sine, float>(
      garden, "position encoding",
      {
          {"control", "", sine<M{}>},
          {"zero_based", "positions counted from 0", sine<M{.count = M::Count::valid_before}>},
          {"over_padding", "padding counted instead of valid pixels", sine<M{.count = M::Count::padding}>},
          {"mask_ignored", "all pixels counted", sine<M{.count = M::Count::all}>},
          {"other_axis", "y counted along W, x along H", sine<M{.count = M::Count::along_other_axis}>},
          {"running_on", "the count runs on from line to line", sine<M{.count = M::Count::running_on}>},
          {"count_u8", "count kept in 8 bits", sine<M{.count = M::Count::in_8_bits}>},
          {"count_half", "count kept in float16", sine<M{.count = M::Count::in_half}>},
          {"count_bfloat16", "count kept in bfloat16", sine<M{.count = M::Count::in_bfloat16}>},
          {"first_line", "the first line's positions for all", sine<M{.count = M::Count::of_first_line}>},
          {"rectangle", "the mask taken for a rectangle", sine<M{.count = M::Count::of_rectangle}>},
          {"zero_in_padding", "position 0 in padding", sine<M{.count = M::Count::zero_in_padding}>},
          {"by_extent", "normalised by H and W", sine<M{.last = M::Last::extent}>},
          {"by_maximum", "normalised by the image's maximum", sine<M{.last = M::Last::image_maximum}>},
          {"by_batch_maximum", "normalised by the batch's maximum", sine<M{.last = M::Last::batch_maximum}>},
          {"by_first_image", "normalised by the first image's last values", sine<M{.last = M::Last::first_image}>},
          {"by_first_line", "normalised by the first line's last value", sine<M{.last = M::Last::first_line}>},
          {"by_other_axis", "normalised by the other axis", sine<M{.last = M::Last::other_axis}>},
          {"by_one_less", "normalised by one less than the last value", sine<M{.last = M::Last::one_less}>},
          {"eps_0", "eps left out", sine<M{.eps = M::Eps::zero}>},
          {"eps_outside", "eps added after the division", sine<M{.eps = M::Eps::outside}>},
          {"eps_1e3", "eps = 1e-3", sine<M{.eps = M::Eps::thousandth}>},
          {"eps_1e5", "eps = 1e-5", sine<M{.eps = M::Eps::hundred_thousandth}>},
          {"eps_default", "eps = 1e-6, whatever was asked", sine<M{.eps = M::Eps::default_one}>},
          {"eps_floor", "eps as the least divisor, not added", sine<M{.eps = M::Eps::floor}>},
          {"empty_is_zero", "0/0 taken as 0", sine<M{.eps = M::Eps::empty_is_zero}>},
          {"offset_dropped", "offset dropped", sine<M{.offset = M::Offset::dropped}>},
          {"offset_always", "offset = -0.5, whatever was asked", sine<M{.offset = M::Offset::always_half}>},
          {"offset_subtracted", "offset subtracted", sine<M{.offset = M::Offset::subtracted}>},
          {"offset_after", "offset added after the division", sine<M{.offset = M::Offset::after_division}>},
          {"offset_unnormalised", "offset added without normalize too", sine<M{.offset = M::Offset::unnormalised_too}>},
          {"scale_pi", "scale halved: pi for 2 pi", sine<M{.scale = M::Scale::pi}>},
          {"scale_dropped", "scale dropped", sine<M{.scale = M::Scale::dropped}>},
          {"scale_default", "scale = 2 pi, whatever was asked", sine<M{.scale = M::Scale::always_two_pi}>},
          {"scale_unnormalised", "scaled without normalize too", sine<M{.scale = M::Scale::unnormalised_too}>},
          {"never_normalised", "normalize ignored", sine<M{.normalise = M::Normalise::never}>},
          {"always_normalised", "normalised, whatever was asked", sine<M{.normalise = M::Normalise::always}>},
          {"exponent_channel", "exponent i/F", sine<M{.exponent = M::Exponent::by_channel}>},
          {"exponent_twice", "exponent 2i/F", sine<M{.exponent = M::Exponent::twice}>},
          {"exponent_2F", "F doubled", sine<M{.exponent = M::Exponent::F_doubled}>},
          {"exponent_less_one", "exponent pair/(F/2 - 1)", sine<M{.exponent = M::Exponent::by_pairs_less_one}>},
          {"exponent_up", "exponent 2*ceil(i/2)/F", sine<M{.exponent = M::Exponent::rounded_up}>},
          {"exponent_negated", "multiplied by dim_t", sine<M{.exponent = M::Exponent::negated}>},
          {"temperatures", "temperatures swapped", sine<M{.temperature = M::Temperature::swapped}>},
          {"temperature_h", "temperature_h for both", sine<M{.temperature = M::Temperature::height_for_both}>},
          {"temperature_10000", "temperature 10000, whatever was asked",
           sine<M{.temperature = M::Temperature::default_one}>},
          {"swapped_xy", "x then y", sine<M{.channels = M::Channels::x_then_y}>},
          {"cosine_first", "sine and cosine swapped", sine<M{.channels = M::Channels::cosine_first}>},
          {"blocked", "sines, then cosines, not interleaved", sine<M{.channels = M::Channels::blocked}>},
          {"sine_alone", "sines alone", sine<M{.channels = M::Channels::sine_alone}>},
          {"axes_interleaved", "channels of y and x interleaved", sine<M{.channels = M::Channels::axes_interleaved}>},
          {"y_alone", "y in both halves", sine<M{.channels = M::Channels::y_alone}>},
          {"never_last", "channels_last ignored", sine<M{.layout = M::Layout::always_first}>},
          {"always_last", "channels last, whatever was asked", sine<M{.layout = M::Layout::always_last}>},
          {"transposed", "rows and columns of the result swapped", sine<M{.layout = M::Layout::transposed}>},
          {"table", "a table of 8192 sines", sine<M{.function = M::Function::table}>},
          {"fixed_point", "a sine within 2^-22 everywhere", sine<M{.function = M::Function::fixed_point}>},
          {"unreduced", "a series without range reduction", sine<M{.function = M::Function::unreduced}>},
          {"parabola", "a sine of two parabolas", sine<M{.function = M::Function::parabola}>},
          {"short_range", "a sine that gives NaN beyond 39000", sine<M{.function = M::Function::short_range}>},
          {"position_tf32", "normalised position in TF32", sine<M{.position = Format::tf32}>},
          {"position_half", "normalised position in float16", sine<M{.position = Format::half}>},
          {"position_bfloat16", "normalised position in bfloat16", sine<M{.position = Format::bfloat16}>},
          {"dim_t_tf32", "dim_t in TF32", sine<M{.dim_t = Format::tf32}>},
          {"dim_t_half", "dim_t in float16", sine<M{.dim_t = Format::half}>},
          {"dim_t_bfloat16", "dim_t in bfloat16", sine<M{.dim_t = Format::bfloat16}>},
          {"angle_tf32", "angle in TF32", sine<M{.angle = Format::tf32}>},
          {"angle_half", "angle in float16", sine<M{.angle = Format::half}>},
          {"angle_bfloat16", "angle in bfloat16", sine<M{.angle = Format::bfloat16}>},
          {"result_tf32", "result in TF32", sine<M{.result = Format::tf32}>},
          {"result_half", "result in float16", sine<M{.result = Format::half}>},
          {"result_bfloat16", "result in bfloat16", sine<M{.result = Format::bfloat16}>},
          {"padding_zeroed", "zeros in padding", sine<M{.skip = M::Skip::padding}>},
          {"last_image", "the last image left out", sine<M{.skip = M::Skip::last_image}>},
          {"tail", "channels past the last whole vector left out", sine<M{.skip = M::Skip::last_channels}>},
          {"first_image", "the first image's mask for all", sine<M{.skip = M::Skip::other_masks}>},
      });
}

}  // namespace assay::planted
