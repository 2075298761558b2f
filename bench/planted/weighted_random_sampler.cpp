// weighted_random_sampler with every mistake a port was seen, or is likely, to make.
#include "reference/sampling/weighted_random_sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = WeightedRandomSampler;
using Weights = std::vector<double>;
using Indices = std::vector<std::int64_t>;

double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// A search among sums, kept in `Real`.
template <class Real>
Indices searched(const Weights& weights, std::size_t draws, std::mt19937_64& random) {
  std::vector<Real> sums(weights.begin(), weights.end());
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  const auto last = std::lower_bound(sums.begin(), sums.end(), sums.back());
  Indices indices(draws);
  for (std::int64_t& index : indices)
    index = std::upper_bound(sums.begin(), last, static_cast<Real>(uniform(random)) * sums.back()) - sums.begin();
  return indices;
}

/// The indices above 0 in the order of their keys, the largest first.
template <class Key>
Indices ranked(const Weights& weights, std::size_t draws, Key key) {
  std::vector<std::pair<double, std::int64_t>> keys;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (weights[i] > 0) keys.emplace_back(-key(weights[i]), static_cast<std::int64_t>(i));
  std::sort(keys.begin(), keys.end());
  Indices indices(draws);
  for (std::size_t k = 0; k < draws; ++k) indices[k] = keys[k % keys.size()].second;
  return indices;
}

/// Exponential times, by logarithms.
Indices raced(const Weights& weights, std::size_t draws, std::mt19937_64& random) {
  return ranked(weights, draws,
                [&](double weight) { return std::log(weight) - std::log(-std::log1p(-uniform(random))); });
}

using Drawn = Indices (*)(const Weights&, std::size_t draws, std::mt19937_64&);

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  void (*change)(Weights&) = [](Weights&) {};
  Drawn with = searched<double>, without = raced;
  void (*finish)(Indices&, std::int64_t n) = [](Indices&, std::int64_t) {};
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  Weights weights(in.weights.data, in.weights.data + in.weights.shape[0]);
  mistake.change(weights);
  std::mt19937_64 random(static_cast<std::uint64_t>(params.seed));
  const auto draws = static_cast<std::size_t>(params.num_samples);
  Indices indices = (params.replacement ? mistake.with : mistake.without)(weights, draws, random);
  mistake.finish(indices, in.weights.shape[0]);
  std::copy(indices.begin(), indices.end(), out.indices.data);
}

template <class Value>
void each(Weights& weights, Value value) {
  for (double& weight : weights) weight = value(weight);
}

const Plant<Op> plant(
    run,
    {
        wrong("uniform", "weights above 0 taken as equal", &Mistake::change,
              [](Weights& w) { each(w, [](double weight) { return weight > 0 ? 1.0 : 0.0; }); }),
        wrong("all_uniform", "all weights taken as equal", &Mistake::change,
              [](Weights& w) { each(w, [](double) { return 1.0; }); }),
        wrong("exponentials", "weights taken for logarithms", &Mistake::change,
              [](Weights& w) {
                const double most = *std::max_element(w.begin(), w.end());
                each(w, [=](double weight) { return std::exp(weight - most); });
              }),
        wrong("squared", "weights squared", &Mistake::change,
              [](Weights& w) {
                const double most = *std::max_element(w.begin(), w.end());
                each(w,
                     [=](double weight) { return weight > 0 ? std::max(weight / most * (weight / most), 1e-300) : 0; });
              }),
        wrong("roots", "square roots of the weights", &Mistake::change,
              [](Weights& w) { each(w, [](double weight) { return std::sqrt(weight); }); }),
        wrong("inverse", "one over the weights", &Mistake::change,
              [](Weights& w) { each(w, [](double weight) { return weight > 0x1p-1000 ? 1 / weight : 0x1p-1000; }); }),
        wrong("plus_epsilon", "a small number added to each weight", &Mistake::change,
              [](Weights& w) {
                const double most = *std::max_element(w.begin(), w.end());
                each(w, [=](double weight) { return weight + most / 1024; });
              }),
        wrong("reversed", "weights in reverse", &Mistake::change, [](Weights& w) { std::reverse(w.begin(), w.end()); }),
        wrong("float32_sums", "sums in float32", &Mistake::with,
              [](const Weights& w, auto draws, auto& random) {
                const double most = *std::max_element(w.begin(), w.end());
                Weights scaled = w;
                each(scaled, [=](double weight) { return weight / most; });
                return searched<float>(scaled, draws, random);
              }),
        wrong("not_normalised", "a share of 1 for a share of the sum", &Mistake::with,
              [](const Weights& w, auto draws, auto& random) {
                Weights sums = w;
                std::partial_sum(sums.begin(), sums.end(), sums.begin());
                Indices indices(draws);
                for (std::int64_t& index : indices)
                  index = std::upper_bound(sums.begin(), sums.end() - 1, uniform(random)) - sums.begin();
                return indices;
              }),
        wrong("systematic", "equal steps through the sums instead of draws", &Mistake::with,
              [](const Weights& w, auto draws, auto& random) {
                Weights sums = w;
                std::partial_sum(sums.begin(), sums.end(), sums.begin());
                Indices indices;
                for (std::size_t k = 0; k < draws; ++k) {
                  const double share = (static_cast<double>(k) + uniform(random)) / static_cast<double>(draws);
                  indices.push_back(std::upper_bound(sums.begin(), sums.end() - 1, share * sums.back()) - sums.begin());
                }
                std::shuffle(indices.begin(), indices.end(), random);
                return indices;
              }),
        wrong("halves_alike", "the same draws by each of two threads", &Mistake::with,
              [](const Weights& w, auto draws, auto& random) {
                const Indices half = searched<double>(w, (draws + 1) / 2, random);
                Indices indices(draws);
                for (std::size_t k = 0; k < draws; ++k) indices[k] = half[k % half.size()];
                return indices;
              }),
        wrong("heaviest", "the largest weight always", &Mistake::with,
              [](const Weights& w, auto draws, auto&) {
                return Indices(draws, std::max_element(w.begin(), w.end()) - w.begin());
              }),
        wrong("ascending", "draws in the order of their indices", &Mistake::with,
              [](const Weights& w, auto draws, auto& random) {
                Indices indices = searched<double>(w, draws, random);
                std::sort(indices.begin(), indices.end());
                return indices;
              }),
        wrong("once_each", "without replacement always", &Mistake::with, raced),
        wrong("again", "with replacement always", &Mistake::without, searched<double>),
        wrong("largest_first", "the largest weights in their order, not drawn", &Mistake::without,
              [](const Weights& w, auto draws, auto&) {
                return ranked(w, draws, [](double weight) { return weight; });
              }),
        wrong("any_order", "without replacement all in any order", &Mistake::without,
              [](const Weights& w, auto draws, auto& random) {
                return ranked(w, draws, [&](double) { return uniform(random); });
              }),
        wrong("scaled_share", "keys u times w for u to the power 1/w", &Mistake::without,
              [](const Weights& w, auto draws, auto& random) {
                return ranked(w, draws, [&](double weight) { return std::log(uniform(random)) + std::log(weight); });
              }),
        wrong("last_drawn_first", "the order of the draws reversed", &Mistake::without,
              [](const Weights& w, auto draws, auto& random) {
                Indices indices = raced(w, draws, random);
                std::reverse(indices.begin(), indices.end());
                return indices;
              }),
        wrong("one_more", "indices counted from 1", &Mistake::finish,
              [](Indices& indices, auto) {
                for (std::int64_t& index : indices) ++index;
              }),
        wrong("one_more_within", "the next index, the first after the last", &Mistake::finish,
              [](Indices& indices, auto n) {
                for (std::int64_t& index : indices) index = (index + 1) % n;
              }),
    },
    {
        input("whole_numbers", "weights cut off to whole numbers, 1 at least", "weights",
              [](double weight) { return weight > 0 ? std::max(std::trunc(weight), 1.0) : weight; }),
        input("at_most_one", "weights clamped to 1", "weights", [](double weight) { return std::min(weight, 1.0); }),
        int32_outputs(),
        tail_stale(),
        overrun("indices"),
        overread("weights"),
        input_changed("weights"),
    },
    {.wrong = "the draws "});

}  // namespace
}  // namespace assay::bench::planted
