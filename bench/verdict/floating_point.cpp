// Reading and setting the control registers of the threads of a team.
#include "bench/verdict/floating_point.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cfenv>
#include <cstddef>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace assay::bench {
namespace {

/// The rounding mode, and on x86-64 all control bits: flush-to-zero and denormals-are-zero are among them.
unsigned mode_of_this_thread() {
  auto mode = static_cast<unsigned>(std::fegetround());
#if defined(__x86_64__)
  constexpr unsigned control_bits = 0xffc0;  // MXCSR without its sticky exception flags
  mode ^= (_mm_getcsr() & control_bits) << 16;
#endif
  return mode;
}

/// Sets the defaults on this thread, and returns the mode it had.
unsigned exchange_for_default() {
  const unsigned before = mode_of_this_thread();
  std::fesetenv(FE_DFL_ENV);
  return before;
}

std::string breach(const std::string& where) {
  return fmt::format("it changed the rounding mode or the flush-to-zero bits{} and left them changed", where);
}

}  // namespace

void set_default_floating_point(int threads) {
  std::fesetenv(FE_DFL_ENV);
  floating_point_breach_of_workers(threads);
}

std::string floating_point_breach() {
  const unsigned found = exchange_for_default();
  return found == mode_of_this_thread() ? std::string() : breach("");
}

std::string floating_point_breach_of_workers(int threads) {
  if (threads <= 1) return {};
  std::vector<char> changed(static_cast<std::size_t>(threads), 0);
#pragma omp parallel num_threads(threads)
  if (const int worker = omp_get_thread_num(); worker > 0) {
    const unsigned found = exchange_for_default();
    changed[static_cast<std::size_t>(worker)] = found != mode_of_this_thread();
  }
  const auto first = std::find(changed.begin(), changed.end(), 1);
  return first == changed.end() ? std::string() : breach(fmt::format(" on worker thread {}", first - changed.begin()));
}

}  // namespace assay::bench
