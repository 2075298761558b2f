// sine_position_encoding with every mistake a port was seen, or is likely, to make.
#include "reference/position_encoding/sine_position_encoding.h"

#include <algorithm>
#include <cfloat>
#include <numbers>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = SinePositionEncoding;
using Params = Op::Params;

/// One axis of an image: `lines` lines of `length` pixels `step` apart, `between` from one line to the next; by pixel,
/// the position on its line and what that is divided by.
struct Axis {
  std::int64_t lines, length, step, between;
  std::vector<double> position, last;
};

struct Image {
  const bool* mask;
  Axis y, x;
};
using Batch = std::vector<Image>;

double turned_over(double count, bool padding) { return padding ? count : count + 1; }

/// What channel c of 2F holds: a wave of y or x, with the i-th of F wavelengths.
struct Channel {
  bool is_y;
  std::int64_t i;
  bool is_sine;
};
Channel holding(bool is_y, std::int64_t i, bool is_sine) { return {is_y, i, is_sine}; }
Channel right_channel(std::int64_t c, std::int64_t F) { return {c < F, c % F, c % F % 2 == 0}; }

/// Through float32, as a kernel has it.
double wave(double angle, bool is_sine) {
  const double bounded = std::isfinite(angle) ? std::clamp<double>(angle, -FLT_MAX, FLT_MAX) : angle;
  const auto x = static_cast<float>(bounded);
  return static_cast<double>(is_sine ? std::sin(x) : std::cos(x));
}
/// A wave made of a sine alone.
template <Value sine>
double of_sine(double angle, bool is_sine) {
  return sine(is_sine ? angle : angle + std::numbers::pi / 2);
}

/// A pixel's position and what it is divided by, with the parameters.
struct Place : Params {
  double position, last;
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  double (*count)(double before, bool padding) = turned_over;
  double (*seen)(double before, double after, bool padding) = [](double, double after, bool) { return after; };
  bool runs_on = false;  ///< from line to line
  void (*alter)(Batch&) = [](Batch&) {};
  void (*alter_axis)(Axis&, const bool* mask) = [](Axis&, const bool*) {};
  double (*normalised)(Place) = [](Place p) { return (p.position + p.offset) / (p.last + p.eps) * p.scale; };
  double (*unnormalised)(Place) = [](Place p) { return p.position; };
  double (*exponent)(double i, double F) = [](double i, double F) { return 2 * std::floor(i / 2) / F; };
  Channel (*channel)(std::int64_t c, std::int64_t F) = right_channel;
  double (*wave)(double angle, bool is_sine) = planted::wave;
  double (*finish)(double value, bool padding) = [](double value, bool) { return value; };
  Value position_in = same, dim_t_in = same, angle_in = same;
};

void count(const Mistake& mistake, const bool* mask, Axis& axis) {
  const auto pixels = static_cast<std::size_t>(axis.lines * axis.length);
  axis.position.resize(pixels);
  axis.last.resize(pixels);
  double value = 0;
  for (std::int64_t line = 0; line < axis.lines; ++line) {
    if (!mistake.runs_on) value = 0;
    for (std::int64_t i = 0; i < axis.length; ++i) {
      const std::int64_t pixel = line * axis.between + i * axis.step;
      const double before = value;
      value = mistake.count(before, mask[pixel]);
      axis.position[static_cast<std::size_t>(pixel)] = mistake.seen(before, value, mask[pixel]);
    }
    for (std::int64_t i = 0; i < axis.length; ++i)
      axis.last[static_cast<std::size_t>(line * axis.between + i * axis.step)] = value;
  }
}

/// What the waves are taken of, before dim_t.
std::vector<double> arguments(const Mistake& mistake, const Params& params, const Axis& axis) {
  std::vector<double> made;
  for (std::size_t pixel = 0; pixel < axis.position.size(); ++pixel)
    made.push_back(mistake.position_in((params.normalize ? mistake.normalised : mistake.unnormalised)(
        {params, axis.position[pixel], axis.last[pixel]})));
  return made;
}

void run(const Mistake& mistake, const Params& params, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const Shape& s = in.mask.shape;
  const std::int64_t H = s[1], W = s[2], F = params.num_pos_feats, pixels = H * W;
  Batch batch;
  for (std::int64_t b = 0; b < s[0]; ++b) {
    batch.push_back({in.mask.data + b * pixels, {W, H, W, 1, {}, {}}, {H, W, 1, W, {}, {}}});
    for (Axis* axis : {&batch.back().y, &batch.back().x}) {
      count(mistake, batch.back().mask, *axis);
      mistake.alter_axis(*axis, batch.back().mask);
    }
  }
  mistake.alter(batch);
  double* image = out.encoding.data;
  for (const Image& each : batch) {
    const std::vector<double> y = arguments(mistake, params, each.y), x = arguments(mistake, params, each.x);
    for (std::int64_t c = 0; c < 2 * F; ++c) {
      const Channel channel = mistake.channel(c, F);
      const double T = channel.is_y ? params.temperature_h : params.temperature_w;
      const double exponent = mistake.exponent(static_cast<double>(channel.i), static_cast<double>(F));
      const double dim_t = mistake.dim_t_in(std::pow(T, exponent));
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        const double v = (channel.is_y ? y : x)[static_cast<std::size_t>(pixel)];
        const double value = mistake.wave(mistake.angle_in(v / dim_t), channel.is_sine);
        image[params.channels_last ? pixel * 2 * F + c : c * pixels + pixel] = mistake.finish(value, each.mask[pixel]);
      }
    }
    image += 2 * F * pixels;
  }
}

// ---- parts of mistakes ----

/// Gives every line the positions of the first; with `rectangle` only those that are valid where they begin.
void spread_first_line(const bool* mask, Axis& axis, bool rectangle) {
  for (std::int64_t line = 1; line < axis.lines; ++line) {
    const bool empty = rectangle && mask[line * axis.between];
    for (std::int64_t i = 0; i < axis.length; ++i) {
      const auto from = static_cast<std::size_t>(i * axis.step);
      const std::size_t to = from + static_cast<std::size_t>(line * axis.between);
      axis.position[to] = empty ? 0 : axis.position[from];
      axis.last[to] = empty ? 0 : axis.last[from];
    }
  }
}

double maximum_of(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }
void fill(std::vector<double>& values, double value) { std::fill(values.begin(), values.end(), value); }

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
/// As a GPU's fast sine.
double fixed_point_sine(double angle) { return std::round(std::sin(angle) * 0x1p21) * 0x1p-21; }

const Plant<Op> plant(
    run,
    {
        wrong("zero_based", "positions counted from 0", &Mistake::seen,
              [](double before, double, bool) { return before; }),
        wrong("over_padding", "padding counted instead of valid pixels", &Mistake::count,
              [](double before, bool padding) { return turned_over(before, !padding); }),
        wrong("mask_ignored", "all pixels counted", &Mistake::count, [](double before, bool) { return before + 1; }),
        wrong("running_on", "the count runs on from line to line", &Mistake::runs_on, true),
        wrong("count_u8", "count kept in 8 bits", &Mistake::count,
              [](double before, bool padding) { return in_8_bits(turned_over(before, padding)); }),
        wrong("count_half", "count kept in float16", &Mistake::count,
              [](double before, bool padding) { return half(turned_over(before, padding)); }),
        wrong("count_bfloat16", "count kept in bfloat16", &Mistake::count,
              [](double before, bool padding) { return bfloat16(turned_over(before, padding)); }),
        wrong("zero_in_padding", "position 0 in padding", &Mistake::seen,
              [](double, double after, bool padding) { return padding ? 0 : after; }),
        wrong("other_axis", "y counted along W, x along H", &Mistake::alter,
              [](Batch& batch) {
                for (Image& image : batch) std::swap(image.y, image.x);
              }),
        wrong("first_line", "the first line's positions for all", &Mistake::alter_axis,
              [](Axis& axis, const bool* mask) { spread_first_line(mask, axis, false); }),
        wrong("rectangle", "the mask taken for a rectangle", &Mistake::alter_axis,
              [](Axis& axis, const bool* mask) { spread_first_line(mask, axis, true); }),
        wrong("by_extent", "normalised by H and W", &Mistake::alter_axis,
              [](Axis& axis, const bool*) { fill(axis.last, static_cast<double>(axis.length)); }),
        wrong("by_maximum", "normalised by the image's maximum", &Mistake::alter_axis,
              [](Axis& axis, const bool*) { fill(axis.last, maximum_of(axis.last)); }),
        wrong("by_first_line", "normalised by the first line's last value", &Mistake::alter_axis,
              [](Axis& axis, const bool*) { fill(axis.last, axis.last[0]); }),
        wrong("by_batch_maximum", "normalised by the batch's maximum", &Mistake::alter,
              [](Batch& batch) {
                for (const auto axis : {&Image::y, &Image::x}) {
                  double most = 0;
                  for (const Image& image : batch) most = std::max(most, maximum_of((image.*axis).last));
                  for (Image& image : batch) fill((image.*axis).last, most);
                }
              }),
        wrong("by_first_image", "normalised by the first image's last values", &Mistake::alter,
              [](Batch& batch) {
                for (Image& image : batch) image.y.last = batch[0].y.last, image.x.last = batch[0].x.last;
              }),
        wrong("by_other_axis", "normalised by the other axis", &Mistake::alter,
              [](Batch& batch) {
                for (Image& image : batch) std::swap(image.y.last, image.x.last);
              }),
        wrong("by_one_less", "normalised by one less than the last value", &Mistake::normalised,
              [](Place p) { return (p.position + p.offset) / (p.last - 1 + p.eps) * p.scale; }),
        wrong("eps_outside", "eps added after the division", &Mistake::normalised,
              [](Place p) { return ((p.position + p.offset) / p.last + p.eps) * p.scale; }),
        wrong("eps_floor", "eps as the least divisor, not added", &Mistake::normalised,
              [](Place p) { return (p.position + p.offset) / std::max(p.last, p.eps) * p.scale; }),
        wrong("empty_is_zero", "0/0 taken as 0", &Mistake::normalised,
              [](Place p) { return p.last + p.eps == 0 ? 0 : Mistake{}.normalised(p); }),
        wrong("offset_after", "offset added after the division", &Mistake::normalised,
              [](Place p) { return (p.position / (p.last + p.eps) + p.offset) * p.scale; }),
        wrong("offset_unnormalised", "offset added without normalize too", &Mistake::unnormalised,
              [](Place p) { return p.position + p.offset; }),
        wrong("scale_unnormalised", "scaled without normalize too", &Mistake::unnormalised,
              [](Place p) { return p.position * p.scale; }),
        wrong("exponent_channel", "exponent i/F", &Mistake::exponent, [](double i, double F) { return i / F; }),
        wrong("exponent_twice", "exponent 2i/F", &Mistake::exponent, [](double i, double F) { return 2 * i / F; }),
        wrong("exponent_2F", "F doubled", &Mistake::exponent, [](double i, double F) { return std::floor(i / 2) / F; }),
        // as tensor2tensor spaces them
        wrong("exponent_less_one", "exponent pair/(F/2 - 1)", &Mistake::exponent,
              [](double i, double F) { return std::floor(i / 2) / std::max(F / 2 - 1, 1.0); }),
        wrong("exponent_up", "exponent 2*ceil(i/2)/F", &Mistake::exponent,
              [](double i, double F) { return 2 * std::ceil(i / 2) / F; }),
        wrong("exponent_negated", "multiplied by dim_t", &Mistake::exponent,
              [](double i, double F) { return -2 * std::floor(i / 2) / F; }),
        wrong("swapped_xy", "x then y", &Mistake::channel,
              [](auto c, auto F) { return right_channel((c + F) % (2 * F), F); }),
        wrong("cosine_first", "sine and cosine swapped", &Mistake::channel,
              [](auto c, auto F) { return holding(c < F, c % F, c % F % 2 != 0); }),
        wrong("blocked", "sines, then cosines, not interleaved", &Mistake::channel,
              [](auto c, auto F) { return holding(c < F, c % F % (F / 2) * 2, c % F < F / 2); }),
        wrong("sine_alone", "sines alone", &Mistake::channel,
              [](auto c, auto F) { return holding(c < F, c % F, true); }),
        wrong("axes_interleaved", "channels of y and x interleaved", &Mistake::channel,
              [](auto c, auto) { return holding(c % 2 == 0, c / 2, c / 2 % 2 == 0); }),
        wrong("y_alone", "y in both halves", &Mistake::channel, [](auto c, auto F) { return right_channel(c % F, F); }),
        wrong("table", "a table of 8192 sines", &Mistake::wave, of_sine<table_sine>),
        wrong("fixed_point", "a sine within 2^-22 everywhere", &Mistake::wave, of_sine<fixed_point_sine>),
        wrong("unreduced", "a series without range reduction", &Mistake::wave, of_sine<unreduced_sine>),
        wrong("parabola", "a sine of two parabolas", &Mistake::wave, of_sine<parabola_sine>),
        // where some vector libraries promise nothing
        wrong("short_range", "a sine that gives NaN beyond 39000", &Mistake::wave,
              [](double angle, bool is_sine) { return std::abs(angle) > 39000 ? NAN : wave(angle, is_sine); }),
        rounded("position", "normalised position", &Mistake::position_in),
        rounded("dim_t", "dim_t", &Mistake::dim_t_in),
        rounded("angle", "angle", &Mistake::angle_in),
        wrong("padding_zeroed", "zeros in padding", &Mistake::finish,
              [](double value, bool padding) { return padding ? 0 : value; }),
    },
    {
        params<Op>("eps_0", "eps left out", [](Params& p) { p.eps = 0; }),
        params<Op>("eps_1e3", "eps = 1e-3", [](Params& p) { p.eps = 1e-3; }),
        params<Op>("eps_1e5", "eps = 1e-5", [](Params& p) { p.eps = 1e-5; }),
        params<Op>("eps_default", "eps = 1e-6, whatever was asked", [](Params& p) { p.eps = 1e-6; }),
        params<Op>("offset_dropped", "offset dropped", [](Params& p) { p.offset = 0; }),
        params<Op>("offset_always", "offset = -0.5, whatever was asked", [](Params& p) { p.offset = -0.5; }),
        params<Op>("offset_subtracted", "offset subtracted", [](Params& p) { p.offset = -p.offset; }),
        params<Op>("scale_pi", "scale halved: pi for 2 pi", [](Params& p) { p.scale /= 2; }),
        params<Op>("scale_dropped", "scale dropped", [](Params& p) { p.scale = 1; }),
        params<Op>("scale_default", "scale = 2 pi, whatever was asked",
                   [](Params& p) { p.scale = 2 * std::numbers::pi; }),
        params<Op>("never_normalised", "normalize ignored", [](Params& p) { p.normalize = false; }),
        params<Op>("always_normalised", "normalised, whatever was asked", [](Params& p) { p.normalize = true; }),
        params<Op>("temperatures", "temperatures swapped",
                   [](Params& p) { std::swap(p.temperature_h, p.temperature_w); }),
        params<Op>("temperature_h", "temperature_h for both", [](Params& p) { p.temperature_w = p.temperature_h; }),
        params<Op>("temperature_10000", "temperature 10000, whatever was asked",
                   [](Params& p) { p.temperature_h = p.temperature_w = 10000; }),
        params<Op>("never_last", "channels_last ignored", [](Params& p) { p.channels_last = false; }),
        params<Op>("always_last", "channels last, whatever was asked", [](Params& p) { p.channels_last = true; }),
        output_from("transposed", "the last two axes of the result swapped", "encoding", last_axes_swapped),
        rounded_output("encoding"),
        last_image_stale(),
        tail_stale(),
        input_from("first_image", "the first image's mask for all", "mask", first_slice),
    });

}  // namespace
}  // namespace assay::bench::planted
