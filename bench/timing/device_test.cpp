// A device that exists in this test alone, run through verify and bench as a user runs them. Its addresses point to
// memory that nobody may touch, its kernels run when they are waited for, and it has a clock and caches of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "backends/registry.h"
#include "bench/machine/environment.h"
#include "bench/machine/probe_file.h"
#include "bench/planted/honest_bias.h"
#include "bench/program/program.h"
#include "bench/timing/sampler.h"
#include "bench/verdict/referee.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Bias = RelativePositionBias;

/// Memory by address. An address is one of a reserved range without access, so that whoever reads or writes through it
/// crashes.
class Memory {
 public:
  Memory() {
    void* reserved = mmap(nullptr, range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) throw std::bad_alloc();
    next_ = static_cast<std::byte*>(reserved);
  }
  std::byte* add(std::size_t bytes) {
    std::byte* const address = next_;
    next_ += bytes + 4096;
    blocks_[address].resize(bytes);
    return address;
  }
  void remove(std::byte* address) { blocks_.erase(address); }
  /// What the device has at an address; std::out_of_range if it is nobody's.
  std::byte* at(const void* pointer) {
    auto* address = static_cast<std::byte*>(const_cast<void*>(pointer));
    auto block = blocks_.upper_bound(address);
    if (block == blocks_.begin()) throw std::out_of_range("no such address");
    --block;
    const auto offset = static_cast<std::size_t>(address - block->first);
    if (offset > block->second.size()) throw std::out_of_range("no such address");
    return block->second.data() + offset;
  }

 private:
  static constexpr std::size_t range = std::size_t{1} << 34;
  std::byte* next_;
  std::map<std::byte*, std::vector<std::byte>> blocks_;
};

/// What kernels are queued with: views of the device's own memory, made when they run.
using Body = void (*)(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&);

class FakeDevice : public Backend {
 public:
  FakeDevice(std::string name, Body body, bool inner_addresses = true)
      : name_(std::move(name)), inner_addresses_(inner_addresses) {
    kernels_.add<Bias, float>(
        [this](const Bias::Params&, const Bias::Inputs<float>& in) {
          synchronises_at_prepare_ = synchronises;
          if (in.table.data != nullptr) weight_at_prepare = *reinterpret_cast<const float*>(memory_.at(in.table.data));
          return 0;
        },
        [this, body](int&, const Bias::Params& params, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
          ++calls;
          queue_.push_back([=, this] {
            Bias::Inputs<float> inputs = in;
            Bias::Outputs<float> outputs = out;
            inputs.table.data = reinterpret_cast<const float*>(memory_.at(in.table.data));
            outputs.bias.data = reinterpret_cast<float*>(memory_.at(out.bias.data));
            body(params, inputs, outputs);
          });
        });
  }

  std::string_view name() const override { return name_; }
  std::string_view description() const override { return "a device that exists in this test alone"; }
  std::string_view device() const override { return "fake:0"; }
  Claims claims() const override { return {.honours_threads = false}; }
  int set_threads(int) override {
    ADD_FAILURE() << "a device has no threads to set";
    return 0;
  }

  std::shared_ptr<std::byte> allocate(std::size_t bytes) override {
    return {memory_.add(bytes), [this](std::byte* address) { memory_.remove(address); }};
  }
  std::byte* address(std::byte* memory, std::size_t offset) const override {
    return inner_addresses_ ? memory + offset : Backend::address(memory, offset);
  }
  void upload(std::byte* memory, std::size_t offset, const std::byte* host, std::size_t bytes) override {
    EXPECT_TRUE(queue_.empty()) << "an upload while kernels may still run";
    if (bytes != 0) std::memcpy(memory_.at(memory) + offset, host, bytes);
  }
  void download(std::byte* host, const std::byte* memory, std::size_t offset, std::size_t bytes) override {
    EXPECT_TRUE(queue_.empty()) << "a download while kernels may still run";
    if (bytes != 0) std::memcpy(host, memory_.at(memory) + offset, bytes);
  }
  void synchronise() override {
    ++synchronises;
    for (const auto& work : std::exchange(queue_, {})) work();
  }

  std::optional<double> time(const Invocation& call, std::int64_t count) override {
    if (!ns_per_call) return std::nullopt;
    const auto n = static_cast<double>(count);
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < count; ++i) call();
    synchronise();
    ++samples;
    // the host must see at least as much
    while (std::chrono::steady_clock::now() - start < std::chrono::nanoseconds(static_cast<int>(1000 * n))) continue;
    return *ns_per_call * n;
  }
  bool evict() override {
    evictions += can_evict;
    return can_evict;
  }

  std::optional<double> ns_per_call;
  bool can_evict = true;
  int calls = 0, synchronises = 0, samples = 0, evictions = 0;
  std::optional<float> weight_at_prepare;  ///< the first one; none if the table is an activation
  bool prepare_was_waited_for() const { return synchronises > synchronises_at_prepare_; }

 private:
  std::string name_;
  bool inner_addresses_;
  int synchronises_at_prepare_ = 0;
  Memory memory_;
  std::vector<std::function<void()>> queue_;
};

std::int64_t last(const Bias::Outputs<float>& out) { return out.bias.shape.elements(); }

void leaves_stale_results(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static int runs = 0;
  if (runs++ < 2) honest_bias(p, in, out);  // at odd places, and the first run
}
void writes_one_beyond(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  out.bias.data[last(out)] = 0;
}
void writes_one_before(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  out.bias.data[-1] = 0;
}
void changes_its_input(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  honest_bias(p, in, out);
  const_cast<float*>(in.table.data)[0] += 1;
}
/// The timer game, on a queue: of many calls in a row only the first does the work.
void skips_what_seems_done(const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  static std::map<const float*, std::pair<float, float>> done;
  const auto found = done.find(out.bias.data);
  if (found != done.end() && found->second == std::pair(in.table.data[0], out.bias.data[0])) return;
  honest_bias(p, in, out);
  done[out.bias.data] = {in.table.data[0], out.bias.data[0]};
}

/// Registered for good: the registry keeps its address.
FakeDevice& device(const char* name, Body body, bool inner_addresses = true) {
  static std::deque<FakeDevice> all;
  FakeDevice& made = all.emplace_back(name, body, inner_addresses);
  add_backend(made);
  return made;
}

/// The one row of a device, as the program wrote it.
json run(const std::string& verb, const FakeDevice& device, std::vector<std::string> more = {}) {
  const std::string file = (fs::path(testing::TempDir()) / fmt::format("{}_{}.json", device.name(), getpid())).string();
  std::vector<std::string> words = {"assay", verb, "--json", file, "--filter"};
  words.push_back(fmt::format("relative_position_bias/window_8x4_h1/{}/f32/0", device.name()));
  if (verb == "bench") more.insert(more.end(), {"--row-budget", "100ms", "--rounds", "1"});
  words.insert(words.end(), more.begin(), more.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStdout();
  const int code = run_program(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  std::ifstream stream(file);
  const json document = json::parse(stream);
  fs::remove(file);
  const json& rows = document[verb == "bench" ? "benchmarks" : "checks"];
  EXPECT_EQ(rows.size(), 1u);
  const bool wrong = rows[0]["verdict"] == "FAILED" || rows[0]["verdict"] == "MISTRUSTED";
  EXPECT_EQ(code == 3, wrong) << code;
  return rows[0];
}

/// A probe of a machine so slow that any time is beyond its roof.
Probe slow_machine() {
  Probe probe;
  probe.curves = {{Pattern::load, 1, {{4096, {1e-9, 1e-9}}}}};
  probe.peaks = {{"x86-64-v2", DType::f32, 1, {1e-9, 1e-9}}};
  return probe;
}

TEST(Device, PassesWithZeroThreads) {
  FakeDevice& honest_one = device("fake.honest", honest_bias);
  const json row = run("verify", honest_one);
  EXPECT_EQ(row["verdict"], "PASSED") << row["reason"];
  EXPECT_EQ(row["threads"], 0);
  EXPECT_EQ(row["repro"].get<std::string>().find("--threads 0"), std::string::npos) << row["repro"];
  EXPECT_TRUE(honest_one.prepare_was_waited_for());
}

TEST(Device, NeedsNoAddressesWithinItsMemory) {
  EXPECT_EQ(run("verify", device("fake.opaque", honest_bias, false))["verdict"], "PASSED");
  const json row = run("verify", device("fake.opaque_beyond", writes_one_beyond, false));
  EXPECT_EQ(row["reason"], "it wrote beyond output bias");
}

TEST(Device, WrongKernelsFail) {
  const struct {
    const char *verb, *name;
    Body body;
    const char* reason;
  } table[] = {
      {"verify", "fake.stale", leaves_stale_results, "output bias has other bits when run again on the same inputs"},
      {"verify", "fake.beyond", writes_one_beyond, "it wrote beyond output bias"},
      {"verify", "fake.before", writes_one_before, "it wrote before output bias"},
      {"verify", "fake.input", changes_its_input, "it changed its input table"},
      {"bench", "fake.skips", skips_what_seems_done, "a call left a spoilt result as it was"},
  };
  for (const auto& wrong : table) {
    const json row = run(wrong.verb, device(wrong.name, wrong.body));
    EXPECT_EQ(row["verdict"], "FAILED") << wrong.name;
    EXPECT_EQ(row["reason"].get<std::string>().find(wrong.reason), 0u) << row["reason"];
  }
}

TEST(Device, IsTimedByItsOwnClock) {
  FakeDevice& timed = device("fake.clock", honest_bias);
  timed.ns_per_call = 1000;
  const json row = run("bench", timed);
  ASSERT_EQ(row["verdict"], "PASSED") << row["reason"];
  for (const json& sample : row["samples_ns"]) EXPECT_NEAR(sample.get<double>(), 1000, 1e-6);
  EXPECT_GE(timed.samples, static_cast<int>(row["samples_ns"].size()));
}

TEST(Device, AClockThatRunsAheadIsMistrusted) {
  FakeDevice& fast = device("fake.ahead", honest_bias);
  fast.ns_per_call = 1e12;
  const json row = run("bench", fast);
  EXPECT_EQ(row["verdict"], "MISTRUSTED");
  EXPECT_EQ(row["reason"].get<std::string>().find("its device's clock says "), 0u) << row["reason"];
  fast.ns_per_call = NAN;
  EXPECT_EQ(run("bench", fast)["verdict"], "MISTRUSTED");
}

TEST(Device, IsNeverHeldAgainstTheHostsRoof) {
  know_probe(slow_machine());
  const json row = run("bench", device("fake.roof", honest_bias));
  EXPECT_EQ(row["verdict"], "PASSED") << row["reason"];
  EXPECT_TRUE(row["roof_fraction"].is_null());
}

TEST(Device, ColdCachesAreItsOwn) {
  FakeDevice& cold = device("fake.cold", honest_bias);
  EXPECT_EQ(run("bench", cold, {"--cache", "cold"})["verdict"], "PASSED");
  EXPECT_GT(cold.evictions, 10) << "one a sample";
  FakeDevice& never = device("fake.never_cold", honest_bias);
  never.can_evict = false;
  const json row = run("bench", never, {"--cache", "cold"});
  EXPECT_EQ(row["verdict"], "UNSUPPORTED");
  EXPECT_EQ(row["reason"], "it cannot empty the caches of fake:0, so it has no cold times");
}

/// relative_position_bias of a 1x2 window with one head, its table being a weight.
class TinyBias : public testing::Test {
 protected:
  TinyBias() : instance_(*op_.find(DType::f32)) {
    instance_.inputs[0].role = Role::weight;
    bound_.op = &op_;
    bound_.instance = &instance_;
    bound_.name = "tiny";
    bound_.params = resolve(op_, {{"window_h", Scalar(std::int64_t{1})}, {"window_w", Scalar(std::int64_t{2})}});
    bound_.recipe = {{"table", {3, 1}, Uniform{-1, 1}}};
  }
  const OperatorEntry& op_ = find_operator("relative_position_bias");
  OperatorInstance instance_;
  BoundCase bound_;
};

TEST_F(TinyBias, ManyCallsAreWaitedForOnce) {
  FakeDevice counted("fake.counted", honest_bias);
  const Expectation expected = expect(bound_, 1, 0);
  Trial trial(bound_, counted, 0, expected.shapes);
  trial.load(expected.inputs);
  const int before = counted.synchronises;
  for (int i = 0; i < 100; ++i) trial.call();
  trial.finish();
  EXPECT_EQ(counted.calls, 100);
  EXPECT_EQ(counted.synchronises, before + 1);
}

TEST_F(TinyBias, IsPreparedAnewForOtherWeights) {
  FakeDevice weighted("fake.weights", honest_bias);
  const Expectation expected = expect(bound_, 1, 0), fresh = expect(bound_, 1, 1);
  Trial trial(bound_, weighted, 0, expected.shapes);
  for (const Expectation* each : {&expected, &fresh}) {
    trial.load(each->inputs);
    EXPECT_EQ(weighted.weight_at_prepare, *static_cast<const float*>(each->inputs[0][0].data));
  }
  weighted.weight_at_prepare = std::nullopt;
  trial.load(fresh.inputs);
  EXPECT_EQ(weighted.weight_at_prepare, std::nullopt) << "the plan is kept for the same weights";
}

}  // namespace
}  // namespace assay::bench
