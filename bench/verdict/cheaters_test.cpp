// Backends that cheat, each driven through the program as a user runs it and caught by the guard meant for it. One line
// of the table a cheater: what it does, under which verb it is caught, and the sentence of the guard that catches it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cfenv>
#include <cmath>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "backends/registry.h"
#include "bench/machine/environment.h"
#include "bench/program/program.h"
#include "bench/verdict/honest_bias.h"
#include "reference/window_attention/window_softmax.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Bias = RelativePositionBias;
using Softmax = WindowSoftmax;

// ---- what they cheat with ----

int calls = 0;    // of the cheater in hand
int threads = 1;  // as the harness last asked for

std::size_t bytes(const Bias::Outputs<float>& out) {
  return static_cast<std::size_t>(out.bias.shape.elements()) * sizeof(float);
}
std::size_t last(const Bias::Outputs<float>& out) { return static_cast<std::size_t>(out.bias.shape.elements()); }

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

/// Threads that outlive the call; the memory they write to is kept alive by the backend below.
std::vector<std::thread> helpers;
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
  if (calls++ != 0) return;  // later buffers lie between guard pages, and are gone when their run ends
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
  const_cast<float*>(in.table.data)[0] += 1;
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

void wrong_after_ten_calls(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (++calls > 10) out.bias.data[0] += 1;
}
void throws_after_ten_calls(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  if (++calls > 10) throw std::runtime_error("enough is enough");
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
  if (++calls <= 10 || calls % 2 == 0) honest_bias(p, in, out);
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

/// A backend with one kernel, or with two honest ones. It keeps all memory it ever gave, with room to spare around it.
class Cheater final : public HostBackend {
 public:
  Cheater(std::string name,
          void (*kernel)(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&))
      : name_(std::move(name)) {
    kernels_.add<Bias, float>(kernel);
  }
  Cheater(std::string name,
          void (*kernel)(const Softmax::Params&, const Softmax::Inputs<float>&, const Softmax::Outputs<float>&))
      : name_(std::move(name)) {
    kernels_.add<Softmax, float>(kernel);
  }
  std::string_view name() const override { return name_; }
  std::string_view description() const override { return "a backend that cheats"; }
  Claims claims() const override { return {.honours_threads = true}; }
  int set_threads(int count) override { return threads = count; }
  std::shared_ptr<std::byte> allocate(std::size_t size) override {
    constexpr std::size_t spare = 4096;
    memory_.push_back(allocate_host(size + spare));
    return memory_.back();
  }

 private:
  std::string name_;
  std::vector<std::shared_ptr<std::byte>> memory_;
};

struct Cheat {
  const char* verb;
  Cheater* backend;
  std::string reason;  ///< the guard's own sentence is a part of the row's reason
};

/// They live as long as the registry, which keeps their addresses.
template <class Kernel>
Cheat cheat(const char* verb, const char* name, Kernel* kernel, std::string reason) {
  static std::deque<Cheater> all;
  return {verb, &all.emplace_back(std::string("cheat.") + name, kernel), std::move(reason)};
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
        cheat("verify", "keeps_its_first_buffer", keeps_its_first_buffer, "(its tensors before a guard page)"),
        cheat("verify", "changes_the_rounding", changes_the_rounding, "it changed the rounding mode"),
#if defined(__x86_64__)
        cheat("verify", "flushes_to_zero", flushes_to_zero, "the flush-to-zero bits"),
#endif
        cheat("verify", "rounds_to_tf32", rounds_to_tf32, "elements of probs are wrong"),
        cheat("verify", "differs_by_threads", differs_by_threads, "has other bits with 2 threads than with 1"),
        cheat("verify", "differs_by_run", differs_by_run, "has other bits when run again"),
        cheat("bench", "wrong_after_ten_calls", wrong_after_ten_calls, "(after the timed calls)"),
        cheat("bench", "throws_after_ten_calls", throws_after_ten_calls, "enough is enough (after the timed calls)"),
        cheat("bench", "skips_what_seems_done", skips_what_seems_done, "a call left a spoilt result as it was"),
        cheat("bench", "computes_every_other_call", computes_every_other_call, "a call left a spoilt result as it was"),
  };
}

/// The rows of one backend, as the program wrote them.
json run(const Cheat& cheat, int& code) {
  const std::string file =
      (fs::path(testing::TempDir()) / fmt::format("{}_{}.json", cheat.backend->name(), getpid())).string();
  std::vector<std::string> words = {"assay", cheat.verb, "--json", file, "--threads", "1,2"};
  for (const char* name : {"relative_position_bias/window_8x4_h1", "window_softmax/seed_2x2"}) {
    words.emplace_back("--filter");
    words.push_back(fmt::format("{}/{}/f32/*", name, cheat.backend->name()));
  }
  if (std::string_view(cheat.verb) == "bench") {
    words.emplace_back("--row-budget");
    words.emplace_back("100ms");
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  calls = 0;
  testing::internal::CaptureStdout();
  code = run_program(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  for (std::thread& helper : helpers) helper.join();
  helpers.clear();
  std::ifstream stream(file);
  const json document = json::parse(stream);
  fs::remove(file);
  return document[std::string_view(cheat.verb) == "bench" ? "benchmarks" : "checks"];
}

TEST(Cheaters, AreAllCaughtByTheGuardMeantForThem) {
  const std::vector<Cheat> all = cheats();
  for (const Cheat& cheat : all) add_backend(*cheat.backend);
  std::size_t caught = 0;
  for (const Cheat& cheat : all) {
    int code = 0;
    std::string reasons;
    bool by_its_guard = false;
    // what writes in the background is caught when it runs, which a busy machine may put off
    constexpr int most_tries = 20;
    for (int tried = 0; tried < most_tries && !by_its_guard && (tried == 0 || code == 0); ++tried)
      for (const json& row : run(cheat, code)) {
        if (row["verdict"] != "FAILED") continue;
        const auto reason = row["reason"].get<std::string>();
        reasons += reason + "\n";
        by_its_guard = by_its_guard || reason.find(cheat.reason) != std::string::npos;
      }
    EXPECT_EQ(code, 3) << cheat.backend->name();
    EXPECT_TRUE(by_its_guard) << cheat.backend->name() << " should be told: " << cheat.reason << "\nbut was told:\n"
                              << reasons;
    caught += by_its_guard;
  }
  fmt::print("cheating backends caught: {} of {}\n", caught, all.size());
}

TEST(Cheaters, AnHonestBackendIsNotAccused) {
  static Cheater fair("cheat.not", honest_bias);  // the registry keeps it
  add_backend(fair);
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
  static Cheater crasher("cheat.crashes", crashes);
  add_backend(crasher);
  int code = 0;
  EXPECT_EXIT(
      run({"verify", &crasher, ""}, code), testing::ExitedWithCode(1),
      "assay: relative_position_bias/window_8x4_h1/cheat.crashes/f32/1 crashed, and with it the program; reproduce: "
      "assay verify --filter .* \\(SIGSEGV\\)");
}

}  // namespace
}  // namespace assay::bench
