// Exploring which pairs are possible, and choosing cases greedily.
#include "bench/cases/cover.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

namespace assay::bench {
namespace {

/// The elements, of work, that a case may have beyond those of the pair it begins with: then one large pair does not
/// bring another along.
constexpr double growth = 4;
constexpr double always_granted = 1 << 13;  // 8192 elements, which a kernel computes in microseconds

/// Values in a seeded order.
template <class T>
void shuffle(std::vector<T>& values, std::uint64_t key) {
  Draw draw(key);
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[static_cast<std::size_t>(draw.integer(0, static_cast<std::int64_t>(i) - 1))]);
}

std::vector<std::size_t> numbers(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace

Cover::Cover(const OperatorEntry& op, double budget, std::uint64_t seed)
    : op_(&op), budget_(budget), seed_(derive_key(seed, op.name)), factors_(factors_of(*op.domain)) {
  if (factors_.size() == 1) factors_.push_back({"", {""}});  // so that each level is in a pair
  for (const Factor& factor : factors_) {
    smallest_.push_back(smallest_level(factor));
    first_of_factor_.push_back(levels_);
    levels_ += factor.levels.size();
  }
  places_ = levels_ * levels_;
  states_.assign(places_, State::excluded);
  each_pair([&](const Pair& pair) { states_[place(pair)] = explore(pair); });
}

/// A table of level against level, of which the half with factor < other is used.
std::size_t Cover::place(const Pair& pair) const {
  return (first_of_factor_[pair.factor] + pair.level) * levels_ + first_of_factor_[pair.other] + pair.other_level;
}

template <class Visit>
void Cover::each_pair(const Visit& visit) const {
  for (std::size_t f = 0; f < factors_.size(); ++f)
    for (std::size_t g = f + 1; g < factors_.size(); ++g)
      for (std::size_t i = 0; i < factors_[f].levels.size(); ++i)
        for (std::size_t j = 0; j < factors_[g].levels.size(); ++j) visit(Pair{f, i, g, j});
}

template <class Visit>
void Cover::each_pair_of(const Levels& levels, const Visit& visit) const {
  for (std::size_t f = 0; f < levels.size(); ++f)
    for (std::size_t g = f + 1; g < levels.size(); ++g) visit(Pair{f, levels[f], g, levels[g]});
}

Choices Cover::choices(const Levels& levels) const {
  Choices made(*op_->domain);
  std::uint64_t key = seed_;
  for (const std::size_t level : levels) key = random_bits(key, level);
  for (std::size_t f = 0; f < made.factors().size(); ++f) made.choose(f, levels[f], key);
  return made;
}

std::optional<double> Cover::work(const Levels& levels) const { return work_of(*op_, choices(levels)); }

/// Tries the plain case, then other levels of the factors that are no extents, then other small extents.
std::optional<Cover::Levels> Cover::smallest_with(const Pair& pair) const {
  constexpr int tries = 60;
  Levels levels = smallest_;
  const auto keep_pair = [&] {
    levels[pair.factor] = pair.level;
    levels[pair.other] = pair.other_level;
  };
  keep_pair();
  if (work(levels)) return levels;
  Draw draw(random_bits(seed_, place(pair)));
  for (int i = 0; i < tries; ++i) {
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      const auto count = static_cast<std::int64_t>(factors_[f].levels.size());
      constexpr std::int64_t small_levels = 6;  // of an extent: 1 to 7
      const std::int64_t among = factors_[f].range == nullptr ? count : std::min(count, small_levels);
      levels[f] = static_cast<std::size_t>(draw.integer(0, among - 1));
    }
    keep_pair();
    if (work(levels)) return levels;
  }
  return std::nullopt;
}

Cover::State Cover::explore(const Pair& pair) const {
  const std::optional<Levels> smallest = smallest_with(pair);
  if (!smallest) return State::excluded;
  return *work(*smallest) <= budget_ ? State::possible : State::too_large;
}

/// The new pairs that one factor's level makes with the others'.
std::size_t Cover::gain(const Levels& levels, std::size_t factor, const std::vector<bool>& covered) const {
  std::size_t gained = 0;
  for (std::size_t other = 0; other < levels.size(); ++other) {
    if (other == factor) continue;
    const Pair pair = factor < other ? Pair{factor, levels[factor], other, levels[other]}
                                     : Pair{other, levels[other], factor, levels[factor]};
    const std::size_t at = place(pair);
    gained += states_[at] == State::possible && !covered[at];
  }
  return gained;
}

/// Gives each factor but the kept pair's the level that adds most new pairs within the budget.
void Cover::widen(Levels& levels, const Pair& kept, double budget, const std::vector<bool>& covered,
                  std::uint64_t key) const {
  std::vector<std::size_t> order = numbers(factors_.size());
  shuffle(order, key);
  for (const std::size_t f : order) {
    if (f == kept.factor || f == kept.other) continue;
    const std::size_t before = levels[f];
    std::vector<std::size_t> candidates = numbers(factors_[f].levels.size());
    shuffle(candidates, random_bits(key, f));
    std::vector<std::size_t> gains(candidates.size());
    for (const std::size_t candidate : candidates) {
      levels[f] = candidate;
      gains[candidate] = gain(levels, f, covered);
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](std::size_t a, std::size_t b) { return gains[a] > gains[b]; });
    levels[f] = before;
    for (const std::size_t candidate : candidates) {
      if (candidate == before) break;  // it is valid already, and the rest adds no more
      levels[f] = candidate;
      if (const std::optional<double> made = work(levels); made && *made <= budget) break;
      levels[f] = before;
    }
  }
}

/// Nothing if even the smallest case with the pair takes more than `most_work`.
std::optional<Cover::Levels> Cover::cover_pair(const Pair& pair, std::vector<bool>& covered, double most_work) const {
  Levels levels = *smallest_with(pair);
  const double least = *work(levels);
  if (least > most_work) return std::nullopt;
  const double budget = std::min(most_work, std::max(always_granted, growth * least));
  widen(levels, pair, budget, covered, random_bits(seed_, place(pair)));
  each_pair_of(levels, [&](const Pair& made) { covered[place(made)] = true; });
  return levels;
}

/// The pairs that fit, in the seed's order.
std::vector<Cover::Pair> Cover::possible_pairs() const {
  std::vector<Pair> pairs;
  each_pair([&](const Pair& pair) {
    if (states_[place(pair)] == State::possible) pairs.push_back(pair);
  });
  shuffle(pairs, seed_);
  return pairs;
}

/// The levels that none of the pairs that `counts` takes has: "H=16777217".
template <class Counts>
std::vector<std::string> Cover::levels_without(const Counts& counts) const {
  std::vector<bool> seen(levels_, false);
  each_pair([&](const Pair& pair) {
    if (!counts(states_[place(pair)])) return;
    seen[first_of_factor_[pair.factor] + pair.level] = true;
    seen[first_of_factor_[pair.other] + pair.other_level] = true;
  });
  std::vector<std::string> missing;
  for (std::size_t f = 0; f < factors_.size(); ++f)
    for (std::size_t level = 0; level < factors_[f].levels.size(); ++level)
      if (!seen[first_of_factor_[f] + level])
        missing.push_back(fmt::format("{}={}", factors_[f].name, factors_[f].levels[level]));
  return missing;
}

/// The case of all smallest extents, if it is valid: small enough to be called a thousand times.
std::vector<Choices> Cover::take_smallest(std::vector<bool>& covered) const {
  if (!work(smallest_)) return {};
  each_pair_of(smallest_, [&](const Pair& made) { covered[place(made)] = true; });
  return {choices(smallest_)};
}

std::vector<Choices> Cover::array() const {
  std::vector<Pair> open = possible_pairs();
  const auto levels_of = [&](const Pair& pair) {
    return factors_[pair.factor].levels.size() * factors_[pair.other].levels.size();
  };
  // the factors with most levels need most cases, and the other pairs come along with them
  std::stable_sort(open.begin(), open.end(), [&](const Pair& a, const Pair& b) { return levels_of(a) > levels_of(b); });
  std::vector<bool> covered(places_, false);
  std::vector<Choices> cases = take_smallest(covered);
  for (const Pair& pair : open)
    if (!covered[place(pair)]) cases.push_back(choices(*cover_pair(pair, covered, budget_)));
  return cases;
}

std::vector<Choices> Cover::share(std::size_t count) const {
  constexpr double small_case = 1 << 18;  // elements: a level that needs more is left to the whole array
  const std::vector<Pair> open = possible_pairs();
  std::vector<bool> covered(places_, false), seen(levels_, false);
  std::vector<Choices> cases;
  const auto take = [&](const Pair& pair) {
    const std::optional<Levels> levels = cover_pair(pair, covered, small_case);
    if (!levels) return;
    for (std::size_t f = 0; f < levels->size(); ++f) seen[first_of_factor_[f] + (*levels)[f]] = true;
    cases.push_back(choices(*levels));
  };
  // a case with two new levels at a time, as long as there are two; then one
  for (const int fresh : {2, 1})
    for (const Pair& pair : open)
      if (!seen[first_of_factor_[pair.factor] + pair.level] + !seen[first_of_factor_[pair.other] + pair.other_level] >=
          fresh)
        take(pair);
  for (const Pair& pair : open) {
    if (cases.size() >= count) break;
    if (!covered[place(pair)]) take(pair);
  }
  return cases;
}

PairCount Cover::count(const std::vector<Choices>& cases) const {
  PairCount counted{std::string(op_->name)};
  std::vector<bool> covered(places_, false);
  for (const Choices& made : cases)
    for (std::size_t f = 0; f < factors_.size(); ++f)
      for (std::size_t g = f + 1; g < factors_.size(); ++g) {
        const auto first = made.level_of(f), second = g < made.factors().size() ? made.level_of(g) : 0;
        if (first && second) covered[place({f, *first, g, *second})] = true;
      }
  each_pair([&](const Pair& pair) {
    const State state = states_[place(pair)];
    counted.possible += state == State::possible;
    counted.covered += state == State::possible && covered[place(pair)];
    counted.too_large += state == State::too_large;
    counted.excluded += state == State::excluded;
  });
  counted.too_large_levels = levels_without([](State state) { return state == State::possible; });
  return counted;
}

void Cover::check_levels() const {
  const std::vector<std::string> missing = levels_without([](State state) { return state != State::excluded; });
  if (!missing.empty())
    throw std::logic_error(fmt::format("{}: {} occurs in no valid case", op_->name, missing.front()));
}

std::vector<PairCount> pairs_judged(std::span<const Cover> covers, std::span<const Row> rows) {
  std::vector<PairCount> counted;
  for (const Cover& cover : covers) {
    std::set<std::string> names;
    for (const Row& row : rows)
      if (row.op == cover.op().name && row.case_name.starts_with(drawn_prefix) && !row.outputs.empty())
        names.insert(row.case_name);
    std::vector<Choices> cases;
    for (const std::string& name : names) cases.push_back(choices_of(cover.op(), name));
    if (!cases.empty()) counted.push_back(cover.count(cases));
  }
  return counted;
}

}  // namespace assay::bench
