// The probe on a clock and kernels of known speed, so that every figure is known beforehand; its file, whole, damaged
// and foreign; and the real kernels, which must compute what they are timed for.
#include "bench/machine/probe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>

#include "bench/machine/probe_file.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// ---- a machine of known speed: 100 bytes a nanosecond up to 16 KiB, then 10; stores at half of it; streaming at 20
// ----

double now = 0;      // ns
double stall = 0;    // added to the next kernel's time: an interruption
bool honest = true;  // else kernels do nothing but take time

double rate_of(std::size_t bytes) { return bytes <= 16 * 1024 ? 100 : 10; }

void spend(double ns) {
  now += ns + stall;
  stall = 0;
}

std::uint64_t fake_load(const std::uint64_t* from, std::size_t words, std::uint64_t passes) {
  spend(static_cast<double>(8 * words * passes) / rate_of(8 * words));
  return honest ? passes * std::accumulate(from, from + words, std::uint64_t{0}) : 0;
}
void write(std::uint64_t* to, std::size_t words, std::uint64_t passes) {
  for (std::size_t i = 0; honest && i < words; ++i) to[i] = probe_first + passes * probe_pass + i * probe_step;
}
void fake_store(std::uint64_t* to, std::size_t words, std::uint64_t passes) {
  spend(static_cast<double>(8 * words * passes) / (rate_of(8 * words) / 2));
  write(to, words, passes);
}
void fake_stream_store(std::uint64_t* to, std::size_t words, std::uint64_t passes) {
  spend(static_cast<double>(8 * words * passes) / 20);
  write(to, words, passes);
}
void fake_copy(std::uint64_t* to, const std::uint64_t* from, std::size_t words, std::uint64_t passes) {
  spend(static_cast<double>(16 * words * passes) / rate_of(16 * words));
  if (honest) std::memcpy(to, from, 8 * words);
}
void fake_stream_copy(std::uint64_t* to, const std::uint64_t* from, std::size_t words, std::uint64_t passes) {
  spend(static_cast<double>(16 * words * passes) / 20);
  if (honest) std::memcpy(to, from, 8 * words);
}
/// Four chains, 8 operations a pass, in 1 ns; half as fast for f64.
float fake_f32(std::uint64_t passes) {
  spend(static_cast<double>(passes));
  return honest ? 8.0F : 7.0F;
}
double fake_f64(std::uint64_t passes) {
  spend(static_cast<double>(2 * passes));
  return honest ? 8.0 : 7.0;
}

const ProbeKernels fake_kernels = {
    "fake", fake_load, fake_store, fake_stream_store, fake_copy, fake_stream_copy, fake_f32, fake_f64, 4, 4};

/// Every worker has the same start; the next thing happens after the last one's end.
void fake_together(int threads, const std::function<void(int)>& body) {
  const double start = now;
  double end = start;
  for (int worker = 0; worker < threads; ++worker) {
    now = start;
    body(worker);
    end = std::max(end, now);
  }
  now = end;
}

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() {
    now = stall = 0;
    honest = true;
    bench_.now_ns = [] { return now; };
    bench_.kernels = {&fake_kernels};
    bench_.together = fake_together;
    bench_.nothings = {{"fork", 2, [](std::int64_t times) { spend(500.0 * static_cast<double>(times)); }}};
    bench_.step = [this] { ++steps_; };
    plan_.threads = {1, 2};
    plan_.working_sets = {4096, 16384, 65536};
    plan_.rounds = 2;
    plan_.ns_each = 1e6;
  }
  double rate(const Probe& probe, Pattern pattern, int threads, double bytes) const {
    for (const BandwidthCurve& curve : probe.curves)
      for (const BandwidthPoint& point : curve.points)
        if (curve.pattern == pattern && curve.threads == threads && point.bytes == bytes) {
          EXPECT_NEAR(point.rate.median, point.rate.best, 1e-6 * point.rate.best);
          return point.rate.best;
        }
    return -1;
  }
  static double most_rate(const Probe& probe, Pattern pattern, int threads) {
    double most = 0;
    for (const BandwidthCurve& curve : probe.curves)
      for (const BandwidthPoint& point : curve.points)
        most = std::max(most, curve.pattern == pattern && curve.threads == threads ? point.rate.best : 0);
    return most;
  }
  Workbench bench_;
  ProbePlan plan_;
  std::size_t steps_ = 0;
};

TEST_F(ProbeTest, MeasuresWhatTheKernelsCanDo) {
  const Probe probe = *measure_probe(bench_, plan_);
  EXPECT_EQ(probe.curves.size(), 10u);
  EXPECT_NEAR(rate(probe, Pattern::load, 1, 4096), 100, 1e-6);
  EXPECT_NEAR(rate(probe, Pattern::load, 1, 65536), 10, 1e-6);
  EXPECT_NEAR(rate(probe, Pattern::store, 1, 16384), 50, 1e-6);
  EXPECT_NEAR(rate(probe, Pattern::stream_store, 1, 65536), 20, 1e-6);
  EXPECT_NEAR(rate(probe, Pattern::copy, 1, 16384), 100, 1e-6);
  EXPECT_NEAR(rate(probe, Pattern::stream_copy, 1, 4096), 20, 1e-6);
  EXPECT_NEAR(rate(probe, Pattern::load, 2, 16384), 200, 1e-6) << "two threads share the working set";
  EXPECT_NEAR(rate(probe, Pattern::load, 2, 65536), 20, 1e-6);
  EXPECT_EQ(rate(probe, Pattern::load, 2, 4096), -1) << "2 KiB for each are too few";
  ASSERT_EQ(probe.peaks.size(), 4u);
  EXPECT_EQ(probe.peaks[0].isa, "fake");
  EXPECT_NEAR(probe.peaks[0].rate.best, 8, 1e-6);
  EXPECT_EQ(probe.peaks[1].dtype, DType::f64);
  EXPECT_NEAR(probe.peaks[1].rate.best, 4, 1e-6);
  EXPECT_NEAR(probe.peaks[2].rate.best, 16, 1e-6);
  ASSERT_EQ(probe.overheads.size(), 1u);
  EXPECT_NEAR(probe.overheads[0].best_ns, 500, 1e-6);
  EXPECT_GT(steps_, 0u);
  EXPECT_LE(steps_, plan_.steps(bench_));
  EXPECT_EQ(doubt_about(probe), "");
}

TEST_F(ProbeTest, AnInterruptedSampleIsNoRoofAndNoPassCount) {
  // Every call is interrupted now and then, the first one always, for longer than a sample should take.
  std::size_t calls = 0;
  bench_.together = [&](int threads, const std::function<void(int)>& body) {
    if (calls++ % 5 == 0) stall = 1e7;
    fake_together(threads, body);
  };
  const Probe probe = *measure_probe(bench_, plan_);
  EXPECT_NEAR(most_rate(probe, Pattern::stream_store, 1), 20, 1e-6);
  EXPECT_NEAR(most_rate(probe, Pattern::stream_store, 2), 40, 1e-6);
  EXPECT_NEAR(most_rate(probe, Pattern::load, 1), 100, 1e-6);
}

TEST_F(ProbeTest, KernelsThatDoNothingAreNotBelieved) {
  honest = false;
  EXPECT_THROW(measure_probe(bench_, plan_), std::logic_error);
  const auto throws_for = [&](ProbeKernels lying) {
    honest = true;
    bench_.kernels = {&lying};
    try {
      measure_probe(bench_, plan_);
    } catch (const std::logic_error& problem) {
      return std::string(problem.what());
    }
    return std::string("nothing");
  };
  const auto idle = [](std::uint64_t*, std::size_t, std::uint64_t) { now += 1e6; };
  const auto idle_copy = [](std::uint64_t*, const std::uint64_t*, std::size_t, std::uint64_t) { now += 1e6; };
  ProbeKernels lying = fake_kernels;
  lying.load = [](const std::uint64_t*, std::size_t, std::uint64_t) { return now += 1e6, std::uint64_t{1}; };
  EXPECT_THAT(throws_for(lying), HasSubstr("the probe's load over 512 words"));
  lying = fake_kernels;
  lying.store = idle;
  EXPECT_THAT(throws_for(lying), HasSubstr("the probe's store over 512 words"));
  lying = fake_kernels;
  lying.stream_store = idle;
  EXPECT_THAT(throws_for(lying), HasSubstr("the probe's stream_store over"));
  lying = fake_kernels;
  lying.copy = idle_copy;
  EXPECT_THAT(throws_for(lying), HasSubstr("the probe's copy over"));
  lying = fake_kernels;
  lying.stream_copy = idle_copy;
  EXPECT_THAT(throws_for(lying), HasSubstr("the probe's stream_copy over"));
  lying = fake_kernels;
  lying.multiply_add_f64 = [](std::uint64_t) { return now += 1e6, std::nan(""); };
  EXPECT_THAT(throws_for(lying), HasSubstr("multiply-adds in f64 at fake gave nan"));
}

TEST_F(ProbeTest, AClockThatStandsStillIsAnError) {
  bench_.now_ns = [] { return 1.0; };
  EXPECT_THROW(measure_probe(bench_, plan_), std::logic_error);
}

TEST_F(ProbeTest, AnInterruptedProbeIsNone) {
  std::size_t asked = 0;
  bench_.interrupted = [&] { return ++asked > 100; };
  EXPECT_FALSE(measure_probe(bench_, plan_));
}

TEST_F(ProbeTest, ThreadsThatSlowEachOtherRaiseDoubt) {
  Probe probe = *measure_probe(bench_, plan_);
  probe.peaks[2].rate.best = 7;
  EXPECT_THAT(doubt_about(probe), HasSubstr("2 threads reached 7 GFLOP/s (fake, f32) where 1 reached 8"));
  probe.peaks[2].rate.best = std::nan("");
  EXPECT_NE(doubt_about(probe), "");
}

TEST(ProbePlan, FollowsTheMachine) {
  Environment machine;
  machine.usable_cpus = 1;
  EXPECT_THAT(plan_probe(machine, false).threads, testing::ElementsAre(1));
  machine.usable_cpus = 2;
  EXPECT_THAT(plan_probe(machine, false).threads, testing::ElementsAre(1, 2));
  machine.usable_cpus = 48;
  EXPECT_THAT(plan_probe(machine, false).threads, testing::ElementsAre(1, 2, 48));
  EXPECT_EQ(plan_probe(machine, false).working_sets.front(), 4096);
  EXPECT_EQ(plan_probe(machine, false).working_sets.back(), 256 << 20);
  machine.topology.caches = {{3, "Unified", 256 << 20, 24, 2}};
  EXPECT_EQ(plan_probe(machine, false).working_sets.back(), std::int64_t{2} << 30);
  machine.available_memory_bytes = 100 << 20;
  EXPECT_EQ(plan_probe(machine, false).working_sets.back(), 50 << 20);
  machine.available_memory_bytes = 1;
  EXPECT_EQ(plan_probe(machine, false).working_sets.back(), 8192);
  const auto full = plan_probe(machine, false).working_sets, quick = plan_probe(machine, true).working_sets;
  EXPECT_TRUE(std::is_sorted(full.begin(), full.end()));
  EXPECT_LE(quick.size(), full.size());
}

// ---- the file ----

class ProbeFile : public ProbeTest {
 protected:
  ProbeFile()
      : folder_(fs::path(testing::TempDir()) / fmt::format("probe_file_{}", getpid())),
        path_(folder_ / "deep/probe.json") {
    fs::remove_all(folder_);
    probe_ = *measure_probe(bench_, plan_);
    probe_.machine_hash = "abc";
    probe_.version = "0.1.0";
    probe_.date = "2026-01-02T03:04:05+0000";
    probe_.quick = true;
  }
  ~ProbeFile() override { fs::remove_all(folder_); }
  std::string problem_with(const std::string& text) const {
    std::ofstream(path_) << text;
    const StoredProbe stored = read_probe(path_, "abc");
    EXPECT_FALSE(stored.probe) << text;
    return stored.problem;
  }
  fs::path folder_, path_;
  Probe probe_;
};

TEST_F(ProbeFile, ComesBackAsItWas) {
  write_probe(path_, probe_);
  EXPECT_EQ(std::distance(fs::directory_iterator(path_.parent_path()), fs::directory_iterator()), 1);
  const StoredProbe stored = read_probe(path_, "abc");
  ASSERT_TRUE(stored.probe) << stored.problem;
  EXPECT_EQ(to_json(*stored.probe), to_json(probe_));
  EXPECT_EQ(stored.probe->curves[3].points[1].rate.best, probe_.curves[3].points[1].rate.best);
  EXPECT_EQ(stored.probe->overheads[0].median_ns, probe_.overheads[0].median_ns);
}

TEST_F(ProbeFile, NoFileIsNoProblem) {
  const StoredProbe stored = read_probe(path_, "abc");
  EXPECT_FALSE(stored.probe);
  EXPECT_EQ(stored.problem, "");
}

TEST_F(ProbeFile, DamagedOrForeignOnesAreRefusedInASentence) {
  write_probe(path_, probe_);
  const nlohmann::json good = to_json(probe_);
  const std::string text = good.dump();
  EXPECT_THAT(problem_with(""), HasSubstr("is of no use ("));
  EXPECT_THAT(problem_with(text.substr(0, text.size() / 2)), HasSubstr("is of no use ("));
  EXPECT_THAT(problem_with("[]"), HasSubstr("is of no use ("));
  EXPECT_THAT(problem_with("{\"schema\": 1}"), HasSubstr("version"));
  const auto changed = [&](const char* pointer, nlohmann::json value) {
    nlohmann::json document = good;
    document[nlohmann::json::json_pointer(pointer)] = std::move(value);
    return problem_with(document.dump());
  };
  EXPECT_THAT(changed("/schema", 2), HasSubstr("it has schema 2, and this program reads 1"));
  EXPECT_THAT(changed("/version", "0.0.1"), HasSubstr("assay 0.0.1 wrote it"));
  EXPECT_THAT(changed("/machine_hash", "abd"), HasSubstr("of another machine"));
  EXPECT_THAT(changed("/quick", "yes"), HasSubstr("is of no use"));
  EXPECT_THAT(changed("/bandwidth", nlohmann::json::array()), HasSubstr("no bandwidths"));
  EXPECT_THAT(changed("/bandwidth/0/pattern", "zigzag"), HasSubstr("no pattern \"zigzag\""));
  EXPECT_THAT(changed("/bandwidth/0/threads", 0), HasSubstr("threads is 0"));
  EXPECT_THAT(changed("/bandwidth/0/threads", 1.5), HasSubstr("threads is 1.5"));
  EXPECT_THAT(changed("/bandwidth/0/gb_per_s/1", 0), HasSubstr("best is 0, not a positive number"));
  EXPECT_THAT(changed("/bandwidth/0/gb_per_s/1", nullptr), HasSubstr("best is null"));
  EXPECT_THAT(changed("/bandwidth/0/gb_per_s/1", "fast"), HasSubstr("best is \"fast\""));
  EXPECT_THAT(changed("/bandwidth/0/median_gb_per_s/0", 1e9), HasSubstr("above the best"));
  EXPECT_THAT(changed("/bandwidth/0/bytes/1", 1), HasSubstr("do not ascend"));
  EXPECT_THAT(changed("/bandwidth/0/bytes", nlohmann::json::array({4096})), HasSubstr("1 sizes, 3 rates"));
  EXPECT_THAT(changed("/peaks/0/dtype", "f16"), HasSubstr("no peak for \"f16\""));
  EXPECT_THAT(changed("/overheads/0/best_ns", -1), HasSubstr("best_ns is -1"));
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_THAT(read_probe(path_, "abc").problem, HasSubstr("cannot be read"));
}

// ---- the real kernels ----

TEST(ProbeKernels, ComputeWhatTheyAreTimedForAtEveryLevel) {
  const Workbench bench = this_workbench({1});
  ASSERT_FALSE(bench.kernels.empty());
  constexpr std::size_t words = 5 * probe_granule, margin = 8;
  const auto memory = allocate_host((2 * words + 2 * margin) * 8);
  auto* const from = reinterpret_cast<std::uint64_t*>(memory.get());
  std::uint64_t* const to = from + words + margin;
  for (const ProbeKernels* kernels : bench.kernels) {
    const auto expect_only = [&](std::uint64_t value_of_pass, const char* what) {
      for (std::size_t i = 0; i < words; ++i)
        ASSERT_EQ(to[i], probe_first + value_of_pass * probe_pass + i * probe_step) << kernels->isa << what << i;
      for (std::size_t i = 0; i < margin; ++i) ASSERT_EQ(from[words + i] + to[words + i], 0u) << kernels->isa << what;
    };
    std::fill_n(from, 2 * words + 2 * margin, 0);
    for (std::size_t i = 0; i < words; ++i) from[i] = probe_first + 9 * probe_pass + i * probe_step;
    EXPECT_EQ(kernels->load(from, words, 3), 3 * std::accumulate(from, from + words, std::uint64_t{0}));
    kernels->store(to, words, 4);
    expect_only(4, " store ");
    kernels->stream_store(to, words, 5);
    expect_only(5, " stream_store ");
    kernels->copy(to, from, words, 2);
    expect_only(9, " copy ");
    std::fill_n(to, words, 0);
    kernels->stream_copy(to, from, words, 1);
    expect_only(9, " stream_copy ");
    EXPECT_EQ(kernels->multiply_add_f32(128), 2.0F * static_cast<float>(kernels->chains_f32)) << kernels->isa;
    EXPECT_EQ(kernels->multiply_add_f64(128), 2.0 * kernels->chains_f64) << kernels->isa;
  }
}

TEST(ProbeKernels, NoObjectShowsMoreThanItsTable) {
  // What else a linker could see of code for a newer CPU, it could pick for everyone.
  std::size_t objects = 0;
  std::string list = ASSAY_PROBE_OBJECTS;
  std::replace(list.begin(), list.end(), '|', ' ');
  std::istringstream stream(list);
  for (std::string object; stream >> object; ++objects) {
    FILE* pipe =
        popen(fmt::format("nm --defined-only --extern-only --format=posix '{}' | cut -d' ' -f1", object).c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string names;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) names += static_cast<char>(c);
    EXPECT_EQ(pclose(pipe), 0);
    EXPECT_EQ(std::count(names.begin(), names.end(), '\n'), 1) << object << ":\n" << names;
    EXPECT_THAT(names, HasSubstr("probe_kernels_"));
  }
  EXPECT_GE(objects, 1u);
}

TEST(Workbench, RunsOnAsManyThreadsAsItIsTold) {
  const Workbench bench = this_workbench({1, 2});
  std::vector<int> calls(2);
  bench.together(2, [&](int worker) { ++calls[static_cast<std::size_t>(worker)]; });
  EXPECT_THAT(calls, testing::ElementsAre(1, 1));
  const double before = bench.now_ns();
  for (const Nothing& nothing : bench.nothings) nothing.repeat(3);
  EXPECT_GE(bench.now_ns(), before);
}

}  // namespace
}  // namespace assay::bench
