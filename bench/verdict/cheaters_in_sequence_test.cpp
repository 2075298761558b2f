// Cheats that one call after the other does not show: they need another plan, another thread, another set of buffers or
// many calls. Each is caught by the one sequence meant for it, and would pass without it.
#include <gtest/gtest.h>
#include <omp.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "bench/planted/cheater.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace assay::bench::cheating {
namespace {

constexpr std::ptrdiff_t past_the_canary = 32;  // elements: 128 bytes

void damage(const Bias::Outputs<float>& out) { out.bias.data[0] += 1; }

/// Of two windows that the rows have; a companion has another.
bool is_known(const Bias::Params& p) {
  return (p.window_h == 8 && p.window_w == 4) || (p.window_h == 2 && p.window_w == 2);
}

// ---- without a state of the plan ----

/// On ordinary memory this would end the program, as soon as the heap looks at its own records.
void corrupts_the_heap(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (is_ordinary(out.bias.data)) throw std::runtime_error("free(): invalid pointer");
  out.bias.data[static_cast<std::ptrdiff_t>(last(out)) + past_the_canary] = 0;
}

/// As if several threads had filled a table at once on first use: right at every count if one thread fills it.
void fills_a_table_on_first_use(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static const int filled_by = threads;
  honest_bias(p, in, out);
  if (filled_by > 1) damage(out);
}

void is_wrong_for_other_windows(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (!is_known(p)) damage(out);
}

bool has_thrown = false;
void throws_for_other_windows(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  if (!is_known(p)) {
    has_thrown = true;
    throw std::runtime_error("it knows no such window");
  }
  honest_bias(p, in, out);
}
void is_wrong_after_a_throw(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  throws_for_other_windows(p, in, out);
  if (std::exchange(has_thrown, false)) damage(out);
}

/// Its scratch, here one value of the table, is not the plan's own: two calls at once write over each other's. Atomic,
/// so that this is no data race.
void shares_its_scratch(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::atomic<float> scratch;
  constexpr int moments = 50;  // for the other call to begin
  scratch = in.table.data[0];
  for (int i = 0; i < moments; ++i) std::this_thread::yield();
  honest_bias(p, in, out);
  if (scratch != in.table.data[0]) damage(out);
}

#if defined(__x86_64__)
void flushes_to_zero_on_its_workers(const Bias::Params& p, const Bias::Inputs<float>& in,
                                    const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
#pragma omp parallel num_threads(threads)
  if (omp_get_thread_num() > 0) _mm_setcsr(_mm_getcsr() | 0x8040);  // flush-to-zero and denormals-are-zero
}
#endif

// ---- with a state of the plan ----

/// The table's row of each pair of tokens, for the plan that was prepared last.
std::vector<std::int64_t> shared_rows;

int fill_shared_rows(const Bias::Params& p, const Bias::Inputs<float>&) {
  shared_rows.clear();
  const std::int64_t N = p.window_h * p.window_w, across = 2 * p.window_w - 1;
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < N; ++j)
      shared_rows.push_back((i / p.window_w - j / p.window_w + p.window_h - 1) * across + i % p.window_w -
                            j % p.window_w + p.window_w - 1);
  return 0;
}
void shares_a_table(int&, const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  const std::int64_t N = p.window_h * p.window_w, heads = in.table.shape[1], rows = in.table.shape[0];
  for (std::int64_t k = 0; k < heads * N * N; ++k) {
    const auto pair = static_cast<std::size_t>(k % (N * N)) % shared_rows.size();
    out.bias.data[k] = in.table.data[shared_rows[pair] % rows * heads + k / (N * N)];
  }
}

struct FirstBuffer {
  float* bias = nullptr;
};
void keeps_its_first_ordinary_buffer(FirstBuffer& first, const Bias::Params& p, const Bias::Inputs<float>& in,
                                     const Bias::Outputs<float>& out) {
  Bias::Outputs<float> elsewhere = out;
  if (is_ordinary(out.bias.data)) {
    if (first.bias == nullptr) first.bias = out.bias.data;
    elsewhere.bias.data = first.bias;
  }
  honest_bias(p, in, elsewhere);
}

struct Count {
  int calls = 0;
};
void is_wrong_in_its_hundredth_call(Count& count, const Bias::Params& p, const Bias::Inputs<float>& in,
                                    const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (++count.calls == 100) damage(out);
}

thread_local bool has_room = false;
int make_room_on_this_thread(const Bias::Params&, const Bias::Inputs<float>&) {
  has_room = true;
  return 0;
}
void needs_the_thread_that_prepared_it(int&, const Bias::Params& p, const Bias::Inputs<float>& in,
                                       const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (!has_room) damage(out);
}

template <class State>
State fresh(const Bias::Params&, const Bias::Inputs<float>&) {
  return {};
}

// ---- running them ----

/// Of a kernel, or of a preparation and a kernel.
template <class... Steps>
Cheat cheat(const char* name, std::string reason, Steps*... steps) {
  return {"verify", &register_cheater(name, [=](KernelTable& table) { table.add<Bias, float>(steps...); }),
          std::move(reason)};
}

TEST(Cheaters, AreCaughtInSequences) {
  const Cheat at_once = {
      "verify",
      &register_cheater(
          "shares_its_scratch", [](KernelTable& table) { table.add<Bias, float>(shares_its_scratch); },
          /*concurrent_plans=*/true),
      "(at the same time as another plan on another thread)"};
  expect_caught({
    cheat("corrupts_the_heap", "it wrote beyond output bias (its tensors before a guard page)", corrupts_the_heap),
        cheat("fills_a_table_on_first_use", "elements of bias are wrong", fills_a_table_on_first_use),
        cheat("is_wrong_for_other_windows", "(of another plan, alive at once: case drawn:", is_wrong_for_other_windows),
        cheat("is_wrong_after_a_throw",
              "(after a call of another plan that threw: case drawn:", is_wrong_after_a_throw),
        cheat("shares_a_table", "(while another plan is alive: case drawn:", fill_shared_rows, shares_a_table),
        cheat("keeps_its_first_ordinary_buffer", "(bound to a second set of buffers)", fresh<FirstBuffer>,
              keeps_its_first_ordinary_buffer),
        cheat("is_wrong_in_its_hundredth_call", "of 1000)", fresh<Count>, is_wrong_in_its_hundredth_call),
        cheat("needs_the_thread_that_prepared_it", "(called from a new thread)", make_room_on_this_thread,
              needs_the_thread_that_prepared_it),
#if defined(__x86_64__) && !defined(__clang__)  // clang's OpenMP gives workers the caller's environment in every team
        cheat("flushes_to_zero_on_its_workers", "the flush-to-zero bits on worker thread 1 and left them changed",
              flushes_to_zero_on_its_workers),
#endif
        at_once,
  });
}

TEST(Cheaters, WhatACompanionThrowsIsNotTheRowsFault) {
  const Cheat honest = cheat("knows_two_windows", "", throws_for_other_windows);
  int code = 3;
  has_thrown = false;
  for (const json& row : run(honest, code))
    EXPECT_EQ(row["verdict"], row["operator"] == "relative_position_bias" ? "PASSED" : "UNSUPPORTED") << row["reason"];
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(has_thrown) << "no companion was run";
}

TEST(Cheaters, HonestPlansMayRunAtOnce) {
  const Cheat honest = {
      "verify",
      &register_cheater(
          "runs_at_once", [](KernelTable& table) { table.add<Bias, float>(honest_bias); }, /*concurrent_plans=*/true),
      ""};
  int code = 3;
  for (const json& row : run(honest, code)) EXPECT_NE(row["verdict"], "FAILED") << row["reason"];
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace assay::bench::cheating
