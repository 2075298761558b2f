// Verifying a case: the order of its rows, and ending when interrupted before anything is computed.
#include "bench/verdict/verified_case.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "bench/base/interrupt.h"

namespace assay::bench {
namespace {

TEST(VerifiedCaseDeathTest, ComputesNoTruthOnceInterrupted) {
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

TEST(VerifiedCase, RunsTheMostThreadsFirst) {
  CaseOptions options;
  options.drawn_only = true;
  options.drawn = Drawn::one;
  const BoundCase bound = collect_cases(options).cases.front();
  CaseRows selected{&bound, {}};
  const auto add = [&](const char* backend, int threads) {
    Row row;
    row.op = bound.op->name;
    row.case_name = bound.name;
    row.backend = backend;
    row.threads = threads;
    selected.rows.push_back(row);
  };
  add("scalar", 1);
  for (const int threads : {1, 7, 2}) add("openmp", threads);
  std::vector<std::string> order;
  verify_case(
      selected, default_seed, [](const Row&) { return ""; },
      [&](Row&& row) {
        EXPECT_EQ(row.verdict, Verdict::passed) << row.reason;
        order.push_back(row.backend + " " + std::to_string(row.threads));
      });
  EXPECT_EQ(order, (std::vector<std::string>{"scalar 1", "openmp 7", "openmp 2", "openmp 1"}));
}

}  // namespace
}  // namespace assay::bench
