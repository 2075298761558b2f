// One sample is one RunSpecifiedBenchmarks on a contestant's exact label, with Iterations(1) and manual time; this loop
// decides what runs next and when to stop.
#include "bench/timing/sampler.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>

#include "bench/base/statistics.h"

namespace assay::bench {
namespace {

double steady_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A sample must be 1000 times longer than the noise of its clock: two readings of the host's differ by about 25 ns,
/// and a device's clock has a resolution of about 0.5 µs (CUDA events).
constexpr double least_sample_s = 1000 * 25e-9, least_device_sample_s = 1000 * 0.5e-6;

/// The label as a regular expression that matches it alone; Google Benchmark appends how it runs to a benchmark's name.
std::string exactly(const std::string& label) {
  std::string expression = "^";
  for (const char c : label) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) expression += '\\';
    expression += c;
  }
  return expression + "/iterations:1/process_time/manual_time$";
}

/// Catches the one run that a round makes.
class Catcher final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    if (!runs.empty()) caught_ = runs.front();
  }
  const std::optional<Run>& caught() const { return caught_; }

 private:
  std::optional<Run> caught_;
};

bool is_settled(const std::vector<double>& samples, double target) {
  const double middle = median(samples);
  const Interval interval = median_interval(samples);
  return middle - interval.low <= target * middle && interval.high - middle <= target * middle;
}

/// What follows from the samples.
void summarise(Timing& timing) {
  const Interval interval = median_interval(timing.samples_ns);
  timing.median_ns = median(timing.samples_ns);
  timing.low_ns = interval.low;
  timing.high_ns = interval.high;
}

/// A contestant on its way from sample to sample.
class Runner {
 public:
  Runner(const Contestant& contestant, const SamplingOptions& options)
      : contestant_(contestant), options_(options), now_(options.now ? options.now : steady_now) {
    benchmark::RegisterBenchmark(contestant.label.c_str(), [this](benchmark::State& state) { timed_region(state); })
        ->UseManualTime()
        ->MeasureProcessCPUTime()
        ->Iterations(1)
        ->Unit(benchmark::kNanosecond);
    try {
      warm_up();
    } catch (const std::exception& problem) {
      stop(fmt::format("the kernel threw: {}", problem.what()));
    }
  }

  bool done() const { return done_; }

  void take_sample() {
    const double start = now_();
    Catcher catcher;
    benchmark::RunSpecifiedBenchmarks(&catcher, exactly(contestant_.label));
    if (!timing_.problem.empty()) return;
    if (!catcher.caught()) throw std::logic_error("Google Benchmark did not run " + contestant_.label);
    const auto calls = static_cast<double>(timing_.calls);
    timing_.samples_ns.push_back(catcher.caught()->real_accumulated_time * 1e9 / calls);
    cpu_ns_.push_back(catcher.caught()->cpu_accumulated_time * 1e9 / calls);
    timing_.spent_s += now_() - start;
    decide();
  }

  Timing finish() {
    if (timing_.samples_ns.empty()) return timing_;
    summarise(timing_);
    timing_.cpu_ns = median(cpu_ns_);
    timing_.rounds = {timing_.samples_ns.size()};
    return timing_;
  }

 private:
  void timed_region(benchmark::State& state) {
    try {
      if (contestant_.ready) contestant_.ready();
      if (contestant_.spoil) contestant_.spoil();
      call_once();  // the others have had the caches and the thread pool since
      check();      // of one call alone: among many, one might work for all
      if (contestant_.spoil) contestant_.spoil();
      if (contestant_.cool) contestant_.cool();
      for (auto _ : state) state.SetIterationTime(seconds_of(timing_.calls));
      check();
    } catch (const std::exception& problem) {
      stop(fmt::format("the kernel threw: {}", problem.what()));
      state.SkipWithError("it threw");
    }
  }

  void call_once() {
    contestant_.call();
    if (contestant_.finish) contestant_.finish();
  }

  /// Of so many calls, by the contestant's own clock if it has one.
  double seconds_of(std::int64_t calls) {
    const double start = now_();
    const std::optional<double> own_ns = contestant_.own_clock ? contestant_.own_clock(calls) : std::nullopt;
    if (!own_ns) {
      for (std::int64_t i = 0; i < calls; ++i) contestant_.call();
      if (contestant_.finish) contestant_.finish();
    }
    const double host_s = now_() - start;
    if (!own_ns) return host_s;
    if (!(*own_ns > 0 && *own_ns <= host_s * 1e9)) distrust(calls, *own_ns, host_s * 1e9);
    return *own_ns * 1e-9;
  }

  /// The calls lie between two readings of the host's clock, so they cannot have taken longer.
  void distrust(std::int64_t calls, double own_ns, double host_ns) {
    timing_.distrust = fmt::format("its device's clock says {:g} ns for {} calls that took {:g} ns by the host's clock",
                                   own_ns, calls, host_ns);
    done_ = true;
  }

  void check() {
    if (contestant_.restored && !contestant_.restored())
      stop("a call left a spoilt result as it was: it did not compute what it is timed for");
  }

  void stop(std::string problem) {
    timing_.problem = std::move(problem);
    done_ = true;
  }

  /// Runs until both enough time and two calls have passed. The fastest call says how many make a sample.
  void warm_up() {
    if (contestant_.ready) contestant_.ready();
    const double start = now_();
    double fastest = 1e9;
    for (int calls = 0; calls < 2 || now_() - start < options_.warm_up_s; ++calls) {
      const double call_start = now_();
      call_once();
      fastest = std::min(fastest, now_() - call_start);
      if (calls >= 1 && now_() - start > options_.row_budget_s / 2) break;
    }
    timing_.calls =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(least_sample_s / std::max(fastest, 1e-9))));
    if (contestant_.finish) lengthen_sample(start);
    if (contestant_.plan_calls) timing_.calls = contestant_.plan_calls(timing_.calls);
    timing_.spent_s = now_() - start;
  }

  /// A device does many calls in a row faster than one by one, so a sample is tried and made longer if it is too short.
  void lengthen_sample(double start) {
    constexpr int most_tries = 4;
    const double least = contestant_.own_clock ? least_device_sample_s : least_sample_s;
    for (int tries = 0; tries < most_tries && now_() - start < options_.row_budget_s / 2; ++tries) {
      const double seconds = seconds_of(timing_.calls);
      if (seconds >= least || done_) return;
      const double factor = std::min(least / std::max(seconds, 1e-9), 1e3);
      timing_.calls = static_cast<std::int64_t>(std::ceil(static_cast<double>(timing_.calls) * factor));
    }
  }

  void decide() {
    const std::size_t n = timing_.samples_ns.size();
    if (n >= options_.least_samples) {
      std::vector<double> all = contestant_.earlier;
      all.insert(all.end(), timing_.samples_ns.begin(), timing_.samples_ns.end());
      timing_.settled = is_settled(all, options_.target);
    }
    done_ = timing_.settled || timing_.spent_s >= options_.row_budget_s || !timing_.distrust.empty();
  }

  const Contestant& contestant_;
  const SamplingOptions& options_;
  const std::function<double()> now_;
  Timing timing_;
  std::vector<double> cpu_ns_;
  bool done_ = false;
};

/// Google Benchmark reads its flags from a command line; one of our own keeps it silent about everything.
void initialise_once() {
  static const bool initialised = [] {
    static std::string name = "assay";
    static char* arguments[] = {name.data(), nullptr};
    int count = 1;
    benchmark::Initialize(&count, arguments);
    return true;
  }();
  (void)initialised;
}

}  // namespace

std::vector<Timing> sample(std::span<const Contestant> contestants, const SamplingOptions& options) {
  initialise_once();
  benchmark::ClearRegisteredBenchmarks();
  std::vector<std::unique_ptr<Runner>> runners;
  for (const Contestant& contestant : contestants) runners.push_back(std::make_unique<Runner>(contestant, options));
  std::vector<Runner*> waiting;
  for (const auto& runner : runners)
    if (!runner->done()) waiting.push_back(runner.get());
  std::mt19937_64 order(options.seed);
  while (!waiting.empty()) {
    std::shuffle(waiting.begin(), waiting.end(), order);
    for (Runner* runner : waiting) {
      if (options.interrupted && options.interrupted()) break;
      runner->take_sample();
    }
    if (options.interrupted && options.interrupted()) break;
    std::erase_if(waiting, [](const Runner* runner) { return runner->done(); });
  }
  benchmark::ClearRegisteredBenchmarks();
  std::vector<Timing> timings;
  for (const auto& runner : runners) timings.push_back(runner->finish());
  return timings;
}

Timing join(const Timing& before, const Timing& next, double target) {
  Timing all = next;
  all.samples_ns = before.samples_ns;
  all.samples_ns.insert(all.samples_ns.end(), next.samples_ns.begin(), next.samples_ns.end());
  all.rounds = before.rounds;
  all.rounds.insert(all.rounds.end(), next.rounds.begin(), next.rounds.end());
  all.spent_s += before.spent_s;
  if (all.samples_ns.empty()) return all;
  const auto n = static_cast<double>(before.samples_ns.size()), more = static_cast<double>(next.samples_ns.size());
  all.cpu_ns = (n * before.cpu_ns + more * next.cpu_ns) / (n + more);
  summarise(all);
  all.settled = is_settled(all.samples_ns, target);
  return all;
}

}  // namespace assay::bench
