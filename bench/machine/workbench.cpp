// The real clock, threads and kernels of a probe.
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>

#include "backends/registry.h"
#include "bench/machine/affinity.h"
#include "bench/machine/probe.h"
#include "probe_levels.h"

namespace assay::bench {
namespace {

double steady_ns() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void run_together(int threads, const std::function<void(int)>& body) {
  if (threads == 1) return body(0);  // forks that are measured inside must not be nested
  int came = 0;
#pragma omp parallel num_threads(threads)
  {
#pragma omp single
    came = omp_get_num_threads();
    // here the threads have waited for each other
    body(omp_get_thread_num());
  }
  if (came != threads)
    throw InvalidArgument(
        fmt::format("OpenMP gave {} threads where {} were asked for: unset OMP_THREAD_LIMIT", came, threads));
}

void fork_empty(int threads, std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) {
#pragma omp parallel num_threads(threads)
    __asm__ volatile("");  // an empty region might be left out
  }
}

void read_timer_twice(std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now(), end = std::chrono::steady_clock::now();
    __asm__ volatile("" : : "r"(&start), "r"(&end) : "memory");
  }
}

void call_nothing(std::int64_t times) {
  std::function<void()> nothing = [] { __asm__ volatile(""); };
  for (std::int64_t i = 0; i < times; ++i) {
    __asm__ volatile("" : : "r"(&nothing) : "memory");  // what it calls may have changed
    nothing();
  }
}

/// Those that the CPU has, best first; on other architectures the one there is.
std::vector<const ProbeKernels*> usable_kernels() {
  std::vector<const ProbeKernels*> usable;
  const std::vector<std::string_view> levels = cpu_isa_levels();
  for (const std::string_view level : levels)
    for (const ProbeKernels* kernels : probe_levels)
      if (kernels->isa == level) usable.push_back(kernels);
  if (levels.empty() && std::size(probe_levels) == 1) usable.push_back(probe_levels[0]);
  if (usable.empty()) throw InvalidArgument("this CPU has none of the instruction sets that the probe is built for");
  return usable;
}

}  // namespace

Workbench this_workbench(const std::vector<int>& threads) {
  omp_set_dynamic(0);  // OMP_DYNAMIC lets the runtime give fewer threads whenever the machine is busy
  for (const int count : threads)
    if (const int cpus = cpus_of_team(count); cpus < std::min(count, usable_cpus()))
      throw InvalidArgument(
          fmt::format("OpenMP binds {} threads to {} of {} CPUs, so the machine would look slower than it is: unset "
                      "GOMP_CPU_AFFINITY, OMP_PLACES and OMP_PROC_BIND",
                      count, cpus, usable_cpus()));
  Workbench bench;
  bench.now_ns = steady_ns;
  bench.kernels = usable_kernels();
  bench.together = run_together;
  for (const int count : threads)
    bench.nothings.push_back({"fork", count, [count](std::int64_t times) { fork_empty(count, times); }});
  bench.nothings.push_back({"timer", 1, read_timer_twice});
  bench.nothings.push_back({"call", 1, call_nothing});
  return bench;
}

}  // namespace assay::bench
