// Asking the kernel once, before the constructors of shared libraries run.
#include "bench/machine/affinity.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace assay::bench {
namespace {

/// Zero-initialised, so that no constructor of its own clears it after it was filled.
cpu_set_t at_start;
bool is_known;

/// A bare system call, and no sanitizer: theirs are not initialised yet either.
__attribute__((no_sanitize("address"), no_sanitize("thread"))) void read_at_start() {
  is_known = syscall(SYS_sched_getaffinity, 0, sizeof at_start, &at_start) > 0;
}

/// The loader calls these before the constructors of any shared library; only a program can have them, no library.
__attribute__((section(".preinit_array"), used)) void (*read_before_libraries)() = read_at_start;

}  // namespace

int usable_cpus() {
  if (is_known) return CPU_COUNT(&at_start);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

bool is_usable(unsigned cpu) { return !is_known || (cpu < CPU_SETSIZE && CPU_ISSET(cpu, &at_start)); }

int cpus_of_this_thread() {
  cpu_set_t now;
  return sched_getaffinity(0, sizeof now, &now) == 0 ? CPU_COUNT(&now) : usable_cpus();
}

int cpus_of_team(int threads) {
  cpu_set_t all;
  CPU_ZERO(&all);
#pragma omp parallel num_threads(threads)
  {
    cpu_set_t own;
    CPU_ZERO(&own);
    sched_getaffinity(0, sizeof own, &own);
#pragma omp critical
    CPU_OR(&all, &all, &own);
  }
  return std::max(CPU_COUNT(&all), 1);
}

std::optional<std::string> oversubscription_warning(int threads) {
  const int cpus = cpus_of_team(threads);
  if (threads <= cpus) return std::nullopt;
  return fmt::format(
      "{} threads share {} CPU{}, so that they wait for each other: ask for fewer --threads, or unset what binds them "
      "(GOMP_CPU_AFFINITY, OMP_PLACES, taskset)",
      threads, cpus, cpus == 1 ? "" : "s");
}

}  // namespace assay::bench
