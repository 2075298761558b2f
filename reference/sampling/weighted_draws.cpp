// Two tests, both of chi-squared. With replacement the counts of the indices are held against their expectations.
// Without replacement every draw has other chances, so each is turned into a number that is uniform on [0, 1) if the
// draw was right, whatever was drawn before it, and the counts of these numbers in equal bins are held against theirs.
#include "reference/sampling/weighted_draws.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "reference/recipe.h"

namespace assay::sampling {
namespace {

/// A bin must be expected to get this many draws, for counts of fewer are skewed. With 25 the limit of one degree of
/// freedom is a count of 60, which 100,000 draws reach with probability 2.1e-9; of simulated sets of bins that all are
/// so small 1.3 to 1.75 times the intended share of 1e-4 are refused (2, 5 and 40 bins).
constexpr double least_expected = 25;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Why the chi-squared of counts in bins is none of right draws; empty if it is.
std::string refusal_of(double chi_squared, std::int64_t degrees, std::string_view of_what) {
  if (degrees < 1) return {};
  const auto [low, high] = chi_squared_limits(degrees);
  if (chi_squared <= high && chi_squared >= low) return {};
  return fmt::format("the draws {}: chi-squared of {} is {:.6g} with {} degrees of freedom, beyond {:.6g}",
                     chi_squared > high ? "do not follow the weights" : "follow the weights too closely to be random",
                     of_what, chi_squared, degrees, chi_squared > high ? high : low);
}

/// The logarithm of a bound on the probability that a count of mean `expected` is as far off as `count` (Chernoff 1952,
/// for sums of independent or successive chances).
double log_tail(double count, double expected) {
  if (count == 0) return -expected;
  return count - expected - count * std::log(count / expected);
}

std::string refusal_of_values(std::span<const double> weights, std::span<const std::int64_t> draws) {
  const auto n = static_cast<std::int64_t>(weights.size());
  for (std::size_t k = 0; k < draws.size(); ++k) {
    if (draws[k] < 0 || draws[k] >= n) return fmt::format("the draws name index {} of {} at {}", draws[k], n, k);
    if (!(weights[index(draws[k])] > 0))
      return fmt::format("the draws name index {} at {}, whose weight is 0", draws[k], k);
  }
  return {};
}

std::string refusal_of_repeats(std::size_t n, std::span<const std::int64_t> draws) {
  std::vector<bool> seen(n, false);
  for (std::size_t k = 0; k < draws.size(); ++k) {
    if (seen[index(draws[k])])
      return fmt::format("the draws name index {} again at {}, without replacement", draws[k], k);
    seen[index(draws[k])] = true;
  }
  return {};
}

/// The indices in bins that are each expected to get at least 25 of so many draws: an index alone, or rare ones
/// together, in their own order. What is left over is rarer than that and makes the last bin.
struct Bins {
  std::vector<std::size_t> bin_of;  ///< by index
  std::vector<double> share;        ///< of all draws, by bin
  bool has_rare = false;            ///< whether the last bin is expected to get fewer than 25

  Bins(std::span<const double> weights, std::size_t draws) : bin_of(weights.size()) {
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const auto is_enough = [&](double of_all) { return of_all * static_cast<double>(draws) >= least_expected; };
    std::vector<std::size_t> waiting;
    double waiting_share = 0;
    const auto close = [&] {
      for (const std::size_t i : waiting) bin_of[i] = share.size();
      share.push_back(waiting_share);
      waiting.clear();
      waiting_share = 0;
    };
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double own = weights[i] / total;
      if (is_enough(own)) {
        bin_of[i] = share.size();
        share.push_back(own);
        continue;
      }
      waiting.push_back(i);
      waiting_share += own;
      if (is_enough(waiting_share)) close();
    }
    has_rare = !waiting.empty();
    if (has_rare) close();
  }
};

std::string refusal_with_replacement(std::span<const double> weights, std::span<const std::int64_t> draws,
                                     std::string_view which) {
  const Bins bins(weights, draws.size());
  std::vector<double> counts(bins.share.size());
  for (const std::int64_t draw : draws) ++counts[bins.bin_of[index(draw)]];
  auto of_common = static_cast<double>(draws.size());
  double common_share = 1;
  std::size_t common = counts.size();
  if (bins.has_rare) {
    const double count = counts.back(), expected = bins.share.back() * of_common;
    if (log_tail(count, expected) < std::log(significance))
      return fmt::format(
          "the draws do not follow the weights: {} of {} name rare indices, of which {:.3g} are expected", count, which,
          expected);
    --common;
    of_common -= count;
    common_share -= bins.share.back();
  }
  double chi_squared = 0;
  for (std::size_t bin = 0; bin < common; ++bin) {
    const double expected = of_common * bins.share[bin] / common_share, off = counts[bin] - expected;
    chi_squared += off * off / expected;
  }
  return refusal_of(chi_squared, static_cast<std::int64_t>(common) - 1, which);
}

/// The weights that are left, in an order of their own: a tree of sums, each of two others, so that taking a weight
/// away leaves no rounding error behind.
class Left {
 public:
  /// The smaller weights come first, told apart by their exponents alone.
  explicit Left(std::span<const double> weights) : place_of_(weights.size()) {
    while (leaves_ < weights.size()) leaves_ *= 2;
    sums_.resize(2 * leaves_);
    // counted by exponent, from that of the smallest subnormal number on; 0 comes first of all
    constexpr int below = -1075;
    const auto exponent = [&](double weight) {
      return static_cast<std::size_t>((weight > 0 ? std::ilogb(weight) : below) - below);
    };
    std::vector<std::size_t> places(1024 - below + 1);
    for (const double weight : weights) ++places[exponent(weight) + 1];
    std::partial_sum(places.begin(), places.end(), places.begin());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      place_of_[i] = places[exponent(weights[i])]++;
      sums_[leaves_ + place_of_[i]] = weights[i];
    }
    for (std::size_t node = leaves_; node-- > 1;) sums_[node] = sums_[2 * node] + sums_[2 * node + 1];
  }

  /// Takes an index away. Returns which share of what was left comes before it, and its own.
  std::pair<double, double> take(std::size_t i) {
    std::size_t node = leaves_ + place_of_[i];
    const double own = std::exchange(sums_[node], 0.0), total = sums_[1];
    double before = 0;
    for (; node > 1; node /= 2) {
      if (node % 2 == 1) before += sums_[node - 1];
      sums_[node / 2] = sums_[node] + sums_[node ^ 1];
    }
    return {before / total, own / total};
  }

 private:
  std::vector<std::size_t> place_of_;
  std::size_t leaves_ = 1;
  std::vector<double> sums_;  ///< node k has the sons 2k and 2k + 1; node 1 is the root
};

std::string refusal_without_replacement(std::span<const double> weights, std::span<const std::int64_t> draws) {
  constexpr std::uint64_t key = 0xD12A;  // of where within its own share a draw lies: any will do
  constexpr std::size_t most_bins = 1024;
  const auto count = static_cast<double>(draws.size());
  const std::size_t bins =
      std::clamp<std::size_t>(draws.size() / static_cast<std::size_t>(least_expected), 1, most_bins);
  std::vector<double> counts(bins);
  Left left(weights);
  for (std::size_t k = 0; k < draws.size(); ++k) {
    const auto [before, own] = left.take(index(draws[k]));
    const double within = static_cast<double>(random_bits(key, k) >> 11) * 0x1p-53;
    if ((before + own) * count < significance)
      return fmt::format(
          "the draws do not follow the weights: index {} at {} had a chance of {:.3g}, with all that "
          "are no likelier",
          draws[k], k, before + own);
    const double uniform = before + within * own;
    ++counts[std::min(static_cast<std::size_t>(uniform * static_cast<double>(bins)), bins - 1)];
  }
  double chi_squared = 0;
  for (const double got : counts) {
    const double expected = count / static_cast<double>(bins);
    chi_squared += (got - expected) * (got - expected) / expected;
  }
  return refusal_of(chi_squared, static_cast<std::int64_t>(bins) - 1, "their places among what was left");
}

}  // namespace

ChiSquaredLimits chi_squared_limits(std::int64_t degrees) {
  constexpr double normal_quantile = 5.997807015;  // of 1 − 10⁻⁹
  constexpr std::int64_t degrees_of_a_lower_limit = 30;
  const double variance = 2 / (9 * static_cast<double>(degrees)), spread = normal_quantile * std::sqrt(variance);
  const auto limit = [&](double root) { return static_cast<double>(degrees) * root * root * root; };
  return {degrees < degrees_of_a_lower_limit ? 0 : limit(1 - variance - spread), limit(1 - variance + spread)};
}

std::string refusal_of_draws(std::span<const double> weights, bool replacement, std::span<const std::int64_t> draws) {
  std::string why = refusal_of_values(weights, draws);
  if (why.empty() && !replacement) why = refusal_of_repeats(weights.size(), draws);
  if (!why.empty()) return why;
  if (!replacement) return refusal_without_replacement(weights, draws);
  why = refusal_with_replacement(weights, draws, "all draws");
  // draws in the order of their indices have the right counts, but no half of them has
  return why.empty() ? refusal_with_replacement(weights, draws.first(draws.size() / 2), "the first half of the draws")
                     : why;
}

}  // namespace assay::sampling
