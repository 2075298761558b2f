// A covering array of strength two over the domain of an operator: every pair of levels of two factors occurs in some
// case whose tensors stay within a budget. Start with Cover.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/cases/row.h"
#include "reference/operator.h"

namespace assay::bench {

/// Elements of all tensors of a drawn case: 16 MB of float32, more than most second-level caches hold. With
/// --all 1 GB.
inline constexpr double default_element_budget = 1 << 22, large_element_budget = 1 << 28;

/// The pairs of levels of one operator.
struct PairCount {
  std::string op;
  std::size_t covered = 0;
  std::size_t possible = 0;                        ///< pairs that some case within the budget has
  std::size_t too_large = 0;                       ///< pairs whose smallest case is beyond the budget
  std::size_t excluded = 0;                        ///< pairs that make no valid case, or no test
  std::vector<std::string> too_large_levels = {};  ///< levels of which every pair is too large: "H=16777217"
};

/// The pairs of an operator's levels, and cases that have them. Everything is the same for the same seed.
class Cover {
 public:
  Cover(const OperatorEntry& op, double budget, std::uint64_t seed);

  /// Cases with all possible pairs: the smallest one, then a greedy array. Each case begins with a pair that no case
  /// before it has; the other factors get the levels that add most new pairs within a few times that pair's own
  /// elements, so that most cases stay small.
  std::vector<Choices> array() const;
  /// About `count` cases with every level that small cases can have, and as many pairs as come with them. Another seed
  /// gives others.
  std::vector<Choices> share(std::size_t count) const;

  const OperatorEntry& op() const { return *op_; }

  /// How many of the possible pairs these cases have.
  PairCount count(const std::vector<Choices>& cases) const;

  /// Throws std::logic_error if a level occurs in no valid case of any size.
  void check_levels() const;

 private:
  enum class State : std::uint8_t { excluded, too_large, possible };
  struct Pair {
    std::size_t factor, level, other, other_level;
  };
  using Levels = std::vector<std::size_t>;  ///< one level for each factor

  std::size_t place(const Pair& pair) const;
  template <class Visit>
  void each_pair(const Visit& visit) const;
  template <class Visit>
  void each_pair_of(const Levels& levels, const Visit& visit) const;
  Choices choices(const Levels& levels) const;
  std::optional<double> work(const Levels& levels) const;
  /// Levels with this pair, as small as can be found; nothing if none make a valid case.
  std::optional<Levels> smallest_with(const Pair& pair) const;
  State explore(const Pair& pair) const;
  std::size_t gain(const Levels& levels, std::size_t factor, const std::vector<bool>& covered) const;
  void widen(Levels& levels, const Pair& kept, double budget, const std::vector<bool>& covered,
             std::uint64_t key) const;
  std::optional<Levels> cover_pair(const Pair& pair, std::vector<bool>& covered, double most_work) const;
  std::vector<Choices> take_smallest(std::vector<bool>& covered) const;
  std::vector<Pair> possible_pairs() const;
  template <class Counts>
  std::vector<std::string> levels_without(const Counts& counts) const;

  const OperatorEntry* op_;
  double budget_;
  std::uint64_t seed_;
  std::vector<Factor> factors_;
  std::vector<std::size_t> smallest_;         ///< by factor: the level with the smallest extent, else the plain one
  std::vector<std::size_t> first_of_factor_;  ///< levels are numbered factor by factor
  std::size_t levels_ = 0, places_ = 0;       ///< of all factors, and of pairs
  std::vector<State> states_;                 ///< by place
};

/// The pairs that drawn cases have of which some row was judged, of each operator that has such a row.
std::vector<PairCount> pairs_judged(std::span<const Cover> covers, std::span<const Row> rows);

}  // namespace assay::bench
