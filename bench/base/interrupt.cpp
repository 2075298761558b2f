// The interrupt flag.
#include "bench/base/interrupt.h"

#include <csignal>
#include <cstdlib>

namespace assay::bench {
namespace {

constexpr int exit_code = 130;  // 128 + SIGINT, as shells count it

volatile std::sig_atomic_t interrupts = 0;

void on_interrupt(int) {
  interrupts = interrupts + 1;
  if (interrupts > 1) std::_Exit(exit_code);
}

}  // namespace

void catch_interrupts() { std::signal(SIGINT, on_interrupt); }
bool is_interrupted() { return interrupts != 0; }

}  // namespace assay::bench
