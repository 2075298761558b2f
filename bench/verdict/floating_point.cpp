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

}  // namespace

void set_default_floating_point(int threads) { floating_point_breach(threads); }

std::string floating_point_breach(int threads) {
  const unsigned mine = exchange_for_default(), usual = mode_of_this_thread();
  std::vector<unsigned> modes(static_cast<std::size_t>(std::max(threads, 1)), usual);
  if (threads > 1) {
#pragma omp parallel num_threads(threads)
    if (const int worker = omp_get_thread_num(); worker > 0)
      modes[static_cast<std::size_t>(worker)] = exchange_for_default();
  }
  modes[0] = mine;
  const auto changed = std::find_if(modes.begin(), modes.end(), [&](unsigned mode) { return mode != usual; });
  if (changed == modes.end()) return {};
  const auto worker = changed - modes.begin();
  return fmt::format("it changed the rounding mode or the flush-to-zero bits{} and left them changed",
                     worker == 0 ? std::string() : fmt::format(" on worker thread {}", worker));
}

}  // namespace assay::bench
