// What the environment and the limits of the machine do to the program as a user runs it: threads that OpenMP does not
// grant, CPUs that it binds to, memory that is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/machine/affinity.h"
#include "bench/program/program_fixture.h"

namespace assay::bench {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Machine : public Program {
 protected:
  /// `assay bench` of one small case on a backend that honours threads.
  json bench(const std::string& environment, int threads) {
    const Outcome outcome =
        assay("bench --filter 'window_softmax/seed_2x2/openmp/*' --row-budget 50ms --rounds 1 --threads " +
                  std::to_string(threads) + " --json " + path("b.json"),
              environment);
    text_ = outcome.text;
    return read_json(path("b.json"));
  }
  std::string text_;
};

TEST_F(Machine, StaysTheSameUnderOpenMPsEnvironment) {
  const json before = bench("", 1)["context"]["machine"];
  EXPECT_EQ(before["cpus"], usable_cpus());
  for (const char* environment :
       {"OMP_PROC_BIND=true OMP_PLACES=cores", "GOMP_CPU_AFFINITY=0", "OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true"}) {
    const json machine = bench(environment, 1)["context"]["machine"];
    EXPECT_EQ(machine["cpus"], before["cpus"]) << environment;
    EXPECT_EQ(machine["hash"], before["hash"]) << environment;
  }
}

TEST_F(Machine, ARowHasTheThreadsItSaysOrIsUnavailable) {
  const json row = bench("OMP_THREAD_LIMIT=1", 2)["benchmarks"][0];
  EXPECT_EQ(row["verdict"], "UNAVAILABLE");
  EXPECT_THAT(text_, HasSubstr("it gets 1 of the 2 threads asked for: unset OMP_THREAD_LIMIT"));
  EXPECT_EQ(bench("OMP_DYNAMIC=true", 2)["benchmarks"][0]["verdict"], "PASSED");
  const Outcome verified =
      assay("verify --filter 'window_softmax/seed_2x2/openmp/*' --threads 1,2", "OMP_THREAD_LIMIT=1");
  EXPECT_EQ(verified.code, 0);
  EXPECT_THAT(verified.text, HasSubstr("1 PASSED, 1 UNAVAILABLE"));
  EXPECT_THAT(verified.text, HasSubstr("it gets 1 of the 2 threads asked for")) << "never one thread against itself";
}

TEST_F(Machine, VerifyRunsMoreThreadsThanThereAreCpusAndTheMostFirst) {
  const Outcome outcome =
      assay("verify --filter 'window_softmax/seed_2x2/scalar/*' --filter 'window_softmax/seed_2x2/openmp/*' --json " +
            path("v.json"));
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_THAT(outcome.text, testing::Not(testing::AnyOf(HasSubstr("warning: "), HasSubstr("note: "))));
  std::vector<int> counts;
  const json document = read_json(path("v.json"));
  for (const json& row : document["checks"]) {
    const int threads = row["threads"];
    std::string expected = " --threads " + std::to_string(threads);
    if (row["backend"] == "openmp") {
      counts.push_back(threads);
      // a row is held against the one with the most threads
      if (threads != counts.front())
        expected = " --threads " + std::to_string(counts.front()) + "," + std::to_string(threads);
    }
    EXPECT_NE(row["repro"].get<std::string>().find(expected + " "), std::string::npos) << row["repro"];
  }
  EXPECT_TRUE(std::is_sorted(counts.rbegin(), counts.rend()));
  for (const int count : {1, 2, 3, 7}) EXPECT_EQ(std::count(counts.begin(), counts.end(), count), 1) << count;
}

TEST_F(Machine, MoreThreadsThanCpusAreWarnedOf) {
  if (usable_cpus() < 2) GTEST_SKIP() << "one CPU cannot be made fewer";
  bench("GOMP_CPU_AFFINITY=0", 2);
  EXPECT_THAT(text_, HasSubstr("warning: 2 threads share 1 CPU, so that they wait for each other"));
#ifndef __clang__  // its OpenMP binds threads when they first work, after the program has looked
  EXPECT_THAT(text_, HasSubstr("OpenMP's environment binds the main thread to 1 of"));
#endif
  const int more = usable_cpus() + 1;
  bench("", more);
  EXPECT_THAT(text_, HasSubstr("warning: " + std::to_string(more) + " threads share " + std::to_string(usable_cpus())));
  EXPECT_THAT(text_, testing::Not(HasSubstr("OpenMP's environment binds")));
}

TEST_F(Machine, LackOfMemoryIsNeverTheKernelsFault) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "a sanitizer reserves terabytes of addresses";
  for (const char* verb : {"verify --all", "bench --row-budget 50ms --rounds 1"}) {
    const Outcome outcome =
        assay(verb + std::string(" --filter 'nested_tensor/coco_mixed_b8/scalar/*'"), "ulimit -v 600000;");
    EXPECT_EQ(outcome.code, 1) << "nothing was compared";
    EXPECT_THAT(outcome.text, HasSubstr("UNAVAILABLE"));
    EXPECT_THAT(outcome.text,
                testing::ContainsRegex("take about [0-9.]+ [MG]iB, and [0-9.]+ MiB are left \\(ulimit -v\\)"));
    EXPECT_THAT(outcome.text, testing::Not(HasSubstr("FAILED")));
  }
}

TEST_F(Machine, RunAsksBeforeItAllocates) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "a sanitizer reserves terabytes of addresses";
  const std::string header =
      R"({"__metadata__":{"operator":"relative_position_index","case":"huge","source":"none","assay.format":"1",)"
      R"("params":"{\"window_h\": 8000, \"window_w\": 1}"}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  std::ofstream(path("huge.safetensors"), std::ios::binary) << bytes << header;
  const Outcome outcome =
      assay("run " + path("huge.safetensors") + " --backend scalar -o " + path("out.safetensors"), "ulimit -v 400000;");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.text, HasSubstr("assay: the tensors take about 488.3 MiB, and "));
  EXPECT_EQ(files(), 1u) << "no output is left behind";
}

TEST_F(Machine, ListWorksWithLittleMemory) {
  if (!this_build().sanitizers.empty()) GTEST_SKIP() << "a sanitizer reserves terabytes of addresses";
  const Outcome outcome = assay("list backends", "ulimit -v 400000;");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_THAT(outcome.text, HasSubstr("scalar"));
}

}  // namespace
}  // namespace assay::bench
