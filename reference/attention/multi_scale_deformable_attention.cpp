// Validation, oracle, error scale, cost and cases of multi_scale_deformable_attention.
#include "reference/attention/multi_scale_deformable_attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/value_classes.h"

namespace assay {
namespace {

using Op = MultiScaleDeformableAttention;
using Levels = std::vector<std::pair<std::int64_t, std::int64_t>>;  ///< (height, width)

// ---- the oracle ----

/// What one head sees of one level: H·W tokens of d features, `stride` apart.
struct Level {
  const double* tokens;
  std::int64_t H, W, stride;
  const double* zeros;  ///< [d]: every token outside

  const double* token(std::int64_t y, std::int64_t x) const {
    return x >= 0 && x < W && y >= 0 && y < H ? tokens + (y * W + x) * stride : zeros;
  }
};

/// A location along one axis. A cell reaches from the middle of one pixel to that of the next.
struct Along {
  std::int64_t cell;    ///< the number of the pixel it begins at
  double fraction;      ///< 0..1 within the cell
  std::int64_t beside;  ///< the cell beside it, if the location is within its own error of their border; else `cell`
  double error;         ///< of the location, in pixels and units of u
};

/// The error of a location in float32 as transformers computes it: 2x − 1 rounds by u|2x − 1|, which is u(|x|W + W/2)
/// pixels at most; 1 added, times W, and 1 subtracted round by u|x|W each, the last by u/2 more. Together they are at
/// most four times u(|x|W + W/2 + 1), which is the error stated here; c = 16 is four times that again.
Along along(double location, std::int64_t extent) {
  constexpr double u = 0x1p-24;
  const auto W = static_cast<double>(extent);
  const double pixel = location * W - 0.5, first = std::floor(pixel), fraction = pixel - first;
  const double error = std::abs(location) * W + W / 2 + 1, reach = 4 * u * error;
  const auto cell = static_cast<std::int64_t>(first);
  std::int64_t beside = cell;
  if (fraction < reach) beside = cell - 1;
  if (1 - fraction < reach) beside = cell + 1;
  return {cell, fraction, beside, error};
}

/// Whether a location is so far outside that the sample is zero, whatever its error.
bool is_far(double location, std::int64_t extent) {
  const double pixel = location * static_cast<double>(extent) - 0.5;
  return !(pixel > -3 && pixel < static_cast<double>(extent) + 2);
}

/// The four tokens around a location.
struct Corners {
  const double *top_left, *top_right, *bottom_left, *bottom_right;
  Corners(const Level& level, std::int64_t y, std::int64_t x)
      : top_left(level.token(y, x)),
        top_right(level.token(y, x + 1)),
        bottom_left(level.token(y + 1, x)),
        bottom_right(level.token(y + 1, x + 1)) {}
  /// x and y exchanged.
  Corners transposed() const {
    Corners other = *this;
    std::swap(other.top_right, other.bottom_left);
    return other;
  }
};

/// The sum of one head of one query, and what it is made with.
struct Sum {
  double *values, *scale;  ///< [d]
  std::int64_t d;
  double additions;                       ///< 1 + √min(n, 4096)/4, n samples
  std::vector<double>&slope_x, &slope_y;  ///< [d]
};

/// |∂r/∂x| within a cell, `f` of the way from the top to the bottom; the larger of that and what stands there.
void steepest(const Corners& at, double f, std::vector<double>& slope) {
  for (std::size_t i = 0; i < slope.size(); ++i) {
    const double top = at.top_right[i] - at.top_left[i], bottom = at.bottom_right[i] - at.bottom_left[i];
    slope[i] = std::max(slope[i], std::abs((1 - f) * top + f * bottom));
  }
}

/// The slopes along x and y; where a location may be taken for one in the cell beside, the larger of both cells'.
void find_slopes(const Level& level, const Along& x, const Along& y, const Sum& sum) {
  std::fill(sum.slope_x.begin(), sum.slope_x.end(), 0.0);
  std::fill(sum.slope_y.begin(), sum.slope_y.end(), 0.0);
  steepest({level, y.cell, x.cell}, y.fraction, sum.slope_x);
  steepest(Corners(level, y.cell, x.cell).transposed(), x.fraction, sum.slope_y);
  if (x.beside != x.cell) steepest({level, y.cell, x.beside}, y.fraction, sum.slope_x);
  if (y.beside != y.cell) steepest(Corners(level, y.beside, x.cell).transposed(), x.fraction, sum.slope_y);
}

void add_sample(const Level& level, const double* location, double weight, const Sum& sum) {
  if (is_far(location[0], level.W) || is_far(location[1], level.H)) return;
  const Along x = along(location[0], level.W), y = along(location[1], level.H);
  find_slopes(level, x, y, sum);
  const Corners at(level, y.cell, x.cell);
  const double top_left = (1 - y.fraction) * (1 - x.fraction), top_right = (1 - y.fraction) * x.fraction,
               bottom_left = y.fraction * (1 - x.fraction), bottom_right = y.fraction * x.fraction;
  const double *slope_x = sum.slope_x.data(), *slope_y = sum.slope_y.data();
  for (std::int64_t i = 0; i < sum.d; ++i) {
    const double a = top_left * at.top_left[i], b = top_right * at.top_right[i], c = bottom_left * at.bottom_left[i],
                 e = bottom_right * at.bottom_right[i];
    sum.values[i] += weight * (a + b + c + e);
    const double magnitude = std::abs(a) + std::abs(b) + std::abs(c) + std::abs(e);
    sum.scale[i] += std::abs(weight) * (sum.additions * magnitude + slope_x[i] * x.error + slope_y[i] * y.error);
  }
}

std::int64_t tokens_before(const View<const std::int64_t>& shapes, std::int64_t level) {
  std::int64_t tokens = 0;
  for (std::int64_t l = 0; l < level; ++l) tokens += shapes.data[2 * l] * shapes.data[2 * l + 1];
  return tokens;
}

// ---- cases ----

Values values_of(const Levels& levels) {
  Values values;
  for (const auto& [height, width] : levels) {
    values.elements.push_back(static_cast<double>(height));
    values.elements.push_back(static_cast<double>(width));
  }
  return values;
}

struct Extents {
  std::int64_t B, Q, h, d, P;
};

/// Weights of deviation and mean such that 16 samples sum up to about 1. Values with a mean, as behind a ReLU.
CaseOf<Op> attention_case(std::string name, std::string source, const Extents& of, const Levels& levels,
                          const Recipe& locations, Tier tier = Tier::small) {
  const auto L = static_cast<std::int64_t>(levels.size());
  std::int64_t S = 0;
  for (const auto& [height, width] : levels) S += height * width;
  return {std::move(name),
          std::move(source),
          {},
          {{"value", {of.B, S, of.h, of.d}, Uniform{-0.5, 1.5}},
           {"spatial_shapes", {L, 2}, values_of(levels)},
           {"sampling_locations", {of.B, of.Q, of.h, L, of.P, 2}, locations},
           {"attention_weights", {of.B, of.Q, of.h, L, of.P}, Uniform{0, 0.125}}},
          tier};
}

/// A little beyond 0..1, as offsets take locations near an image's border.
constexpr Uniform around{-0.1, 1.1};

/// Deformable-DETR on 800×1333: strides 8, 16, 32 and 64.
Levels deformable() { return {{100, 167}, {50, 84}, {25, 42}, {13, 21}}; }

/// One level, and each pair of x and y from one and a half pixels before the first to one and a half behind the last in
/// steps of half a pixel: the middle of each cell and of each pixel, the image's border, and a pixel beyond it.
CaseOf<Op> half_pixels_case(std::string name, std::int64_t H, std::int64_t W) {
  Values locations;
  for (std::int64_t y = -3; y <= 2 * H + 1; ++y)
    for (std::int64_t x = -3; x <= 2 * W + 1; ++x) {
      locations.elements.push_back((static_cast<double>(x) / 2 + 0.5) / static_cast<double>(W));
      locations.elements.push_back((static_cast<double>(y) / 2 + 0.5) / static_cast<double>(H));
    }
  const auto Q = static_cast<std::int64_t>(locations.elements.size() / 2);
  return attention_case(std::move(name),
                        "an exact middle of a pixel or a border of the image, half a pixel before and behind",
                        {1, Q, 1, 5, 1}, {{H, W}}, locations);
}

}  // namespace

std::vector<Shape> Op::infer(const Params&, const Inputs<double>& in) {
  const std::int64_t levels = in.spatial_shapes.shape[0], S = in.value.shape[1];
  std::int64_t tokens = 0;
  for (std::int64_t l = 0; l < levels; ++l) {
    const std::int64_t H = in.spatial_shapes.data[2 * l], W = in.spatial_shapes.data[2 * l + 1];
    if (H < 1 || W < 1)
      reject(name, fmt::format("spatial_shapes[{}] is ({}, {}), but height and width must be positive", l, H, W));
    std::int64_t of_level = 0;
    if (__builtin_mul_overflow(H, W, &of_level) || __builtin_add_overflow(tokens, of_level, &tokens))
      reject(name,
             fmt::format("spatial_shapes adds up to more tokens than can be counted at [{}] = ({}, {})", l, H, W));
  }
  if (tokens != S)
    reject(name, fmt::format("spatial_shapes adds up to {} tokens, but input value has shape {} with {}", tokens,
                             to_string(in.value.shape), S));
  return {{in.value.shape[0], in.sampling_locations.shape[1], in.value.shape[2] * in.value.shape[3]}};
}

/// An infinite location has no fraction of a pixel, and frameworks differ on NaN.
void Op::validate(const Params&, const Inputs<double>& in) {
  const Shape& s = in.sampling_locations.shape;
  for (std::int64_t i = 0; i < s.elements(); ++i)
    if (const double location = in.sampling_locations.data[i]; !std::isfinite(location)) {
      Shape index = s;
      for (std::size_t axis = s.rank(), rest = static_cast<std::size_t>(i); axis-- > 0;) {
        const auto extent = static_cast<std::size_t>(s[axis]);
        index[axis] = static_cast<std::int64_t>(rest % extent);
        rest /= extent;
      }
      reject(name,
             fmt::format("sampling_locations{} is {}, but a location must be finite", to_string(index), location));
    }
}

/// S = Σ|w|(|v|(1 + √min(n, 4096)/4) + D_x·(|x|W + W/2 + 1) + D_y·(|y|H + H/2 + 1)), |v| the bilinear sum of magnitudes
/// and D the slope in pixels. An error of the location moves the sample by as much as the surface is steep there: see
/// along() for that error, and find_slopes() for locations beside which the slope changes. The products round by a few
/// u|w||v|, and adding n samples is a sum of n terms: 4·√min(n, 4096)·u, a sixteenth of it here because c is 16.
void Op::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const Shape& s = in.sampling_locations.shape;
  const std::int64_t B = s[0], Q = s[1], h = s[2], L = s[3], P = s[4], S = in.value.shape[1], d = in.value.shape[3];
  const std::vector<double> zeros(static_cast<std::size_t>(d));
  std::vector<double> slope_x = zeros, slope_y = zeros;
  const double additions = 1 + std::sqrt(std::min(static_cast<double>(L * P), 4096.0)) / 4;
  std::vector<std::int64_t> before;
  for (std::int64_t l = 0; l < L; ++l) before.push_back(tokens_before(in.spatial_shapes, l));
  std::fill_n(out.out.data, out.out.shape.elements(), 0.0);
  std::fill(error[0].begin(), error[0].end(), 0.0);
  for (std::int64_t row = 0; row < B * Q * h; ++row) {
    const std::int64_t b = row / h / Q, head = row % h;
    const Sum sum{out.out.data + row * d, error[0].data() + row * d, d, additions, slope_x, slope_y};
    for (std::int64_t l = 0; l < L; ++l) {
      const double* tokens = in.value.data + ((b * S + before[static_cast<std::size_t>(l)]) * h + head) * d;
      const Level level{tokens, in.spatial_shapes.data[2 * l], in.spatial_shapes.data[2 * l + 1], h * d, zeros.data()};
      for (std::int64_t p = 0; p < P; ++p) {
        const std::int64_t sample = (row * L + l) * P + p;
        add_sample(level, in.sampling_locations.data + 2 * sample, in.attention_weights.data[sample], sum);
      }
    }
  }
}

/// Which values are read, and how much is computed with them, depends on the locations: all may lie outside. So only
/// locations, weights and results are counted.
Cost Op::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t moved =
      in.sampling_locations.shape.elements() + in.attention_weights.shape.elements() + infer(params, in)[0].elements();
  return {static_cast<double>(moved * element_bytes), 0};
}

std::vector<CaseOf<Op>> Op::cases() {
  const Levels coarse{deformable()[2], deformable()[3]};
  const std::string detr = "Deformable-DETR on 800x1333: deformable_l0 to l3, 8 heads of 32, 4 points; ";
  std::vector<CaseOf<Op>> made = {
      attention_case("deformable_decoder", detr + "300 queries, the decoder's cross-attention", {1, 300, 8, 32, 4},
                     deformable(), around, Tier::workload),
      // large by its time, not its bytes: ATen takes most of a second a call
      attention_case("deformable_encoder", detr + "one query a token, the encoder's self-attention",
                     {1, 22223, 8, 32, 4}, deformable(), AroundTokens{deformable(), 4}, Tier::large),
      attention_case("deformable_encoder_coarse", "the same encoder on its two coarsest levels, deformable_l2 and l3",
                     {1, 1323, 8, 32, 4}, coarse, AroundTokens{coarse, 4}, Tier::workload)};
  made.push_back(attention_case("unequal_levels_b3", "levels, heads, points and queries of prime and unequal numbers",
                                {3, 7, 3, 5, 2}, {{3, 5}, {7, 2}, {1, 4}, {6, 1}, {2, 2}}, around));
  made.push_back(attention_case("features_33", "features that fill no whole number of vectors", {2, 5, 2, 33, 3},
                                {{5, 4}, {3, 7}}, around));
  made.push_back(half_pixels_case("half_pixels_7x5", 7, 5));
  made.push_back(half_pixels_case("half_pixels_1x3", 1, 3));
  made.push_back(half_pixels_case("half_pixels_4x8", 4, 8));
  made.push_back(attention_case("one_pixel", "a level of one pixel: all four borders in reach", {2, 9, 2, 3, 4},
                                {{1, 1}}, Uniform{-1, 2}));
  made.push_back(attention_case("far_outside", "locations that no integer of 32 or 64 bits holds, beside ordinary ones",
                                {1, 11, 2, 4, 3}, {{4, 6}, {2, 3}},
                                Choice{{-1e30, -1e12, -3e9, -2, 0.3, 0.45, 0.6, 0.75, 3, 3e9, 1e12, 1e30}}));
  made.push_back(attention_case("near_zero", "locations near 0, where 2x - 1 cancels", {1, 13, 2, 4, 2},
                                {{31, 17}, {5, 9}}, Uniform{-0x1p-12, 0x1p-12}));
  made.push_back(attention_case("extents_alike", "all extents 2: one axis taken for another", {2, 2, 2, 2, 2},
                                {{1, 1}, {1, 1}}, Uniform{0, 1}));
  made.push_back(attention_case("levels_as_points", "as many points as levels, heads as features: one for the other",
                                {3, 4, 4, 4, 3}, {{4, 3}, {2, 5}, {3, 2}}, around));
  made.push_back(attention_case("shapes_transposed", "shapes whose transpose has as many tokens", {2, 5, 2, 4, 2},
                                {{2, 1}, {3, 2}}, around));
  made.push_back(attention_case("sum_of_1024", "a sum of 1,024 samples", {1, 2, 1, 3, 256},
                                {{5, 7}, {3, 4}, {2, 3}, {1, 2}}, around));
  return made;
}

namespace {

constexpr std::string_view shapes_field = "spatial_shapes";

/// Height and width of each level of a drawn case.
Levels drawn_levels(const Choices& choices) {
  const std::int64_t count = choices.extent("levels");
  const auto heights = values::numbers_within(choices, shapes_field, "H", count, 1, 0),
             widths = values::numbers_within(choices, shapes_field, "W", count, 1, 1);
  Levels levels;
  for (std::size_t l = 0; l < heights.size(); ++l) levels.emplace_back(heights[l], widths[l]);
  return levels;
}

std::int64_t drawn_tokens(const Choices& choices) {
  std::int64_t tokens = 0;
  for (const auto& [height, width] : drawn_levels(choices)) tokens += height * width;
  return tokens;
}

/// Whether float32 tells something of most elements: a location is off by up to a millionth of the side. On the longest
/// sides that is a share of a pixel, so that values must not change from one to the next. The other values change by
/// about as much as they are; where neither they nor the weights have a mean, n samples cancel to √n of them. Weights
/// without a mean may cancel to next to nothing: among eight queries and heads some do not.
bool is_a_test(const Choices& choices) {
  constexpr std::int64_t longest = 1025;
  const std::int64_t side = std::max(choices.extent("H"), choices.extent("W"));
  const auto is_one_of = [&](std::string_view field, std::initializer_list<std::string_view> levels) {
    return std::any_of(levels.begin(), levels.end(), [&](std::string_view level) { return choices.is(field, level); });
  };
  if (side > longest)
    return is_one_of("value", {"equal", "ascending", "descending"}) &&
           is_one_of("sampling_locations", {"plain", "inside"});
  const bool weights_cancel = is_one_of("attention_weights", {"large", "small", "outlier_last"});
  const bool cancels = weights_cancel || is_one_of("value", {"large", "small", "outlier_last"});
  const auto n = static_cast<double>(choices.extent("levels") * choices.extent("P"));
  if (weights_cancel && n > 1 && choices.extent("B") * choices.extent("Q") * choices.extent("h") < 8) return false;
  return !cancels || static_cast<double>(side) * std::sqrt(n) <= 600;
}

/// One sample of one feature each.
double samples_of(const Choices& choices) {
  double samples = 1;
  for (const std::string_view axis : {"B", "Q", "h", "d", "levels", "P"})
    samples *= static_cast<double>(choices.extent(axis));
  return samples;
}

/// Sides of feature maps: those of 2²⁴ + 1 leave float32 no fraction of a pixel.
ExtentRange sides(std::string_view name) {
  ExtentRange range = extents(name);
  std::erase_if(range.levels, [](std::int64_t extent) { return extent > 65537; });
  return range;
}

std::vector<ValueClass> location_classes() {
  const auto each = [](auto is) {
    return [is](const TensorRef& tensor) {
      for (std::int64_t i = 0; i < tensor.shape.elements(); ++i)
        if (!is(value_at(tensor, i))) return false;
      return true;
    };
  };
  std::vector<ValueClass> classes =
      values::reals(around, {"equal", "ties", "large", "small", "outlier_last", "minus_zero", "subnormal"});
  classes.push_back(values::always("inside", Uniform{0, 1}, each([](double x) { return x >= 0 && x < 1; })));
  // the middles of pixels and the borders between them wherever a side is 1, 2, 4 or 8
  classes.push_back(
      values::always("eighths", Choice{{-0.25, -0.125, 0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1.125, 1.25}},
                     each([](double x) { return std::abs(x) < 2 && x * 8 == std::floor(x * 8); })));
  classes.push_back(values::always("border", Choice{{0, 1}}, each([](double x) { return x == 0 || x == 1; })));
  classes.push_back(
      values::always("outside", Choice{{-3, -1.5, 2.5, 4}}, each([](double x) { return std::abs(x - 0.5) >= 2; })));
  return classes;
}

}  // namespace

/// No subnormal values or weights: what they leave of a result is less than what a bound allows at 0.
Domain Op::domain() {
  return {.extents = {counts("B"), counts("levels"), sides("H"), sides("W"), extents("Q"), counts("h"), extents("d"),
                      counts("P")},
          .fields = {{"value", values::reals(Normal{1, 0.5}, {"equal", "ties", "ascending", "descending", "large",
                                                              "small", "outlier_last", "minus_zero"})},
                     {shapes_field, values::within({"H", "W"}, 1)},
                     {"sampling_locations", location_classes()},
                     {"attention_weights",
                      values::reals(Uniform{0, 0.25}, {"equal", "ties", "ascending", "descending", "large", "small",
                                                       "outlier_last", "minus_zero"})}},
          .derived = {{"S", drawn_tokens}},
          .valid = is_a_test,
          .work = samples_of,
          .independent = "Q"};
}

}  // namespace assay
