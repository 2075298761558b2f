// query_position_encoding with every mistake a port was seen, or is likely, to make.
#include "reference/position_encoding/query_position_encoding.h"

#include <algorithm>
#include <numbers>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = QueryPositionEncoding;

/// What channel i of block `block` holds: a wave of a coordinate, with wavelength i of F.
struct Wave {
  std::int64_t coordinate, i;
  bool is_sine;
};
/// A channel of n blocks of F.
struct Channel {
  std::int64_t block, i, n, F;
};
std::int64_t right_coordinate(std::int64_t block) { return block < 2 ? 1 - block : block; }
Wave right_wave(Channel c) { return {right_coordinate(c.block), c.i, c.i % 2 == 0}; }

/// Through float32, as a kernel has it.
double wave_of(double angle, bool is_sine) {
  const auto x = static_cast<float>(angle);
  return static_cast<double>(is_sine ? std::sin(x) : std::cos(x));
}
/// A wave made of a sine alone.
template <Value sine>
double of_sine(double angle, bool is_sine) {
  return sine(is_sine ? angle : angle + std::numbers::pi / 2);
}

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Wave (*wave)(Channel) = right_wave;
  double (*exponent)(double i, double F) = [](double i, double F) { return 2 * std::floor(i / 2) / F; };
  double (*evaluate)(double angle, bool is_sine) = wave_of;
  /// A coordinate of a point of n before it is scaled.
  double (*position)(const double* point, std::int64_t coordinate, std::int64_t n) =
      [](const double* point, std::int64_t coordinate, std::int64_t) { return point[coordinate]; };
  Value position_in = same, dim_t_in = same, angle_in = same;
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t F = params.num_pos_feats, n = in.pos.shape[2], points = in.pos.shape[0] * in.pos.shape[1];
  double* to = out.encoding.data;
  for (std::int64_t point = 0; point < points; ++point)
    for (std::int64_t block = 0; block < n; ++block)
      for (std::int64_t i = 0; i < F; ++i) {
        const Wave wave = mistake.wave({block, i, n, F});
        const double v =
            mistake.position_in(mistake.position(in.pos.data + point * n, wave.coordinate, n) * params.scale);
        const double exponent = mistake.exponent(static_cast<double>(wave.i), static_cast<double>(F));
        const double dim_t = mistake.dim_t_in(std::pow(params.temperature, exponent));
        *to++ = mistake.evaluate(mistake.angle_in(v / dim_t), wave.is_sine);
      }
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
/// As a GPU's fast sine.
double fixed_point_sine(double angle) { return std::round(std::sin(angle) * 0x1p21) * 0x1p-21; }

const Plant<Op> plant(
    run,
    {
        wrong("x_first", "x then y", &Mistake::wave,
              [](Channel c) {
                return Wave{c.block, c.i, c.i % 2 == 0};
              }),
        wrong("size_first", "w and h before x and y", &Mistake::wave,
              [](Channel c) {
                return Wave{right_coordinate((c.block + 2) % c.n), c.i, c.i % 2 == 0};
              }),
        wrong("h_before_w", "h before w, as y before x", &Mistake::wave,
              [](Channel c) {
                return Wave{c.block ^ 1, c.i, c.i % 2 == 0};
              }),
        wrong("points_alone", "x and y again in the place of w and h", &Mistake::wave,
              [](Channel c) {
                return Wave{right_coordinate(c.block % 2), c.i, c.i % 2 == 0};
              }),
        wrong("cosine_first", "sine and cosine swapped", &Mistake::wave,
              [](Channel c) {
                return Wave{right_coordinate(c.block), c.i, c.i % 2 != 0};
              }),
        wrong("blocked", "sines, then cosines, not interleaved", &Mistake::wave,
              [](Channel c) {
                return Wave{right_coordinate(c.block), c.i % (c.F / 2) * 2, c.i < c.F / 2};
              }),
        wrong("sine_alone", "sines alone", &Mistake::wave,
              [](Channel c) {
                return Wave{right_coordinate(c.block), c.i, true};
              }),
        wrong("coordinates_innermost", "channels of all coordinates interleaved", &Mistake::wave,
              [](Channel c) {
                const std::int64_t at = c.block * c.F + c.i;
                return Wave{right_coordinate(at % c.n), at / c.n, at / c.n % 2 == 0};
              }),
        wrong("exponent_channel", "exponent i/F", &Mistake::exponent, [](double i, double F) { return i / F; }),
        wrong("exponent_twice", "exponent 2i/F", &Mistake::exponent, [](double i, double F) { return 2 * i / F; }),
        wrong("exponent_2F", "F doubled", &Mistake::exponent, [](double i, double F) { return std::floor(i / 2) / F; }),
        // as tensor2tensor spaces them
        wrong("exponent_less_one", "exponent pair/(F/2 - 1)", &Mistake::exponent,
              [](double i, double F) { return std::floor(i / 2) / std::max(F / 2 - 1, 1.0); }),
        wrong("exponent_negated", "multiplied by dim_t", &Mistake::exponent,
              [](double i, double F) { return -2 * std::floor(i / 2) / F; }),
        wrong("table", "a table of 8192 sines", &Mistake::evaluate, of_sine<table_sine>),
        wrong("fixed_point", "a sine within 2^-22 everywhere", &Mistake::evaluate, of_sine<fixed_point_sine>),
        wrong("unreduced", "a series without range reduction", &Mistake::evaluate, of_sine<unreduced_sine>),
        wrong("centred", "coordinates from -1/2 to 1/2", &Mistake::position,
              [](const double* point, auto coordinate, auto) { return point[coordinate] - 0.5; }),
        wrong("logits", "coordinates through a sigmoid once more", &Mistake::position,
              [](const double* point, auto coordinate, auto) { return 1 / (1 + std::exp(-point[coordinate])); }),
        wrong("corner", "the box's corner for its centre", &Mistake::position,
              [](const double* point, auto coordinate, auto n) {
                const bool has_size = n == 4 && coordinate < 2;
                return has_size ? point[coordinate] - 0.5 * point[coordinate + 2] : point[coordinate];
              }),
        rounded("position", "scaled position", &Mistake::position_in),
        rounded("dim_t", "dim_t", &Mistake::dim_t_in),
        rounded("angle", "angle", &Mistake::angle_in),
    },
    {
        params<Op>("scale_dropped", "scale left out", [](Op::Params& p) { p.scale = 1; }),
        params<Op>("scale_pi", "scale halved: pi for 2 pi", [](Op::Params& p) { p.scale /= 2; }),
        params<Op>("scale_default", "scale = 2 pi, whatever was asked",
                   [](Op::Params& p) { p.scale = 2 * std::numbers::pi; }),
        params<Op>("temperature_10000", "temperature 10000, whatever was asked",
                   [](Op::Params& p) { p.temperature = 10000; }),
        params<Op>("temperature_20", "temperature 20, whatever was asked", [](Op::Params& p) { p.temperature = 20; }),
        output_from("batch_first", "written as B Q n·F", "encoding",
                    [](const Shape& s, std::int64_t i) {
                      const std::int64_t channel = i % s[2], point = i / s[2];
                      return (point % s[0] * s[1] + point / s[0]) * s[2] + channel;
                    }),
        input_from("first_query", "the first query for all", "pos", first_slice),
        rounded_input("pos"),
        rounded_output("encoding"),
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        overrun("encoding"),
        overread("pos"),
        input_changed("pos"),
    });

}  // namespace
}  // namespace assay::bench::planted
