// What the machine can do at most: bandwidth by working set, pattern and threads, multiply-adds by instruction set
// level and dtype, and what OpenMP, the timer and a call cost. measure_probe() is told its clock, kernels and threads,
// so that tests can bring their own; this_workbench() has the real ones.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/machine/environment.h"
#include "bench/machine/probe_kernels.h"
#include "reference/tensor.h"

namespace assay::bench {

/// Access patterns. Bytes are counted as in STREAM and BabelStream: a copy counts the bytes it reads and the bytes it
/// writes; the lines that an ordinary store fetches before it overwrites them are not counted.
enum class Pattern : std::uint8_t { load, store, stream_store, copy, stream_copy };
constexpr Pattern all_patterns[] = {Pattern::load, Pattern::store, Pattern::stream_store, Pattern::copy,
                                    Pattern::stream_copy};
/// "load", "store", "stream_store", …: stream for non-temporal stores, which go around the caches.
std::string_view name_of(Pattern pattern);

/// Billions a second, of bytes or of floating-point operations. The roof is the best of all samples; the median shows
/// how steady they were.
struct Rate {
  double best = 0, median = 0;
};

struct BandwidthPoint {
  double bytes = 0;  ///< the working set of all threads together; of a copy, both sides
  Rate rate;
};

/// One pattern at one thread count; working sets ascend.
struct BandwidthCurve {
  Pattern pattern = Pattern::load;
  int threads = 1;
  std::vector<BandwidthPoint> points;
};

/// Multiply-adds in registers; each counts as two operations.
struct Peak {
  std::string isa;
  DType dtype = DType::f32;
  int threads = 1;
  Rate rate;
};

/// The cost of a fork, a timer reading or a call without work.
struct Overhead {
  std::string name;  ///< fork, timer, call
  int threads = 1;
  double best_ns = 0, median_ns = 0;
};

struct Probe {
  std::string machine_hash, version, date;
  bool quick = false;
  std::vector<BandwidthCurve> curves;
  std::vector<Peak> peaks;
  std::vector<Overhead> overheads;
};

/// Such an overhead, to be measured by repeating it.
struct Nothing {
  std::string name;
  int threads;
  std::function<void(std::int64_t times)> repeat;
};

/// What a probe is measured with.
struct Workbench {
  std::function<double()> now_ns;
  std::vector<const ProbeKernels*> kernels;  ///< best first; bandwidth is measured with the first
  /// Calls body(0) to body(threads − 1), each on a thread of its own, all starting at once; returns when all are done.
  std::function<void(int threads, const std::function<void(int)>& body)> together;
  std::vector<Nothing> nothings;
  std::function<bool()> interrupted;  ///< asked between measurements; may be empty
  std::function<void()> step;         ///< after each measurement; may be empty
};

/// Of the running machine, with the kernels that its CPU has.
Workbench this_workbench(const std::vector<int>& threads);

struct ProbePlan {
  std::vector<int> threads;
  std::vector<std::int64_t> working_sets;  ///< bytes, ascending
  int rounds = 1;                          ///< each goes over everything, in memory of its own
  double ns_each = 0;                      ///< for one measurement in one round

  /// How often Workbench::step is called; never less.
  std::size_t steps(const Workbench& bench) const;
};

/// One thread, two, and all usable CPUs; working sets up to four times the last-level cache.
ProbePlan plan_probe(const Environment& machine, bool quick);

/// Nothing if interrupted. Throws std::logic_error if a kernel computed a wrong result.
std::optional<Probe> measure_probe(const Workbench& bench, const ProbePlan& plan);

/// Why a probe cannot be trusted, in one sentence: several threads did less than one, because other programs used the
/// CPUs. Empty if it can.
std::string doubt_about(const Probe& probe);

}  // namespace assay::bench
