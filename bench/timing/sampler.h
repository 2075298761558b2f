// Taking times on Google Benchmark: which contestant runs next, how many calls make a sample, and when it is enough.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/cases/row.h"

namespace assay::bench {

/// Something to time. The label is the benchmark's name. Only `call`, `finish` and `own_clock` are within the clock;
/// all but `call` may be empty.
struct Contestant {
  std::string label;
  std::function<void()> call;        ///< one call, complete on return unless there is a `finish`
  std::function<void()> ready = {};  ///< before each sample: sets what other contestants may have changed
  /// After the warm-up, with the number of calls that a sample should have; returns the number that it gets.
  std::function<std::int64_t(std::int64_t)> plan_calls = {};
  std::function<void()> spoil = {};     ///< changes a little of the results; the next call must restore it
  std::function<bool()> restored = {};  ///< whether it did
  std::function<void()> cool = {};      ///< right before the clock starts: empties the caches
  std::vector<double> earlier = {};     ///< samples of earlier rounds; the interval is that of all together
  std::function<void()> finish = {};    ///< once after the calls of a sample: waits until a device has done them
  /// Makes so many calls and returns the nanoseconds they took together by a clock of the contestant's own, once all
  /// are done; without such a clock it makes no call and returns nothing.
  std::function<std::optional<double>(std::int64_t)> own_clock = {};
};

struct SamplingOptions {
  double row_budget_s = 5;            ///< time for one contestant, warm-up included
  double target = 0.01;               ///< stop when the interval of the median is within this share of it, either way
  std::size_t least_samples = 10;     ///< never stop before so many, unless the time is up
  double warm_up_s = 0.05;            ///< caches, page tables and the clock frequency settle in about this time
  std::uint64_t seed = 0;             ///< of the order in which contestants take turns
  std::function<bool()> interrupted;  ///< asked between samples; may be empty
  std::function<double()> now;        ///< seconds since any fixed moment; empty is the system's steady clock
};

/// Times all contestants together: in each round those that are not done take one sample each, in random order, so that
/// a drift of the machine affects all alike. Each sample is one run of Google Benchmark with manual time; all samples
/// are kept.
std::vector<Timing> sample(std::span<const Contestant> contestants, const SamplingOptions& options);

/// The samples of a row's rounds so far and of its next as one timing, settled if all of them are within `target`.
Timing join(const Timing& before, const Timing& next, double target);

}  // namespace assay::bench
