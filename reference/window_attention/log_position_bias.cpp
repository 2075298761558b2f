// Validation, oracle, error scale, cost and cases of log_position_bias. The truth and its scale are computed once for
// each distance, then shown to all pairs of tokens that far apart. Start with Network::evaluate.
#include "reference/window_attention/log_position_bias.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reference/value_classes.h"
#include "reference/window_attention/window.h"

namespace assay {
namespace {

using Bias = LogPositionBias;
constexpr double u = 0x1p-24;

/// A log-spaced coordinate, and the error (in u) that float32 can leave in it.
struct Coordinate {
  double value = 0, error = 0;
};

/// x = sign(d)·log2(t + 1)/3 with t = 8|d|/(w − 1). The division leaves t·u in t, the addition (t + 1)·u in t + 1; a
/// logarithm takes both relative to t + 1. The logarithm itself and the division by 3 leave 3·|x|·u.
Coordinate coordinate(std::int64_t distance, std::int64_t window) {
  if (distance == 0) return {};
  const double t = 8 * std::abs(static_cast<double>(distance)) / static_cast<double>(window - 1);
  const double value = std::log2(t + 1) / 3;
  return {std::copysign(value, static_cast<double>(distance)), (t / (t + 1) + 1) / (3 * std::numbers::ln2) + 3 * value};
}

/// The coordinates of distances −(extent − 1) … extent − 1.
std::vector<Coordinate> coordinates(std::int64_t extent, std::int64_t pretrained) {
  std::vector<Coordinate> made;
  for (std::int64_t d = 1 - extent; d < extent; ++d)
    made.push_back(coordinate(d, pretrained != 0 ? pretrained : extent));
  return made;
}

double sixteen_sigmoid(double z) { return 16 / (1 + std::exp(-z)); }

struct Truth {
  double value, scale;
};

/// z with the error E (in u), through 16·sigmoid: how far it moves within ±c·E·u, a share of c·u of that. First order
/// alone is wrong where E·u is not small. The exponential, the addition and the division leave 3·r. A sigmoid below
/// 2⁻¹²⁴ may be 0 before it is multiplied by 16: 1 + e^−z has overflowed.
Truth activate(double z, double error) {
  constexpr double flushed = 16 * 0x1p-124;
  const double r = sixteen_sigmoid(z), reach = Bias::c * u * error;
  const double moved = std::max(sixteen_sigmoid(z + reach) - r, r - sixteen_sigmoid(z - reach));
  return {r, (moved + flushed) / (Bias::c * u) + 3 * r};
}

/// The network at one distance, unit by unit.
class Network {
 public:
  explicit Network(const Bias::Inputs<double>& in)
      : in_(in), D_(in.first_bias.shape[0]), units_(static_cast<std::size_t>(D_)) {}

  /// Everything that does not depend on the head.
  void set_distance(const Coordinate& h, const Coordinate& w) {
    h_ = h;
    w_ = w;
    for (std::int64_t m = 0; m < D_; ++m) {
      const double a = in_.first_weight.data[2 * m], b = in_.first_weight.data[2 * m + 1], c = in_.first_bias.data[m];
      const double sum = a * h.value + b * w.value + c;
      const double terms = std::abs(a * h.value) + std::abs(b * w.value) + std::abs(c);
      const double error = terms + std::abs(a) * h.error + std::abs(b) * w.error;
      // a unit that its own errors may switch on counts as on
      const bool on = sum + Bias::c * u * error > 0;
      units_[static_cast<std::size_t>(m)] = {std::max(sum, 0.0), on ? terms : 0, on ? a : 0, on ? b : 0};
    }
  }

  /// z = Σ W·h and its error, the sum of what leaves one behind: the coordinates, the same for all units, so that their
  /// slopes may cancel; each unit's own sum, |W|·(|a·x| + |b·y| + |c|); and the additions, of which each rounds the sum
  /// so far: the root of the squares of the running sums, with √D·|z| for other orders. Where terms are alike, as on
  /// constant weights, additions round the same way for long stretches: an eighth of the running sums themselves.
  Truth evaluate(std::int64_t head) const {
    const double* weight = in_.second_weight.data + head * D_;
    double z = 0, slope_h = 0, slope_w = 0, of_units = 0, squares = 0, sums = 0;
    for (const Unit& unit : units_) {
      const double W = *weight++;
      z += W * unit.value;
      slope_h += W * unit.slope_h;
      slope_w += W * unit.slope_w;
      of_units += std::abs(W) * unit.terms;
      squares += z * z;
      sums += std::abs(z);
    }
    const double of_coordinates = std::abs(slope_h) * h_.error + std::abs(slope_w) * w_.error;
    const double of_additions = std::sqrt(squares) + sums / 8 + std::sqrt(static_cast<double>(D_)) * std::abs(z);
    return activate(z, of_coordinates + of_units + of_additions);
  }

 private:
  struct Unit {
    double value, terms, slope_h, slope_w;
  };
  const Bias::Inputs<double>& in_;
  std::int64_t D_;
  Coordinate h_, w_;
  std::vector<Unit> units_;
};

/// Swin V2's networks have 512 units; nn.Linear draws within ±2^-½, the second layer's deviation is that of a trained
/// one's spread of biases, not of its start.
constexpr std::int64_t swin_units = 512;
const Recipe first_layer = Uniform{-0.7, 0.7}, second_layer = Normal{0, 0.1};

CaseOf<Bias> bias_case(std::string name, std::string source, const Bias::Params& params, std::int64_t D,
                       std::int64_t heads, Tier tier) {
  return {std::move(name),
          std::move(source),
          params,
          {{"mlp.0.weight", {D, 2}, first_layer},
           {"mlp.0.bias", {D}, first_layer},
           {"mlp.2.weight", {heads, D}, second_layer}},
          tier};
}

void check_pretrained(std::string_view parameter, std::int64_t value) {
  if (value < 0 || value == 1) {
    reject(Bias::name, fmt::format("{} is {}, but it must be 0 (the window's own extent) or at least 2, for distances "
                                   "are divided by the extent less 1",
                                   parameter, value));
  }
}

}  // namespace

std::vector<Shape> Bias::infer(const Params& params, const Inputs<double>& in) {
  window::check(name, params.window_h, params.window_w);
  check_pretrained("pretrained_window_h", params.pretrained_window_h);
  check_pretrained("pretrained_window_w", params.pretrained_window_w);
  const std::int64_t N = params.window_h * params.window_w;
  return {{in.second_weight.shape[0], N, N}};
}

void Bias::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const std::int64_t heads = in.second_weight.shape[0], N = params.window_h * params.window_w;
  const std::vector<Coordinate> along_h = coordinates(params.window_h, params.pretrained_window_h),
                                along_w = coordinates(params.window_w, params.pretrained_window_w);
  Network network(in);
  std::vector<Truth> table;  // [entries, heads]
  for (const Coordinate& h : along_h)
    for (const Coordinate& w : along_w) {
      network.set_distance(h, w);
      for (std::int64_t head = 0; head < heads; ++head) table.push_back(network.evaluate(head));
    }
  std::int64_t at = 0;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j, ++at) {
        const std::int64_t entry = window::index_of(i, j, params.window_h, params.window_w);
        const Truth& truth = table[static_cast<std::size_t>(entry * heads + head)];
        out.bias.data[at] = truth.value;
        error[0][static_cast<std::size_t>(at)] = truth.scale;
      }
}

/// For each distance: 5 operations a unit, 2 a unit and head, and 4 of the sigmoid a head.
Cost Bias::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t heads = in.second_weight.shape[0], D = in.first_bias.shape[0];
  const std::int64_t elements =
      in.first_weight.shape.elements() + D + in.second_weight.shape.elements() + infer(params, in)[0].elements();
  const auto entries = static_cast<double>(window::table_entries(params.window_h, params.window_w));
  return {static_cast<double>(elements * element_bytes),
          entries * (5.0 * static_cast<double>(D) + static_cast<double>(heads) * (2.0 * static_cast<double>(D) + 4))};
}

std::vector<CaseOf<Bias>> Bias::cases() {
  std::vector<CaseOf<Bias>> made = {
      bias_case("seed_2x2", "worked example: a table of 9 entries", {2, 2}, 3, 1, Tier::workload)};
  for (const window::Stage& stage : window::stages)
    if (stage.windows != 64)  // the bias of stage 1 is that of the last with fewer heads
      made.push_back(bias_case(std::string(stage.name), std::string(stage.source), {stage.window_h, stage.window_w},
                               swin_units, stage.heads, Tier::workload));
  const auto add = [&](std::string name, std::string source, const Params& params, std::int64_t D, std::int64_t heads) {
    made.push_back(bias_case(std::move(name), std::move(source), params, D, heads, Tier::small));
  };
  add("pretrained_8x6", "Swin V2: windows larger than those of pre-training", {5, 7, 8, 6}, 67, 3);
  add("pretrained_h_only", "the window's own extent along one axis", {5, 3, 12, 0}, 31, 2);
  add("pretrained_w_only", "the window's own extent along one axis", {3, 5, 0, 12}, 31, 2);
  add("window_1x1", "0/0 at a window of one token", {1, 1}, 65, 5);
  add("window_1x7", "0/0 along an axis of one token", {1, 7}, 33, 3);
  add("window_7x1", "0/0 along an axis of one token", {7, 1}, 33, 3);
  add("as_many_units_as_heads", "weights of one shape: one taken for the other", {3, 4}, 2, 2);
  return made;
}

namespace {

/// A class of real numbers at a size that suits D units, so that the sigmoid shows more than signs.
ValueClass sized(std::string_view name, Recipe (*recipe)(double D)) {
  ValueClass known = values::real(name);
  known.recipe = [recipe](const Choices& choices, const Shape&, std::uint64_t) {
    return recipe(static_cast<double>(choices.extent("D")));
  };
  return known;
}

std::vector<ValueClass> weights(const Recipe& plain, std::initializer_list<std::string_view> names,
                                std::initializer_list<ValueClass> more) {
  std::vector<ValueClass> classes = values::reals(plain, names);
  classes.push_back(sized("outlier_last", [](double) -> Recipe { return Outlier{{0, 0.005}, 4, -1}; }));
  classes.insert(classes.end(), more);
  return classes;
}

std::vector<FieldRange> weight_ranges() {
  return {{"mlp.0.weight",
           weights(first_layer,
                   {"equal", "ties", "ascending", "descending", "large", "small", "minus_zero", "subnormal"}, {})},
          {"mlp.0.bias", weights(first_layer, {"equal", "ties", "large", "small", "minus_zero", "subnormal"},
                                 {sized("ascending",
                                        [](double D) -> Recipe {
                                          return Ramp{-1, 2 / D};
                                        }),
                                  sized("descending",
                                        [](double D) -> Recipe {
                                          return Ramp{1, -2 / D};
                                        })})},
          {"mlp.2.weight", weights(second_layer, {"large", "small", "minus_zero", "subnormal"},
                                   {sized("equal", [](double D) -> Recipe { return Choice{{0.75 / D}}; }),
                                    sized("ties",
                                          [](double D) -> Recipe {
                                            return Choice{{-2 / D, -1 / D, 1 / D, 3 / D}};
                                          }),
                                    sized("ascending",
                                          [](double D) -> Recipe {
                                            return Ramp{-2 / D, 4 / (D * D)};
                                          }),
                                    sized("descending", [](double D) -> Recipe {
                                      return Ramp{2 / D, -4 / (D * D)};
                                    })})}};
}

}  // namespace

Domain Bias::domain() {
  const std::vector<std::int64_t> pretrained = {0, 2, 3, 7, 12, 1025};
  const auto work = [](const Choices& choices) {
    const auto of = [&](std::string_view factor) { return static_cast<double>(choices.extent(factor)); };
    const double entries = (2 * of("window_h") - 1) * (2 * of("window_w") - 1), N = of("window_h") * of("window_w");
    return std::max(entries * of("D") * (of("heads") + 2), window::moved_work(of("heads") * N * N));
  };
  return {.extents = {window::window_extents("window_h"), window::window_extents("window_w"), extents("D"),
                      counts("heads")},
          .parameters = {integers("pretrained_window_h", pretrained), integers("pretrained_window_w", pretrained)},
          .fields = weight_ranges(),
          .work = work,
          .independent = "heads"};
}

}  // namespace assay
