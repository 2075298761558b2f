// Validation, oracle, judge, cost and cases of weighted_random_sampler.
#include "reference/sampling/weighted_random_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference/sampling/datasets.h"
#include "reference/sampling/weighted_draws.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

/// A real in [0, 1) from the 53 bits a double holds.
double uniform(std::uint64_t key, std::int64_t draw) {
  return static_cast<double>(random_bits(key, static_cast<std::uint64_t>(draw)) >> 11) * 0x1p-53;
}

/// The first index whose sum of weights up to itself is beyond a uniform share of the whole.
void draw_with_replacement(std::span<const double> weights, std::uint64_t key, std::span<std::int64_t> indices) {
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  const auto last = std::lower_bound(sums.begin(), sums.end(), sums.back());  // the last with a weight above 0
  for (std::size_t k = 0; k < indices.size(); ++k) {
    const double share = sums.back() * uniform(key, static_cast<std::int64_t>(k));
    indices[k] = std::upper_bound(sums.begin(), last, share) - sums.begin();
  }
}

/// Each index waits for an exponential time of its own, the shorter the larger its weight; the first to come are drawn
/// in their order (Efraimidis and Spirakis 2006). By logarithms, for a ratio can be beyond float64.
void draw_without_replacement(std::span<const double> weights, std::uint64_t key, std::span<std::int64_t> indices) {
  std::vector<std::pair<double, std::int64_t>> times;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i] > 0) {
      const auto at = static_cast<std::int64_t>(i);
      times.emplace_back(std::log(-std::log1p(-uniform(key, at))) - std::log(weights[i]), at);
    }
  const auto drawn = times.begin() + static_cast<std::ptrdiff_t>(indices.size());
  std::partial_sort(times.begin(), drawn, times.end());
  std::transform(times.begin(), drawn, indices.begin(), [](const auto& time) { return time.second; });
}

std::span<const double> weights_of(const WeightedRandomSampler::Inputs<double>& in) {
  return {in.weights.data, static_cast<std::size_t>(in.weights.shape[0])};
}

}  // namespace

std::vector<Shape> WeightedRandomSampler::infer(const Params& params, const Inputs<double>& in) {
  require_positive(name, "num_samples", params.num_samples);
  const std::int64_t n = in.weights.shape[0];
  if (!params.replacement && params.num_samples > n)
    reject(name, fmt::format("num_samples is {}, but there are {} weights, and without replacement none comes twice",
                             params.num_samples, n));
  return {{params.num_samples}};
}

void WeightedRandomSampler::validate(const Params& params, const Inputs<double>& in) {
  const std::span<const double> weights = weights_of(in);
  double sum = 0;
  std::int64_t positive = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0) || std::isinf(weights[i]))
      reject(name, fmt::format("weights[{}] is {}, but a weight must be finite and not negative", i, weights[i]));
    sum += weights[i];
    positive += weights[i] > 0;
  }
  if (positive == 0)
    reject(name, fmt::format("all {} weights are 0, so that there is nothing to draw", weights.size()));
  if (std::isinf(sum)) reject(name, "the weights add up to more than float64 holds; scale them down");
  if (!params.replacement && params.num_samples > positive)
    reject(name, fmt::format("num_samples is {}, but only {} of {} weights are above 0, and without replacement none "
                             "comes twice",
                             params.num_samples, positive, weights.size()));
}

void WeightedRandomSampler::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out,
                                   ErrorScale&) {
  const std::uint64_t key = derive_key(static_cast<std::uint64_t>(params.seed), name);
  const std::span<std::int64_t> indices(out.indices.data, static_cast<std::size_t>(params.num_samples));
  (params.replacement ? draw_with_replacement : draw_without_replacement)(weights_of(in), key, indices);
}

/// Draws are right or wrong: there is no share of a tolerance that they use.
Judgement WeightedRandomSampler::judge(const Params& params, const Inputs<double>& in, const Outputs<double>& got,
                                       const Outputs<double>&, const ElementTolerance&) {
  const std::span<const std::int64_t> draws(got.indices.data, static_cast<std::size_t>(params.num_samples));
  std::string why = sampling::refusal_of_draws(weights_of(in), params.replacement, draws);
  if (why.empty()) return {};
  return {std::numeric_limits<double>::infinity(), std::move(why)};
}

Cost WeightedRandomSampler::cost(const Params& params, const Inputs<double>& in, std::int64_t) {
  return {static_cast<double>(in.weights.shape[0]) * sizeof(double) +
              static_cast<double>(params.num_samples) * sizeof(std::int64_t),
          0};
}

std::vector<CaseOf<WeightedRandomSampler>> WeightedRandomSampler::cases() {
  const auto weighted_case = [](std::string name, std::string source, Params params, std::int64_t n, Recipe weights,
                                Tier tier = Tier::small) -> CaseOf<WeightedRandomSampler> {
    return {std::move(name), std::move(source), params, {{"weights", {n}, std::move(weights)}}, tier};
  };
  using sampling::coco_train, sampling::detr_seed;
  constexpr std::int64_t many = 100003;  // draws: enough for chi-squared to tell chances of 1 in 100 apart by a tenth
  constexpr std::int64_t fewer = 20011;
  const std::string balanced = "class-balanced sampling of the 118,287 training images of COCO 2017: ";
  return {
      weighted_case("coco_train", balanced + "an epoch with replacement", {coco_train.length, true, detr_seed},
                    coco_train.length, Choice{{0, 0.01, 0.05, 0.2, 1}}, Tier::workload),
      weighted_case("coco_train_once", balanced + "100,003 images, none twice", {many, false, detr_seed},
                    coco_train.length, Uniform{0.01, 1}, Tier::workload),
      weighted_case("coco_classes", "80 classes with chances like those of COCO's, person and book before toaster",
                    {many, true, detr_seed}, 80, Choice{{0.01, 0.02, 0.05, 0.1, 0.5, 4}}, Tier::workload),
      weighted_case("few_weights", "a worked example of the documentation of torch: 0.1, 0.9, 0.4, 0.7, 3, 0.6",
                    {many, true, 1}, 6, Values{{0.1, 0.9, 0.4, 0.7, 3.0, 0.6}}),
      weighted_case("few_weights_once", "a worked example of the documentation of torch, without replacement",
                    {5, false, 1}, 6, Values{{0.9, 0.4, 0.05, 0.2, 0.3, 0.1}}),
      weighted_case("zeros_between", "weights of 0 at both ends and between others", {fewer, true, 2}, 9,
                    Values{{0, 0, 1, 0, 0, 2, 4, 0, 0}}),
      weighted_case("all_that_are_left", "as many draws as weights above 0, none twice", {3, false, 2}, 9,
                    Values{{0, 0, 1, 0, 0, 2, 4, 0, 0}}),
      weighted_case("certain_order", "weights so far apart that their order is certain", {6, false, 3}, 7,
                    Values{{0x1p-120, 1, 0x1p-200, 0x1p-40, 0, 0x1p-160, 0x1p-80}}),
      weighted_case("one_weight", "nothing to choose from", {7, true, 4}, 1, Values{{0.5}}),
      weighted_case("rare_among_many", "997 rare indices beside one that is nearly certain", {fewer, true, 5}, 998,
                    Outlier{{1, 0}, 1e5, 500}),
      weighted_case("beyond_float32", "65,536 weights of 1 that float32 cannot add to one of 2^24", {fewer, true, 6},
                    65537, Outlier{{1, 0}, 0x1p24, 0}),
  };
}

namespace {

/// How many of n weights a class leaves above 0.
std::int64_t positive_weights(const Choices& choices) {
  const std::int64_t n = choices.extent("n");
  if (choices.is("weights", "one_positive")) return 1;
  for (const std::string_view half : {"alternating", "minus_zero", "zeros_first", "zeros_last"})
    if (choices.is("weights", half)) return (n + 1) / 2;
  return n;
}

/// Weights in [½, 1) where `is_positive(i, n)` holds, otherwise `zero`.
ValueClass with_zeros(std::string_view name, double zero, bool (*is_positive)(std::int64_t i, std::int64_t n),
                      std::function<bool(const TensorRef&)> holds) {
  const auto recipe = [=](const Choices&, const Shape& shape, std::uint64_t key) -> Recipe {
    Values made{std::vector<double>(static_cast<std::size_t>(shape[0]), zero)};
    for (std::int64_t i = 0; i < shape[0]; ++i)
      if (is_positive(i, shape[0])) made.elements[static_cast<std::size_t>(i)] = 1 - uniform(key, i) / 2;
    return made;
  };
  return {name, recipe, std::move(holds)};
}

std::vector<ValueClass> weight_classes() {
  using values::always, values::real, values::magnitude;
  const auto zero_at = [](auto place) {
    return [=](const TensorRef& w) { return w.shape[0] > 1 && value_at(w, place(w.shape[0])) == 0; };
  };
  const auto first = [](std::int64_t) { return std::int64_t{0}; };
  const auto second = [](std::int64_t) { return std::int64_t{1}; };
  const auto last = [](std::int64_t n) { return n - 1; };
  const auto is_one_positive = [](const TensorRef& w) {
    std::int64_t positive = 0;
    for (std::int64_t i = 0; i < w.shape[0]; ++i) positive += value_at(w, i) > 0;
    return positive == 1;
  };
  std::vector<ValueClass> classes = values::reals(Uniform{0.1, 1}, {});
  // each index above 0 has one of 0 behind it, so that a draw off by one is told at once
  classes.push_back(with_zeros(
      "alternating", 0, [](std::int64_t i, std::int64_t) { return i % 2 == 0; }, zero_at(second)));
  classes.push_back(with_zeros(
      "minus_zero", -0.0, [](std::int64_t i, std::int64_t) { return i % 2 == 0; }, real("minus_zero").holds));
  classes.push_back(with_zeros(
      "zeros_first", 0, [](std::int64_t i, std::int64_t n) { return i >= n / 2; }, zero_at(first)));
  classes.push_back(with_zeros(
      "zeros_last", 0, [](std::int64_t i, std::int64_t n) { return i < (n + 1) / 2; }, zero_at(last)));
  classes.push_back(with_zeros(
      "one_positive", 0, [](std::int64_t i, std::int64_t n) { return i == n / 2; }, is_one_positive));
  classes.push_back(always("equal", Choice{{0.75}}, real("equal").holds));
  classes.push_back(always("ties", Choice{{1, 2, 3, 4}}, real("ties").holds));
  classes.push_back(always("ascending", Ramp{1, 0x1p-6}, real("ascending").holds));
  classes.push_back(always("descending", Ramp{1, -0x1p-25}, real("descending").holds));
  classes.push_back(always("large", Uniform{0x1p900, 0x1p960},
                           [](const TensorRef& w) { return magnitude(w) >= 0x1p900 && magnitude(w) < DBL_MAX; }));
  classes.push_back(always("small", Uniform{0x1p-960, 0x1p-900},
                           [](const TensorRef& w) { return magnitude(w) < 0x1p-890 && magnitude(w) >= DBL_MIN; }));
  classes.push_back(always("subnormal", Choice{{0x1p-1030, 0x1p-1029, 0x1.8p-1028}},
                           [](const TensorRef& w) { return magnitude(w) > 0 && magnitude(w) < DBL_MIN; }));
  classes.push_back(always("outlier_last", Outlier{{1, 0}, 1e6, -1}, real("outlier_last").holds));
  classes.push_back(always("largest", Outlier{{1, 0}, DBL_MAX, -1}, values::has(DBL_MAX)));
  // each 2⁴⁰ times as likely as the next: without replacement their order is all but certain
  classes.push_back(always("steep", Choice{{1, 0x1p-40, 0x1p-80, 0x1p-120, 0x1p-600}}, values::has(0x1p-600)));
  return classes;
}

/// What a draw costs in the oracle and the judge beside an element: a search among the sums.
double steps_of_drawing(const Choices& choices) {
  const std::int64_t n = choices.extent("n");
  const double draws = choices.is("num_samples", "many") && choices.is("replacement", "true") ? 100003 : 0;
  return static_cast<double>(n) + 4 * draws;
}

}  // namespace

Domain WeightedRandomSampler::domain() {
  const auto draws_of = [](std::string label, std::int64_t (*with)(std::int64_t n),
                           std::int64_t (*without)(std::int64_t positive)) -> ParameterClass {
    return {std::move(label), [=](const Choices& choices) {
              return Scalar(choices.is("replacement", "true") ? with(choices.extent("n"))
                                                              : without(positive_weights(choices)));
            }};
  };
  const auto same = [](std::int64_t count) { return count; };
  const auto one = [](std::int64_t) { return std::int64_t{1}; };
  const ParameterRange num_samples = {
      "num_samples",
      {draws_of("all", same, same),
       draws_of(
           "many", [](std::int64_t) { return std::int64_t{100003}; }, same),
       draws_of("one", one, one),
       draws_of(
           "half", [](std::int64_t n) { return (n + 1) / 2; }, [](std::int64_t p) { return (p + 1) / 2; }),
       draws_of(
           "one_less", [](std::int64_t n) { return std::max<std::int64_t>(n - 1, 1); },
           [](std::int64_t p) { return std::max<std::int64_t>(p - 1, 1); })}};
  ParameterRange replacement = flag("replacement");
  std::swap(replacement.classes[0], replacement.classes[1]);
  return {.extents = {extents("n")},
          .parameters = {num_samples, replacement, integers("seed", sampling::drawn_seeds)},
          .fields = {{"weights", weight_classes()}},
          .work = steps_of_drawing};
}

std::vector<Equivalent> WeightedRandomSampler::equivalents() {
  constexpr std::string_view reason = "another seed gives other draws, and they are as right";
  return {{"seed", "doubled", reason}, {"seed", "negated", reason}};
}

}  // namespace assay
