// One case on all its backends: verified, then timed together, then judged again. What `bench` and `profile` repeat.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/cases/row.h"
#include "bench/cases/selection.h"
#include "bench/machine/probe.h"
#include "bench/timing/eviction.h"
#include "bench/timing/pinning.h"
#include "bench/timing/sampler.h"

namespace assay::bench {

/// How times are taken, and what is kept from one case to the next.
struct TimingSetup {
  SamplingOptions sampling;
  CacheState cache = CacheState::hot;
  Allocation allocation = Allocation::once;
  std::unique_ptr<Pinning> pinning;                      ///< null unless threads are pinned
  std::unique_ptr<Eviction> eviction;                    ///< made when a host backend first needs a cold cache
  const Probe* probe = nullptr;                          ///< of this machine; if null, rows have no roof
  std::function<std::string(const Row&)> repro_command;  ///< that does one row again
  int rounds = 1;                  ///< all cases are timed so often; the rounds share a row's budget
  std::vector<double> same_twice;  ///< |ln| of the ratio of two medians of one contestant, for the first few cases
};

/// The largest relative difference between two identical contestants; nothing before anything was timed.
std::optional<double> aa_floor(const TimingSetup& setup);

/// Poison → run → judge → load other input values → time → judge the buffers that the timed calls wrote. A row that is
/// not PASSED has no time.
std::vector<Row> time_case(const CaseRows& selected, std::uint64_t seed, TimingSetup& setup);

/// Round number `round`, from 1 on, of the rows of a case that are PASSED so far. It has buffers and values of its own,
/// is judged like the first, and its samples are added to theirs. Minutes lie between two rounds, so that a slow phase
/// of the machine does not affect all samples of a row.
void time_again(const BoundCase& bound, std::uint64_t seed, int round, TimingSetup& setup, std::span<Row> rows);

}  // namespace assay::bench
