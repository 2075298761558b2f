// Turning exceptions and breaches into verdicts.
#include "bench/verdict/step.h"

#include <fmt/format.h>

#include <new>

#include "bench/machine/memory.h"
#include "bench/verdict/room.h"

namespace assay::bench {

void do_step(Row& row, const std::function<void()>& step) {
  try {
    step();
  } catch (const Unavailable& problem) {
    row.become(Verdict::unavailable, problem.what());
  } catch (const std::bad_alloc&) {
    row.become(Verdict::unavailable, memory_ran_out());
  } catch (const std::exception& problem) {
    row.become(Verdict::failed, fmt::format("the kernel threw: {}", problem.what()));
  }
}

void fail_for(Row& row, std::string breach) {
  if (row.verdict == Verdict::passed && !breach.empty()) row.become(Verdict::failed, std::move(breach));
}

}  // namespace assay::bench
