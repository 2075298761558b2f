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
  std::unique_ptr<Pinning> pinning;                      ///< none unless threads are to be pinned
  std::unique_ptr<Eviction> eviction;                    ///< made when a cold cache is first asked for
  const Probe* probe = nullptr;                          ///< what the machine can do; null leaves rows without a roof
  std::function<std::string(const Row&)> repro_command;  ///< that does one row again
  int rounds = 1;                  ///< how often all cases are gone through; a row's budget is shared among them
  std::vector<double> same_twice;  ///< |ln| of the ratio of a contestant's median to its own, of the first few cases
};

/// The largest relative difference that was seen between two identical contestants; none before anything was timed.
std::optional<double> aa_floor(const TimingSetup& setup);

/// Poison → run → judge → time → judge the very buffers that the timed calls wrote, on other input values than before.
/// A row that is not PASSED has no time.
std::vector<Row> time_case(const CaseRows& selected, std::uint64_t seed, TimingSetup& setup);

/// Round number `round`, from 1 on, of the rows of a case that are PASSED so far: on buffers and values of its own,
/// judged like the first, its samples beside theirs. Minutes may lie between two rounds, so that what slows the machine
/// for a while does not touch all samples of a row.
void time_again(const BoundCase& bound, std::uint64_t seed, int round, TimingSetup& setup, std::span<Row> rows);

}  // namespace assay::bench
