// Verifying a case, and ending when interrupted before anything is computed.
#include "bench/verdict/verified_case.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "bench/base/interrupt.h"

namespace assay::bench {
namespace {

TEST(VerifiedCase, ComputesNoTruthOnceInterrupted) {
  const auto interrupted = [] {
    set_up_signals();
    catch_interrupts();
    std::raise(SIGINT);
    const BoundCase nothing;  // computing its truth would crash
    verify_case(
        {&nothing, {Row()}}, 0, [](const Row&) { return ""; }, [](Row&&) { _exit(1); });
    _exit(0);
  };
  EXPECT_EXIT(interrupted(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace assay::bench
