// Validation, oracle, error scale, cost and cases of sine_position_encoding.
#include "reference/position_encoding/sine_position_encoding.h"

#include <fmt/format.h>

#include <cmath>

#include "reference/masking/mask_downsample.h"
#include "reference/value_classes.h"
#include "reference/workloads.h"

namespace assay {
namespace {

using Sine = SinePositionEncoding;
using workloads::Sizes;

// ---- the oracle ----

/// One of the two halves of the channels: y with the lines along H, or x with the lines along W.
struct Half {
  double temperature;
  std::int64_t first_channel;
};

/// Position of one pixel on its line (the count of valid pixels up to and with it), and the whole line's count.
struct Place {
  double position, last;
  friend bool operator==(const Place&, const Place&) = default;
};

/// Where channel c of pixel (b, y, x) lies in the output.
struct Layout {
  std::int64_t channels, height, width;
  bool channels_last;
  std::int64_t index(std::int64_t b, std::int64_t c, std::int64_t y, std::int64_t x) const {
    return channels_last ? ((b * height + y) * width + x) * channels + c
                         : ((b * channels + c) * height + y) * width + x;
  }
};

struct Wave {
  double dim_t;
  double temperature_share;  ///< how much the rounding of T^e adds, relative: 1 + e·|ln T|/4
  bool sine;
};

Wave wave_of(double temperature, std::int64_t i, std::int64_t F) {
  const std::int64_t pair = i / 2;
  const double exponent = 2.0 * static_cast<double>(pair) / static_cast<double>(F);
  return {std::pow(temperature, exponent), 1 + exponent * std::abs(std::log(temperature)) / 4, i % 2 == 0};
}

struct Truth {
  double value, scale;
};

/// The value, and how ill-conditioned it is. sin and cos turn an absolute error of their argument v/dim_t into one no
/// larger, so S is that argument with its parts taken absolutely (v and offset may cancel, their roundings do not),
/// times what the rounding of T^e adds, plus |r| for the rounding of the result.
Truth evaluate(const Sine::Params& params, const Place& place, const Wave& wave) {
  double argument = place.position, magnitude = place.position;
  if (params.normalize) {
    const double factor = params.scale / (place.last + params.eps);
    argument = (place.position + params.offset) / (place.last + params.eps) * params.scale;
    magnitude = (std::abs(place.position) + std::abs(params.offset)) * std::abs(factor);
  }
  argument /= wave.dim_t;
  const double value = wave.sine ? std::sin(argument) : std::cos(argument);
  if (std::isnan(value)) return {value, 0};  // 0/0 on a padded line without eps: the NaN itself is the specified result
  return {value, magnitude / wave.dim_t * wave.temperature_share + std::abs(value)};
}

/// Cumulative counts of ¬mask of one image, along its columns (the y half) or along its rows, and each line's total.
class Places {
 public:
  Places(const bool* mask, std::int64_t H, std::int64_t W, bool along_y)
      : W_(W), along_y_(along_y), positions_(static_cast<std::size_t>(H * W)) {
    if (along_y) {
      last_.resize(static_cast<std::size_t>(W));
      for (std::int64_t row = 0; row < H; ++row)
        for (std::int64_t column = 0; column < W; ++column) count(mask, row * W + column, column);
    } else {
      last_.resize(static_cast<std::size_t>(H));
      for (std::int64_t row = 0; row < H; ++row)
        for (std::int64_t column = 0; column < W; ++column) count(mask, row * W + column, row);
    }
  }

  Place at(std::int64_t y, std::int64_t x) const {
    return {positions_[static_cast<std::size_t>(y * W_ + x)], last_[static_cast<std::size_t>(along_y_ ? x : y)]};
  }

  bool along_y() const { return along_y_; }

  /// Whether the line beside the one of this pixel, on the left or above, has the same place there: then so have its
  /// values. Most lines of a padded batch are alike.
  bool is_repeated(std::int64_t y, std::int64_t x) const {
    if (along_y_) return x > 0 && at(y, x) == at(y, x - 1);
    return y > 0 && at(y, x) == at(y - 1, x);
  }

 private:
  void count(const bool* mask, std::int64_t pixel, std::int64_t line) {
    double& last = last_[static_cast<std::size_t>(line)];
    positions_[static_cast<std::size_t>(pixel)] = last += mask[pixel] ? 0 : 1;
  }

  std::int64_t W_;
  bool along_y_;
  std::vector<double> positions_, last_;  ///< by pixel, by line
};

/// On a line that is padded whole an offset leaves offset/eps·scale, −3.14e6 for −0.5/1e-6·2π: float32 carries no
/// information about its sine, and the operator leaves it open. Without eps it is ±∞ and the NaN is the result.
bool carries_nothing(const Sine::Params& params, const Place& place, const Truth& truth) {
  return params.normalize && params.offset != 0 && place.last == 0 && !std::isnan(truth.value);
}

/// One channel of one image.
struct Channel {
  const Sine::Params& params;
  const Layout& layout;
  const Places& places;
  Wave wave;
  std::int64_t b, c;
  std::int64_t index(std::int64_t y, std::int64_t x) const { return layout.index(b, c, y, x); }
};

void encode(const Channel& channel, double* encoding, ErrorScale& error) {
  const Places& places = channel.places;
  std::vector<double>& scale = error[0];
  for (std::int64_t y = 0; y < channel.layout.height; ++y)
    for (std::int64_t x = 0; x < channel.layout.width; ++x) {
      const std::int64_t i = channel.index(y, x);
      Truth truth{};
      if (places.is_repeated(y, x)) {
        const std::int64_t beside = places.along_y() ? channel.index(y, x - 1) : channel.index(y - 1, x);
        truth = {encoding[beside], scale[static_cast<std::size_t>(beside)]};
      } else {
        truth = evaluate(channel.params, places.at(y, x), channel.wave);
      }
      encoding[i] = truth.value;
      scale[static_cast<std::size_t>(i)] = truth.scale;
      if (carries_nothing(channel.params, places.at(y, x), truth)) error.leave_open(0, {i, -1, 1});
    }
}

// ---- cases ----

CaseOf<Sine> sine_case(std::string name, std::string source, const Sizes& valid, std::int64_t H, std::int64_t W,
                       const Sine::Params& params) {
  return {std::move(name),
          std::move(source),
          params,
          {{"mask", {static_cast<std::int64_t>(valid.size()), H, W}, PaddingOf{valid}}}};
}

/// DETR's own settings: 2·128 channels, normalised.
Sine::Params detr() { return {.num_pos_feats = 128, .normalize = true}; }
Sine::Params deformable() { return {.num_pos_feats = 128, .normalize = true, .offset = -0.5}; }

/// The mask of a batch after mask_downsample to H×W.
CaseOf<Sine> batch_case(std::string name, std::string source, const Sizes& images, std::int64_t H, std::int64_t W) {
  const auto [height, width] = workloads::canvas(images);
  Sizes valid;
  for (const auto& [h, w] : images)
    valid.emplace_back(MaskDownsample::downsampled_extent(h, height, H),
                       MaskDownsample::downsampled_extent(w, width, W));
  return sine_case(std::move(name), std::move(source), valid, H, W, detr());
}

}  // namespace

std::vector<Shape> Sine::infer(const Params& params, const Inputs<double>& in) {
  const std::int64_t F = params.num_pos_feats;
  require_positive(name, "num_pos_feats", F);
  if (F % 2 != 0) reject(name, fmt::format("num_pos_feats is {}, but it must be even: sines and cosines alternate", F));
  if (F > INT64_MAX / 2) reject(name, fmt::format("num_pos_feats is {}, more channels than can be addressed", F));
  if (!(params.temperature_h > 0))
    reject(name, fmt::format("temperature_h is {}, but it must be positive", params.temperature_h));
  if (!(params.temperature_w > 0))
    reject(name, fmt::format("temperature_w is {}, but it must be positive", params.temperature_w));
  if (!(params.eps >= 0)) reject(name, fmt::format("eps is {}, but it must not be negative", params.eps));
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2];
  if (params.channels_last) return {{B, H, W, 2 * F}};
  return {{B, 2 * F, H, W}};
}

void Sine::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const std::int64_t B = in.mask.shape[0], H = in.mask.shape[1], W = in.mask.shape[2], F = params.num_pos_feats;
  const Layout layout{2 * F, H, W, params.channels_last};
  for (std::int64_t b = 0; b < B; ++b)
    for (const bool along_y : {true, false}) {
      const Places places(in.mask.data + b * H * W, H, W, along_y);
      for (std::int64_t c = 0; c < F; ++c) {
        const Wave wave = wave_of(along_y ? params.temperature_h : params.temperature_w, c, F);
        encode({params, layout, places, wave, b, along_y ? c : F + c}, out.encoding.data, error);
      }
    }
}

/// No arithmetic is counted: the lines of a rectangular mask are few, and most elements are copies of one computed
/// before, so no number of sines is compulsory.
Cost Sine::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  return {static_cast<double>(in.mask.shape.elements() + infer(params, in)[0].elements() * element_bytes), 0};
}

std::vector<CaseOf<Sine>> Sine::cases() {
  const std::string coco = "DETR (facebookresearch/detr) on COCO, stride 32";
  const std::string level = "Deformable-DETR on 800x1333, nothing padded";
  std::vector<CaseOf<Sine>> made = {
      sine_case("seed_4x4", "worked example: 3x3 valid of 4x4, channels last", {{3, 3}}, 4, 4,
                {.num_pos_feats = 10, .channels_last = true}),
      batch_case("seed_2img", "worked example: two images that differ in width", workloads::seed_2img(), 24, 32),
      batch_case("coco_pair", coco, workloads::coco_pair(), 25, 38),
      batch_case("coco_mixed_b8", coco, workloads::coco_mixed_b8(), 34, 42),
      batch_case("coco_max", coco, workloads::coco_max(), 25, 42),
      batch_case("dc5_max", "DETR-DC5: stride 16", workloads::coco_max(), 50, 84),
      sine_case("deformable_l0", level, {{100, 167}}, 100, 167, deformable()),
      sine_case("deformable_l1", level, {{50, 84}}, 50, 84, deformable()),
      sine_case("deformable_l2", level, {{25, 42}}, 25, 42, deformable()),
      sine_case("deformable_l3", level, {{13, 21}}, 13, 21, deformable()),
      batch_case("deformable_b8", "Deformable-DETR: the finest level of a mixed batch, stride 8",
                 workloads::coco_mixed_b8(), 134, 167)};
  made.push_back(sine_case("long_lines", "a count kept in 8 bits or bfloat16 (right up to 256) or in float16 (2048)",
                           {{2, 2100}, {1, 2077}}, 2, 2100, {.num_pos_feats = 4, .normalize = true}));
  made.back().tier = Tier::small;
  made.push_back(sine_case("offset_padded_lines",
                           "a sine that fails on -3.14e6, which an offset leaves on padded lines: open, but finite",
                           {{5, 7}, {3, 11}, {6, 4}}, 6, 11, {.num_pos_feats = 16, .normalize = true, .offset = -0.5}));
  made.back().tier = Tier::small;
  // a frozen count is off by 1/64 there; two columns, since a single one lies in memory as a row does
  constexpr std::int64_t long_line = (1 << 24) + (1 << 18);
  const Sine::Params few_channels{.num_pos_feats = 2, .normalize = true};
  made.push_back(sine_case("count_beyond_2_24", "a count along rows in float32, which stops at 2^24", {{1, long_line}},
                           1, long_line, few_channels));
  made.push_back(sine_case("count_beyond_2_24_down", "a count down columns in float32, which stops at 2^24",
                           {{long_line, 2}}, long_line, 2, few_channels));
  return made;
}

namespace {

/// Whether float32 tells something of most elements. Unnormalised positions are angles, whose error grows with them;
/// an offset leaves lines open that are padded whole.
bool is_a_test(const Choices& choices) {
  constexpr std::int64_t longest_angle = 1025;  // there the tolerance is a thousandth
  const bool normalize = choices.is("normalize", "true");
  const std::int64_t H = choices.extent("H"), W = choices.extent("W");
  if (!normalize) return std::max(H, W) <= longest_angle;
  if (choices.is("offset", "0") || choices.is("mask", "rectangles") || choices.is("mask", "none")) return true;
  return !choices.is("mask", "all") && !choices.is("mask", "one_valid") && std::min(H, W) >= 3;
}

}  // namespace

Domain Sine::domain() {
  const std::vector<double> temperatures = {10000, 20, 1, 0.5, 1e9};
  return {.extents = {counts("B"), extents("H"), extents("W"), even_extents("num_pos_feats")},
          .parameters = {reals("temperature_h", temperatures), reals("temperature_w", temperatures), flag("normalize"),
                         reals("scale", {Params{}.scale, 1, -1, 0, 1000}), reals("eps", {1e-6, 0, 2e-38, 1e-3, 1}),
                         reals("offset", {0, -0.5, 0.5, -1, 1}), flag("channels_last")},
          .fields = {{"mask", values::masks()}},
          .valid = is_a_test,
          .independent = "B"};
}

}  // namespace assay
