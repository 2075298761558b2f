// Taking times on Google Benchmark: which contestant runs next, how many calls make a sample, and when it is enough.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/row.h"

namespace assay::bench {

/// Something to time. The label is the benchmark's name.
struct Contestant {
  std::string label;
  std::function<void()> call;        ///< one call, complete when it returns
  std::function<void()> ready = {};  ///< before each sample, outside the clock: what other contestants may have set
  /// Outside the clock too: spoils a little of the results before the timed calls, and asks afterwards whether they
  /// have been computed anew. Both may be empty.
  std::function<void()> spoil = {};
  std::function<bool()> restored = {};
};

struct SamplingOptions {
  double row_budget_s = 5;            ///< time for one contestant, warm-up included
  double target = 0.01;               ///< stop when the interval of the median is within this share of it, either way
  std::size_t least_samples = 10;     ///< but not before so many
  double warm_up_s = 0.05;            ///< caches, page tables and the clock frequency settle in about this time
  std::uint64_t seed = 0;             ///< of the order in which contestants take turns
  std::function<bool()> interrupted;  ///< asked between samples; may be empty
};

/// Times all contestants in one go: in each round those that are not done take one sample each, in random order, so
/// that a drift of the machine hits all alike. Each sample is one run of Google Benchmark with manual time; all are
/// kept.
std::vector<Timing> sample(std::span<const Contestant> contestants, const SamplingOptions& options);

}  // namespace assay::bench
