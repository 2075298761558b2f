// multi_scale_deformable_attention with every mistake a port was seen, or is likely, to make.
#include "reference/attention/multi_scale_deformable_attention.h"

#include <algorithm>
#include <array>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = MultiScaleDeformableAttention;

/// The extents of a case: images, queries, heads, levels, points, tokens, features.
struct Extents {
  std::int64_t B, Q, h, L, P, S, d;
};
struct Level {
  std::int64_t H, W, first;  ///< and the token it begins at
};
using Levels = std::vector<Level>;
/// Which sample of which row: the level and the point.
struct Sample {
  std::int64_t b, q, head, l, p;
};
/// A place in 0..1, or in pixels.
struct Place {
  double x, y;
};

std::int64_t in_order(const Extents& e, const Sample& s) {
  return (((s.b * e.Q + s.q) * e.h + s.head) * e.L + s.l) * e.P + s.p;
}
/// [P, levels] for [levels, P].
std::int64_t points_first(const Extents& e, const Sample& s) {
  return (((s.b * e.Q + s.q) * e.h + s.head) * e.P + s.p) * e.L + s.l;
}
/// [h, Q] for [Q, h].
std::int64_t heads_first(const Extents& e, const Sample& s) {
  return (((s.b * e.h + s.head) * e.Q + s.q) * e.L + s.l) * e.P + s.p;
}

double between_middles(double x, double extent) { return x * extent - 0.5; }

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  double (*pixel)(double location, double extent) = between_middles;
  Value pixel_in = same;
  void (*turn)(Place& location) = [](Place&) {};
  Level (*level)(const Levels&, std::size_t l) = [](const Levels& all, std::size_t l) { return all[l]; };
  /// The share of a corner that is `distance` pixels away.
  double (*share)(double distance) = [](double distance) { return 1 - std::abs(distance); };
  bool clamped = false;  ///< pixels outside are those of the border
  /// Whether a corner counts, within `extent` pixels.
  bool (*inside)(double corner, double extent) = [](double c, double extent) { return c >= 0 && c < extent; };
  double (*weight)(double own, double sum, double most) = [](double own, double, double) { return own; };
  std::int64_t (*location_at)(const Extents&, const Sample&) = in_order;
  std::int64_t (*weight_at)(const Extents&, const Sample&) = in_order;
  std::int64_t (*value_at)(const Extents&, std::int64_t b, std::int64_t token, std::int64_t head,
                           std::int64_t i) = [](const Extents& e, auto b, auto token, auto head, auto i) {
    return ((b * e.S + token) * e.h + head) * e.d + i;
  };
  std::int64_t (*out_at)(const Extents&, std::int64_t row, std::int64_t i) = [](const Extents& e, auto row, auto i) {
    return row * e.d + i;
  };
  std::int64_t (*levels)(std::int64_t L) = [](std::int64_t L) { return L; };
  std::int64_t (*points)(std::int64_t P) = [](std::int64_t P) { return P; };
  Value sum_in = same;
};

/// The pixels of a level that share in a sample, and how much.
struct Corner {
  std::int64_t token;
  double share;
};
std::vector<Corner> corners_of(const Mistake& mistake, const Level& level, Place location) {
  const auto W = static_cast<double>(level.W), H = static_cast<double>(level.H);
  mistake.turn(location);
  Place pixel{mistake.pixel_in(mistake.pixel(location.x, W)), mistake.pixel_in(mistake.pixel(location.y, H))};
  if (mistake.clamped) pixel = {std::clamp(pixel.x, 0.0, W - 1), std::clamp(pixel.y, 0.0, H - 1)};
  std::vector<Corner> corners;
  for (const double y : {std::floor(pixel.y), std::floor(pixel.y) + 1})
    for (const double x : {std::floor(pixel.x), std::floor(pixel.x) + 1}) {
      if (!mistake.inside(x, W) || !mistake.inside(y, H)) continue;
      corners.push_back({level.first + static_cast<std::int64_t>(y) * level.W + static_cast<std::int64_t>(x),
                         mistake.share(pixel.x - x) * mistake.share(pixel.y - y)});
    }
  return corners;
}

Levels levels_of(const View<const std::int64_t>& shapes) {
  Levels levels;
  std::int64_t first = 0;
  for (std::int64_t l = 0; l < shapes.shape[0]; ++l) {
    levels.push_back({shapes.data[2 * l], shapes.data[2 * l + 1], first});
    first += levels.back().H * levels.back().W;
  }
  return levels;
}

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const Shape& s = in.sampling_locations.shape;
  const Extents e{s[0], s[1], s[2], s[3], s[4], in.value.shape[1], in.value.shape[3]};
  const Levels levels = levels_of(in.spatial_shapes);
  for (std::int64_t row = 0; row < e.B * e.Q * e.h; ++row) {
    const double* weights = in.attention_weights.data + row * e.L * e.P;
    double all = 0, most = weights[0];
    for (std::int64_t i = 0; i < e.L * e.P; ++i) all += weights[i], most = std::max(most, weights[i]);
    std::vector<double> sum(static_cast<std::size_t>(e.d));
    const std::int64_t b = row / e.h / e.Q, head = row % e.h;
    for (std::int64_t l = 0; l < mistake.levels(e.L); ++l)
      for (std::int64_t p = 0; p < mistake.points(e.P); ++p) {
        const Sample sample{b, row / e.h % e.Q, head, l, p};
        const double* location = in.sampling_locations.data + 2 * mistake.location_at(e, sample);
        const double weight = mistake.weight(in.attention_weights.data[mistake.weight_at(e, sample)], all, most);
        for (const Corner& corner :
             corners_of(mistake, mistake.level(levels, static_cast<std::size_t>(l)), {location[0], location[1]}))
          for (std::int64_t i = 0; i < e.d && corner.token < e.S; ++i) {
            double& to = sum[static_cast<std::size_t>(i)];
            const std::int64_t at = mistake.value_at(e, b, corner.token, head, i);
            to = mistake.sum_in(to + weight * corner.share * in.value.data[at]);
          }
      }
    for (std::int64_t i = 0; i < e.d; ++i) out.out.data[mistake.out_at(e, row, i)] = sum[static_cast<std::size_t>(i)];
  }
}

const Plant<Op> plant(
    run,
    {
        wrong("align_corners", "x(W - 1): 0 and 1 are the middles of the outermost pixels", &Mistake::pixel,
              [](double x, double extent) { return x * (extent - 1); }),
        wrong("no_half", "half a pixel left out", &Mistake::pixel, [](double x, double extent) { return x * extent; }),
        wrong("half_added", "half a pixel added", &Mistake::pixel,
              [](double x, double extent) { return x * extent + 0.5; }),
        wrong("minus_one_to_one", "locations taken for grid_sample's -1..1", &Mistake::pixel,
              [](double x, double extent) { return ((x + 1) * extent - 1) / 2; }),
        wrong("half_of_location", "half a pixel taken off before scaling", &Mistake::pixel,
              [](double x, double extent) { return (x - 0.5) * extent; }),
        wrong("in_pixels", "locations taken for pixels", &Mistake::pixel, [](double x, double) { return x - 0.5; }),
        wrong("location_clamped", "locations clamped to 0..1", &Mistake::pixel,
              [](double x, double extent) { return std::clamp(x, 0.0, 1.0) * extent - 0.5; }),
        wrong("xy", "x and y swapped", &Mistake::turn, [](Place& at) { std::swap(at.x, at.y); }),
        wrong("y_flipped", "y from the bottom", &Mistake::turn, [](Place& at) { at.y = 1 - at.y; }),
        wrong("hw", "height and width swapped", &Mistake::level,
              [](const Levels& levels, std::size_t l) {
                return Level{levels[l].W, levels[l].H, levels[l].first};
              }),
        wrong("no_offset", "every level read from the first token on", &Mistake::level,
              [](const Levels& levels, std::size_t l) {
                return Level{levels[l].H, levels[l].W, 0};
              }),
        wrong("previous_offset", "a level begins where the one before alone would end", &Mistake::level,
              [](const Levels& levels, std::size_t l) {
                return Level{levels[l].H, levels[l].W, l == 0 ? 0 : levels[l - 1].H * levels[l - 1].W};
              }),
        wrong("offset_behind", "a level's own tokens added to its offset", &Mistake::level,
              [](const Levels& levels, std::size_t l) {
                return Level{levels[l].H, levels[l].W, levels[l].first + levels[l].H * levels[l].W};
              }),
        wrong("offset_squared", "levels taken for squares of their width in offsets", &Mistake::level,
              [](const Levels& levels, std::size_t l) {
                std::int64_t first = 0;
                for (std::size_t i = 0; i < l; ++i) first += levels[i].W * levels[i].W;
                return Level{levels[l].H, levels[l].W, first};
              }),
        wrong("first_level", "the first level's size for all", &Mistake::level,
              [](const Levels& levels, std::size_t l) {
                return Level{levels[0].H, levels[0].W, levels[l].first};
              }),
        wrong("nearest", "the nearest pixel", &Mistake::share,
              [](double distance) { return distance > -0.5 && distance <= 0.5 ? 1.0 : 0.0; }),
        wrong("smooth", "shares eased in and out", &Mistake::share,
              [](double distance) {
                const double near = 1 - std::abs(distance);
                return near * near * (3 - 2 * near);
              }),
        wrong("shares_swapped", "each corner with the share of the one across", &Mistake::share,
              [](double distance) { return std::abs(distance); }),
        wrong("border", "pixels outside taken from the border", &Mistake::clamped, true),
        wrong("inside_alone", "no sample between the border and the outermost middles", &Mistake::inside,
              [](double c, double extent) { return c > 0 && c < extent; }),
        wrong("last_dropped", "the last row and column never read", &Mistake::inside,
              [](double c, double extent) { return c >= 0 && c < extent - 1; }),
        wrong("normalised", "weights brought to a sum of one", &Mistake::weight,
              [](double weight, double sum, double) { return weight / sum; }),
        wrong("softmax", "softmax of the weights", &Mistake::weight,
              [](double weight, double, double most) { return std::exp(weight - most); }),
        wrong("unweighted", "weights left out", &Mistake::weight, [](double, double, double) { return 1.0; }),
        wrong("locations_points_first", "points and levels of locations swapped", &Mistake::location_at, points_first),
        wrong("weights_points_first", "points and levels of weights swapped", &Mistake::weight_at, points_first),
        wrong("locations_heads_first", "heads and queries of locations swapped", &Mistake::location_at, heads_first),
        wrong("weights_heads_first", "heads and queries of weights swapped", &Mistake::weight_at, heads_first),
        wrong("locations_first_head", "the first head's locations for all", &Mistake::location_at,
              [](const Extents& e, const Sample& s) {
                return in_order(e, {s.b, s.q, 0, s.l, s.p});
              }),
        wrong("locations_first_level", "the first level's locations for all", &Mistake::location_at,
              [](const Extents& e, const Sample& s) {
                return in_order(e, {s.b, s.q, s.head, 0, s.p});
              }),
        wrong("value_heads_first", "value read as B h S d", &Mistake::value_at,
              [](const Extents& e, auto b, auto token, auto head, auto i) {
                return ((b * e.h + head) * e.S + token) * e.d + i;
              }),
        wrong("value_features_first", "value read as B S d h", &Mistake::value_at,
              [](const Extents& e, auto b, auto token, auto head, auto i) {
                return ((b * e.S + token) * e.d + i) * e.h + head;
              }),
        wrong("value_first_head", "the first head's values for all", &Mistake::value_at,
              [](const Extents& e, auto b, auto token, auto, auto i) { return (b * e.S + token) * e.h * e.d + i; }),
        wrong("out_features_first", "result written as d h", &Mistake::out_at,
              [](const Extents& e, auto row, auto i) { return row / e.h * e.h * e.d + i * e.h + row % e.h; }),
        wrong("last_level_dropped", "the last level left out", &Mistake::levels, [](auto L) { return L - 1; }),
        wrong("last_point_dropped", "the last point left out", &Mistake::points, [](auto P) { return P - 1; }),
        wrong("four_points", "four points, however many there are", &Mistake::points,
              [](auto P) { return std::min<std::int64_t>(P, 4); }),
        rounded("pixel", "pixels", &Mistake::pixel_in),
        rounded("sum", "sums", &Mistake::sum_in),
    },
    {
        input_from("first_image", "the first image's values for all", "value", first_slice),
        input_from("first_image_locations", "the first image's locations for all", "sampling_locations", first_slice),
        rounded_input("value"),
        rounded_input("sampling_locations"),
        rounded_input("attention_weights"),
        rounded_output("out"),
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        zeros_stale(),
        overrun("out"),
        overread("value"),
        input_changed("sampling_locations"),
    });

}  // namespace
}  // namespace assay::bench::planted
