// Taking times on Google Benchmark: which contestant runs next, how many calls make a sample, and when it is enough.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/cases/row.h"

namespace assay::bench {

/// Something to time. The label is the benchmark's name. All but `call` happen outside the clock and may be empty.
struct Contestant {
  std::string label;
  std::function<void()> call;        ///< one call, complete when it returns
  std::function<void()> ready = {};  ///< before each sample: what other contestants may have changed
  /// After warming up, with the number of calls that a sample should have; returns the number that it gets.
  std::function<std::int64_t(std::int64_t)> plan_calls = {};
  std::function<void()> spoil = {};     ///< spoils a little of the results, which the next call has to restore
  std::function<bool()> restored = {};  ///< whether it has
  std::function<void()> cool = {};      ///< right before the clock starts: empties the caches
  std::vector<double> earlier = {};     ///< samples of earlier rounds: when it is enough is asked of all together
};

struct SamplingOptions {
  double row_budget_s = 5;            ///< time for one contestant, warm-up included
  double target = 0.01;               ///< stop when the interval of the median is within this share of it, either way
  std::size_t least_samples = 10;     ///< but not before so many
  double warm_up_s = 0.05;            ///< caches, page tables and the clock frequency settle in about this time
  std::uint64_t seed = 0;             ///< of the order in which contestants take turns
  std::function<bool()> interrupted;  ///< asked between samples; may be empty
  std::function<double()> now;        ///< seconds since any fixed moment; empty is the system's steady clock
};

/// Times all contestants in one go: in each round those that are not done take one sample each, in random order, so
/// that a drift of the machine hits all alike. Each sample is one run of Google Benchmark with manual time; all are
/// kept.
std::vector<Timing> sample(std::span<const Contestant> contestants, const SamplingOptions& options);

/// The samples of a row's rounds so far and of its next as one timing, settled if all of them are within `target`.
Timing join(const Timing& before, const Timing& next, double target);

}  // namespace assay::bench
