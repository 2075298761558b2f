// Backends that cheat, each driven through the program as a user runs it and caught by the guard meant for it. One line
// of the table a cheater: what it does, under which verb it is caught, and the sentence of the guard that catches it.
#include <gtest/gtest.h>

#include <atomic>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "bench/machine/environment.h"
#include "bench/planted/cheater.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace assay::bench::cheating {
namespace {

/// More than the verification of all rows makes where tensors take more than 1 KB.
constexpr int verified_calls = 100;

std::size_t bytes(const Bias::Outputs<float>& out) { return last(out) * sizeof(float); }

void does_nothing(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) {}

void works_once_per_buffer(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::set<const void*> seen;
  if (seen.insert(out.bias.data).second || calls++ == 0) honest_bias(p, in, out);
}

/// Gives what it remembers under a key, and remembers what it had to compute.
template <class Key>
void remember(std::map<Key, std::vector<float>>& memory, const Key& key, const Bias::Params& p,
              const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  std::vector<float>& known = memory[key];
  if (known.size() == last(out)) {
    std::memcpy(out.bias.data, known.data(), bytes(out));
    return;
  }
  honest_bias(p, in, out);
  known.assign(out.bias.data, out.bias.data + last(out));
}
void remembers_by_address(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::map<std::pair<const void*, const void*>, std::vector<float>> memory;
  remember(memory, {in.table.data, out.bias.data}, p, in, out);
}
void remembers_by_checksum(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::map<std::uint64_t, std::vector<float>> memory;
  std::uint64_t sum = static_cast<std::uint64_t>(p.window_w);  // of the bits, whatever their order
  for (std::int64_t i = 0; i < in.table.shape.elements(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, in.table.data + i, sizeof bits);
    sum += bits * std::uint64_t{0x9e3779b97f4a7c15};
  }
  remember(memory, sum, p, in, out);
}

void returns_before_the_work_is_done(const Bias::Params& p, const Bias::Inputs<float>& in,
                                     const Bias::Outputs<float>& out) {
  std::vector<float> made(last(out));
  Bias::Outputs<float> aside = out;
  aside.bias.data = made.data();
  honest_bias(p, in, aside);
  helpers.emplace_back([made, to = out.bias.data] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::memcpy(to, made.data(), made.size() * sizeof(float));
  });
}
void goes_on_writing(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (!is_ordinary(out.bias.data) || calls++ != 0) return;
  const auto started = std::make_shared<std::atomic<bool>>(false);
  helpers.emplace_back([started, value = out.bias.data[0], to = out.bias.data] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
    while (std::chrono::steady_clock::now() < end) {
      *static_cast<volatile float*>(to) = value;
      *started = true;
      std::this_thread::sleep_for(std::chrono::microseconds(20));  // who sleeps is woken soon, also on a busy machine
    }
  });
  while (!*started) std::this_thread::yield();
}

void writes_one_beyond(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  out.bias.data[last(out)] = 0;
}
void writes_one_before(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  out.bias.data[-1] = 0;
}
constexpr std::ptrdiff_t past_the_canary = 32;  // elements: 128 bytes
void writes_far_beyond(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  out.bias.data[static_cast<std::ptrdiff_t>(last(out)) + past_the_canary] = 0;
}
float sink;
void reads_beyond(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  sink = static_cast<const volatile float*>(in.table.data)[in.table.shape.elements()];
}
void reads_before(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  sink = static_cast<const volatile float*>(in.table.data)[-1];
}
void changes_its_input(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (is_ordinary(in.table.data)) const_cast<float*>(in.table.data)[0] += 1;  // elsewhere it cannot be written
}
void changes_its_input_and_back(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  auto* scratch = static_cast<volatile float*>(const_cast<float*>(in.table.data));
  const float before = scratch[0];
  scratch[0] = 0;
  scratch[0] = before;
  honest_bias(p, in, out);
}
void adds_to_what_was_there(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  std::vector<float> before(out.bias.data, out.bias.data + last(out));
  honest_bias(p, in, out);
  for (std::size_t i = 0; i < before.size(); ++i) out.bias.data[i] += before[i];
}
void fails_at_odd_addresses(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (reinterpret_cast<std::uintptr_t>(out.bias.data) % 64 == sizeof(float)) out.bias.data[0] += 1;
}
void keeps_its_first_buffer(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::map<std::size_t, float*> first;
  if (calls++ == 0) first.clear();
  Bias::Outputs<float> elsewhere = out;
  elsewhere.bias.data = first.try_emplace(last(out), out.bias.data).first->second;
  honest_bias(p, in, elsewhere);
}

void wrong_after_many_calls(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (++calls > verified_calls) out.bias.data[0] += 1;
}
void throws_after_many_calls(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (++calls > verified_calls) throw std::runtime_error("enough is enough");
}
/// The timer game: of many calls in a row only the first does the work.
void skips_what_seems_done(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::map<const float*, std::pair<float, float>> done;
  const auto found = done.find(out.bias.data);
  if (found != done.end() && found->second == std::pair(in.table.data[0], out.bias.data[0])) return;
  honest_bias(p, in, out);
  done[out.bias.data] = {in.table.data[0], out.bias.data[0]};
}
void computes_every_other_call(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  if (++calls <= verified_calls || calls % 2 == 0) honest_bias(p, in, out);
}

void changes_the_rounding(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  std::fesetround(FE_UPWARD);
}
#if defined(__x86_64__)
void flushes_to_zero(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush-to-zero and denormals-are-zero
}
#endif

// window_softmax is inexact: right answers may differ in their last bits

/// Softmax in double of logits that `change` has been at.
template <class Change>
void softmax(const Softmax::Inputs<float>& in, const Softmax::Outputs<float>& out, Change change) {
  const std::int64_t heads = in.scores.shape[1], N = in.scores.shape[2], rows = in.scores.shape.elements() / N;
  std::vector<double> e(static_cast<std::size_t>(N));
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t window = row / (heads * N), within = row % N;
    const float* bias = in.bias ? in.bias->data + row % (heads * N) * N : nullptr;
    const float* mask = in.mask ? in.mask->data + (window % in.mask->shape[0] * N + within) * N : nullptr;
    double most = -INFINITY, sum = 0;
    for (std::int64_t j = 0; j < N; ++j) {
      double t = static_cast<double>(in.scores.data[row * N + j]);
      if (bias != nullptr) t += static_cast<double>(bias[j]);
      if (mask != nullptr) t += static_cast<double>(mask[j]);
      most = std::max(most, e[static_cast<std::size_t>(j)] = change(t));
    }
    for (double& value : e) sum += value = std::exp(value - most);
    for (std::int64_t j = 0; j < N; ++j)
      out.probs.data[row * N + j] = static_cast<float>(e[static_cast<std::size_t>(j)] / sum);
  }
}
void nudge(const Softmax::Outputs<float>& out) { out.probs.data[0] = std::nextafter(out.probs.data[0], 2.0F); }

void rounds_to_tf32(const Softmax::Params&, const Softmax::Inputs<float>& in, const Softmax::Outputs<float>& out) {
  softmax(in, out, [](double t) {
    int exponent = 0;
    const double fraction = std::frexp(t, &exponent);
    return std::ldexp(std::nearbyint(std::ldexp(fraction, 11)), exponent - 11);  // 11 bits, the leading one included
  });
}
void differs_by_threads(const Softmax::Params&, const Softmax::Inputs<float>& in, const Softmax::Outputs<float>& out) {
  softmax(in, out, [](double t) { return t; });
  if (threads > 1) nudge(out);
}
void differs_by_run(const Softmax::Params&, const Softmax::Inputs<float>& in, const Softmax::Outputs<float>& out) {
  softmax(in, out, [](double t) { return t; });
  if (calls++ % 2 == 1) nudge(out);
}

// ---- running them ----

void add_to(KernelTable& table,
            void (*kernel)(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&)) {
  table.add<Bias, float>(kernel);
}
void add_to(KernelTable& table,
            void (*kernel)(const Softmax::Params&, const Softmax::Inputs<float>&, const Softmax::Outputs<float>&)) {
  table.add<Softmax, float>(kernel);
}

template <class Kernel>
Cheat cheat(const char* verb, const char* name, Kernel* kernel, std::string reason) {
  return {verb, &register_cheater(name, [kernel](KernelTable& table) { add_to(table, kernel); }), std::move(reason)};
}

std::vector<Cheat> cheats() {
  return {
    cheat("verify", "does_nothing", does_nothing, "elements of bias are wrong"),
        cheat("verify", "works_once_per_buffer", works_once_per_buffer, "has other bits when run again"),
        cheat("verify", "remembers_by_address", remembers_by_address, "on other values at the same addresses"),
        cheat("verify", "remembers_by_checksum", remembers_by_checksum, "on other values at the same addresses"),
        cheat("verify", "returns_before_the_work_is_done", returns_before_the_work_is_done,
              "elements of bias are wrong"),
        cheat("verify", "goes_on_writing", goes_on_writing, "it went on writing after it had returned"),
        cheat("verify", "writes_one_beyond", writes_one_beyond, "it wrote beyond output bias"),
        cheat("verify", "writes_one_before", writes_one_before, "it wrote before output bias"),
        cheat("verify", "writes_far_beyond", writes_far_beyond,
              "it wrote beyond output bias (its tensors before a guard"),
        cheat("verify", "reads_beyond", reads_beyond, "it read beyond input table (its tensors before a guard page)"),
        cheat("verify", "reads_before", reads_before, "it read before input table (its tensors after a guard page)"),
        cheat("verify", "changes_its_input", changes_its_input, "it changed its input table"),
        cheat("verify", "changes_its_input_and_back", changes_its_input_and_back, "it wrote to input table"),
        cheat("verify", "adds_to_what_was_there", adds_to_what_was_there, "elements of bias are wrong"),
        cheat("verify", "fails_at_odd_addresses", fails_at_odd_addresses, "(its tensors at an odd address)"),
        cheat("verify", "keeps_its_first_buffer", keeps_its_first_buffer, "(its tensors after a guard page)"),
        cheat("verify", "changes_the_rounding", changes_the_rounding, "it changed the rounding mode"),
#if defined(__x86_64__)
        cheat("verify", "flushes_to_zero", flushes_to_zero, "the flush-to-zero bits"),
#endif
        cheat("verify", "rounds_to_tf32", rounds_to_tf32, "elements of probs are wrong"),
        cheat("verify", "differs_by_threads", differs_by_threads, "has other bits with 1 thread than with 2 threads"),
        cheat("verify", "differs_by_run", differs_by_run, "has other bits when run again"),
        cheat("bench", "wrong_after_many_calls", wrong_after_many_calls, "(after the timed calls)"),
        cheat("bench", "throws_after_many_calls", throws_after_many_calls, "enough is enough (after the timed calls)"),
        cheat("bench", "skips_what_seems_done", skips_what_seems_done, "a call left a spoilt result as it was"),
        cheat("bench", "computes_every_other_call", computes_every_other_call, "a call left a spoilt result as it was"),
  };
}

TEST(Cheaters, AreAllCaughtByTheGuardMeantForThem) { expect_caught(cheats()); }

TEST(Cheaters, AnHonestBackendIsNotAccused) {
  const Cheater& fair = register_cheater("not", [](KernelTable& table) { add_to(table, honest_bias); });
  for (const char* verb : {"verify", "bench"}) {
    int code = 3;
    for (const json& row : run({verb, &fair, ""}, code)) {
      const bool supported = row["operator"] == "relative_position_bias";
      EXPECT_EQ(row["verdict"], supported ? "PASSED" : "UNSUPPORTED") << row["reason"];
    }
    EXPECT_EQ(code, 0) << verb;
  }
}

void crashes(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) {
  volatile std::uintptr_t nowhere = 8;  // an address nothing is ever mapped at
  *reinterpret_cast<volatile int*>(nowhere) = 1;
}

TEST(CheatersDeathTest, ACrashNamesItsRow) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "the sanitizer tells of a crash itself";
  const Cheater& crasher = register_cheater("crashes", [](KernelTable& table) { add_to(table, crashes); });
  int code = 0;
  EXPECT_EXIT(run({"verify", &crasher, ""}, code), testing::ExitedWithCode(1),
              "assay: relative_position_bias/seed_2x2/cheat.crashes/f32/2 crashed, and with it the program; reproduce: "
              "assay verify --filter .* \\(SIGSEGV\\)");
}

}  // namespace
}  // namespace assay::bench::cheating
