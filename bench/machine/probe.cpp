// Sampling. Each round goes over all threads, working sets and patterns, so that a neighbour's burst spoils one round
// of a point and not all of it.
#include "bench/machine/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include "bench/base/statistics.h"

namespace assay::bench {
namespace {

constexpr std::int64_t granule_bytes = 2 * probe_granule * sizeof(std::uint64_t);  // a copy splits it in two
/// Less than a page for each thread measures loop overhead.
constexpr std::int64_t least_bytes_each = 4096;
/// Two clock readings differ by some 25 ns: a four-thousandth of this. Longer samples would catch more interruptions.
constexpr double sample_ns = 100e3;
constexpr std::size_t least_samples = 5;
/// Passes after which every chain of multiply-adds has arrived at 2, to the last bit, with some to spare.
constexpr std::uint64_t least_passes_to_settle = 128;

/// Samples of one measurement, over all rounds.
using Samples = std::vector<double>;

Rate rate_of(const Samples& samples) { return {*std::max_element(samples.begin(), samples.end()), median(samples)}; }

/// The sum of `words` words after `pass`, from the formula of their values.
std::uint64_t expected_sum(std::uint64_t words, std::uint64_t pass) {
  const std::uint64_t pairs = words % 2 == 0 ? words / 2 * (words - 1) : (words - 1) / 2 * words;
  return words * (probe_first + pass * probe_pass) + pairs * probe_step;
}

/// A plain loop, not the kernel under test.
std::uint64_t sum_of(const std::uint64_t* words, std::size_t count) {
  return std::accumulate(words, words + count, std::uint64_t{0});
}

/// Thrown inside this file alone: leaves all loops at once.
struct Interrupted {};

class Measurement {
 public:
  Measurement(const Workbench& bench, const ProbePlan& plan) : bench_(bench), plan_(plan) {}

  Probe run() {
    for (int round = 0; round < plan_.rounds; ++round) {
      for (const int threads : plan_.threads) measure_bandwidth(threads);
      for (const int threads : plan_.threads) measure_peaks(threads);
      for (const Nothing& nothing : bench_.nothings) measure_overhead(nothing);
    }
    return result();
  }

 private:
  using Work = std::function<void(int worker, std::uint64_t passes)>;

  // ---- taking samples ----

  void begin() const {
    if (bench_.interrupted && bench_.interrupted()) throw Interrupted{};
  }
  void end() const {
    if (bench_.step) bench_.step();
  }

  /// From the first worker's start to the last one's end, so that nothing any of them does is left out.
  double time(int threads, const Work& work, std::uint64_t passes) const {
    std::vector<double> starts(static_cast<std::size_t>(threads)), ends(starts);
    bench_.together(threads, [&](int worker) {
      const double start = bench_.now_ns();
      work(worker, passes);
      ends[static_cast<std::size_t>(worker)] = bench_.now_ns();
      starts[static_cast<std::size_t>(worker)] = start;
    });
    return *std::max_element(ends.begin(), ends.end()) - *std::min_element(starts.begin(), starts.end());
  }

  /// Samples until the time of a measurement is over, and appends `unit` times passes for each nanosecond. A sample
  /// that was too short makes the next ones longer and those before it void: the first reading alone, which an
  /// interruption may have stretched, would not do. Returns the passes of the last sample.
  std::uint64_t sample(int threads, const Work& work, double unit, std::uint64_t passes, Samples& samples) const {
    constexpr std::uint64_t most_passes = std::uint64_t{1} << 40;  // for a clock that stands still
    time(threads, work, passes);                                   // warms up
    Samples taken;
    for (double spent = 0, ns = 0; taken.size() < least_samples || spent + ns < plan_.ns_each;) {
      begin();
      ns = time(threads, work, passes);
      if (!(ns >= sample_ns) && passes < most_passes) {
        passes *= ns < sample_ns / 8 ? 8 : 2;
        taken.clear();
        continue;
      }
      if (!(ns > 0)) throw std::logic_error("the clock did not advance while the probe was measured");
      taken.push_back(unit * static_cast<double>(passes) / ns);
      spent += ns;
    }
    samples.insert(samples.end(), taken.begin(), taken.end());
    return passes;
  }

  // ---- bandwidth ----

  /// The memory of each worker. It is allocated as the harness allocates tensors, so that roofs and rows have the same
  /// pages, and anew in each round, which draws other physical ones.
  struct Memory {
    std::vector<std::shared_ptr<std::byte>> owners;
    std::uint64_t* of(int worker) const {
      return reinterpret_cast<std::uint64_t*>(owners[static_cast<std::size_t>(worker)].get());
    }
  };

  static std::int64_t bytes_each(std::int64_t working_set, int threads) {
    return working_set / threads / granule_bytes * granule_bytes;
  }

  void measure_bandwidth(int threads) {
    const std::int64_t most = bytes_each(plan_.working_sets.back(), threads);
    if (most < least_bytes_each) return;
    Memory memory;
    for (int worker = 0; worker < threads; ++worker)
      memory.owners.push_back(allocate_host(static_cast<std::size_t>(most)));
    fill(memory, threads, static_cast<std::size_t>(most) / sizeof(std::uint64_t));
    for (const std::int64_t working_set : plan_.working_sets) {
      const std::int64_t bytes = bytes_each(working_set, threads);
      if (bytes < least_bytes_each) continue;
      for (const Pattern pattern : all_patterns) measure_pattern(pattern, memory, threads, bytes);
    }
  }

  /// The words of pass 0, which no kernel writes. Each worker fills its own memory, and so has its pages near it.
  void fill(const Memory& memory, int threads, std::size_t words) const {
    bench_.together(threads, [&](int worker) {
      for (std::size_t i = 0; i < words; ++i)
        memory.of(worker)[i] = probe_first + static_cast<std::uint64_t>(i) * probe_step;
    });
  }

  void measure_pattern(Pattern pattern, const Memory& memory, int threads, std::int64_t bytes) {
    begin();
    const ProbeKernels& kernels = *bench_.kernels.front();
    const std::size_t words = static_cast<std::size_t>(bytes) / sizeof(std::uint64_t), half = words / 2;
    fill(memory, threads, words);
    std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads));
    const Work work = [&](int worker, std::uint64_t passes) {
      std::uint64_t* const own = memory.of(worker);
      switch (pattern) {
        case Pattern::load: sums[static_cast<std::size_t>(worker)] = kernels.load(own, words, passes); break;
        case Pattern::store: kernels.store(own, words, passes); break;
        case Pattern::stream_store: kernels.stream_store(own, words, passes); break;
        case Pattern::copy: kernels.copy(own + half, own, half, passes); break;
        case Pattern::stream_copy: kernels.stream_copy(own + half, own, half, passes); break;
      }
    };
    const double total = static_cast<double>(bytes) * threads;
    const std::uint64_t passes = sample(threads, work, total, 1, bandwidth_[{threads, pattern, total}]);
    bench_.together(threads, [&](int worker) {
      if (pattern == Pattern::store || pattern == Pattern::stream_store)
        sums[static_cast<std::size_t>(worker)] = sum_of(memory.of(worker), words);
      if (pattern == Pattern::copy || pattern == Pattern::stream_copy)
        sums[static_cast<std::size_t>(worker)] = sum_of(memory.of(worker) + half, half);
    });
    for (const std::uint64_t sum : sums) check(pattern, sum, words, passes);
    end();
  }

  static void check(Pattern pattern, std::uint64_t sum, std::size_t words, std::uint64_t passes) {
    std::uint64_t expected = expected_sum(words, passes);
    if (pattern == Pattern::load) expected = passes * expected_sum(words, 0);
    if (pattern == Pattern::copy || pattern == Pattern::stream_copy) expected = expected_sum(words / 2, 0);
    if (sum != expected)
      throw std::logic_error(fmt::format("the probe's {} over {} words gave the sum {:#x}, but {:#x} is right",
                                         name_of(pattern), words, sum, expected));
  }

  // ---- peaks ----

  void measure_peaks(int threads) {
    for (const ProbeKernels* kernels : bench_.kernels) {
      measure_peak(kernels->isa, DType::f32, kernels->multiply_add_f32, kernels->chains_f32, threads);
      measure_peak(kernels->isa, DType::f64, kernels->multiply_add_f64, kernels->chains_f64, threads);
    }
  }

  template <class T>
  void measure_peak(std::string_view isa, DType dtype, T (*multiply_add)(std::uint64_t), int chains, int threads) {
    begin();
    std::vector<T> sums(static_cast<std::size_t>(threads));
    const Work work = [&](int worker, std::uint64_t passes) {
      sums[static_cast<std::size_t>(worker)] = multiply_add(passes);
    };
    const double flops = 2.0 * chains * threads;
    sample(threads, work, flops, least_passes_to_settle, peaks_[{threads, std::string(isa), dtype}]);
    for (const T sum : sums)
      if (!(sum == static_cast<T>(2 * chains)))
        throw std::logic_error(fmt::format("the probe's multiply-adds in {} at {} gave {}, but {} is right",
                                           name_of(dtype), isa, sum, 2 * chains));
    end();
  }

  // ---- overheads ----

  /// On the caller's thread: a fork brings its own.
  void measure_overhead(const Nothing& nothing) {
    begin();
    const Work work = [&](int, std::uint64_t times) { nothing.repeat(static_cast<std::int64_t>(times)); };
    Samples rates;
    sample(1, work, 1, 1, rates);
    for (const double rate : rates) overheads_[{nothing.name, nothing.threads}].push_back(1 / rate);
    end();
  }

  // ---- the result ----

  Probe result() const {
    Probe probe;
    for (const auto& [key, samples] : bandwidth_) {
      const auto& [threads, pattern, bytes] = key;
      if (probe.curves.empty() || probe.curves.back().threads != threads || probe.curves.back().pattern != pattern)
        probe.curves.push_back({pattern, threads, {}});
      probe.curves.back().points.push_back({bytes, rate_of(samples)});
    }
    for (const auto& [key, samples] : peaks_)
      probe.peaks.push_back({std::get<std::string>(key), std::get<DType>(key), std::get<int>(key), rate_of(samples)});
    for (const auto& [key, samples] : overheads_)
      probe.overheads.push_back(
          {key.first, key.second, *std::min_element(samples.begin(), samples.end()), median(samples)});
    return probe;
  }

  const Workbench& bench_;
  const ProbePlan& plan_;
  std::map<std::tuple<int, Pattern, double>, Samples> bandwidth_;
  std::map<std::tuple<int, std::string, DType>, Samples> peaks_;
  std::map<std::pair<std::string, int>, Samples> overheads_;
};

/// Powers of two and the steps half way between them, in four times as coarse steps for a quick probe, and `most`.
std::vector<std::int64_t> working_sets_up_to(std::int64_t most, bool quick) {
  std::vector<std::int64_t> list;
  for (std::int64_t bytes = least_bytes_each; bytes < most; bytes *= quick ? 4 : 2) {
    list.push_back(bytes);
    if (!quick && bytes / 2 * 3 < most) list.push_back(bytes / 2 * 3);
  }
  list.push_back(most);
  return list;
}

}  // namespace

std::string_view name_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::load: return "load";
    case Pattern::store: return "store";
    case Pattern::stream_store: return "stream_store";
    case Pattern::copy: return "copy";
    case Pattern::stream_copy: return "stream_copy";
  }
  return "?";
}

std::size_t ProbePlan::steps(const Workbench& bench) const {
  const std::size_t each_thread_count =
      working_sets.size() * std::size(all_patterns) + bench.kernels.size() * 2;  // two dtypes
  return static_cast<std::size_t>(rounds) * (threads.size() * each_thread_count + bench.nothings.size());
}

ProbePlan plan_probe(const Environment& machine, bool quick) {
  ProbePlan plan;
  const int all = std::max(machine.usable_cpus, 1);
  plan.threads = {1};
  if (all > 2) plan.threads.push_back(2);
  if (all > 1) plan.threads.push_back(all);
  // STREAM asks for four times the last-level cache; a virtual machine may show less of that than it has, and up to
  // 256 MiB the difference costs nothing. Half of what is free leaves room for everyone else.
  constexpr std::int64_t least_largest = std::int64_t{256} << 20;
  const std::int64_t wanted = std::max(4 * machine.topology.last_level_bytes(), least_largest);
  const std::int64_t free = machine.available_memory_bytes > 0 ? machine.available_memory_bytes / 2 : wanted;
  plan.working_sets = working_sets_up_to(std::max(std::min(wanted, free), 2 * least_bytes_each), quick);
  // About 30 s and 6 s with two thread counts on a machine with 32 MiB of last-level cache.
  plan.rounds = quick ? 2 : 3;
  plan.ns_each = quick ? 15e6 : 20e6;
  return plan;
}

std::string doubt_about(const Probe& probe) {
  for (const Peak& one : probe.peaks)
    for (const Peak& more : probe.peaks)
      if (one.threads < more.threads && one.isa == more.isa && one.dtype == more.dtype &&
          !(more.rate.best >= one.rate.best))
        return fmt::format(
            "{} threads reached {:.4g} GFLOP/s ({}, {}) where {} reached {:.4g}, so other work must have held the CPUs",
            more.threads, more.rate.best, more.isa, name_of(more.dtype), one.threads, one.rate.best);
  return {};
}

std::optional<Probe> measure_probe(const Workbench& bench, const ProbePlan& plan) {
  try {
    return Measurement(bench, plan).run();
  } catch (const Interrupted&) {
    return std::nullopt;
  }
}

}  // namespace assay::bench
