// The thresholds as the environment sets them, and that kernels on a few bytes take the other path then.
#include "backends/openmp/thresholds.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "backends/openmp/parallel.h"
#include "backends/openmp/row_blocks.h"
#include "backends/openmp_team.h"

namespace assay::openmp {
namespace {

constexpr std::int64_t infinite = std::numeric_limits<std::int64_t>::max();

/// Leaves the thresholds and the variables as they are without an environment.
class OpenMpThresholds : public testing::Test {
 protected:
  ~OpenMpThresholds() override {
    for (const char* variable : {"ASSAY_OPENMP_WORKER_BYTES", "ASSAY_OPENMP_STREAM_BYTES", "ASSAY_OPENMP_BLOCK_BYTES"})
      unsetenv(variable);
    thresholds = {};
  }
};

/// The worker of each task, where two threads are asked for.
std::vector<int> workers_of(std::int64_t tasks, std::int64_t bytes) {
  const int before = thread_count();
  thread_count() = 2;
  std::vector<int> workers(static_cast<std::size_t>(tasks), -1);
  parallel_for(tasks, bytes, [&](std::int64_t task, int worker) { workers[static_cast<std::size_t>(task)] = worker; });
  thread_count() = before;
  return workers;
}

TEST_F(OpenMpThresholds, AreWhatTheEnvironmentSays) {
  setenv("ASSAY_OPENMP_WORKER_BYTES", "0", 1);
  setenv("ASSAY_OPENMP_STREAM_BYTES", "inf", 1);
  setenv("ASSAY_OPENMP_BLOCK_BYTES", "4096", 1);
  const std::vector<std::pair<std::string, std::string>> changed = read_thresholds();
  EXPECT_EQ(thresholds.worker, 0);
  EXPECT_EQ(thresholds.stream, infinite);
  EXPECT_EQ(thresholds.canvas_block, 4096);
  EXPECT_EQ(thresholds.score_block, 4096);
  EXPECT_EQ(changed, (std::vector<std::pair<std::string, std::string>>{{"ASSAY_OPENMP_WORKER_BYTES", "0"},
                                                                       {"ASSAY_OPENMP_STREAM_BYTES", "inf"},
                                                                       {"ASSAY_OPENMP_BLOCK_BYTES", "4096"}}));
}

TEST_F(OpenMpThresholds, StayAsMeasuredWithoutOne) {
  setenv("ASSAY_OPENMP_WORKER_BYTES", "", 1);
  setenv("ASSAY_OPENMP_STREAM_BYTES", "46137344", 1);
  EXPECT_TRUE(read_thresholds().empty()) << "nothing differs from its default";
  EXPECT_EQ(thresholds.worker, 128 * 1024);
  EXPECT_EQ(thresholds.stream, 44 << 20);
  EXPECT_EQ(thresholds.canvas_block, 256 * 1024);
  EXPECT_EQ(thresholds.score_block, 128 * 1024);
}

TEST_F(OpenMpThresholds, RefuseWhatIsNoNumberOfBytes) {
  for (const char* bad : {"-1", "12k", "1.5", "infinite", " 1", "0x10", "99999999999999999999"}) {
    setenv("ASSAY_OPENMP_STREAM_BYTES", bad, 1);
    try {
      read_thresholds();
      ADD_FAILURE() << bad << " was taken";
    } catch (const InvalidArgument& problem) {
      EXPECT_EQ(problem.what(),
                "ASSAY_OPENMP_STREAM_BYTES is " + std::string(bad) + ", but it must be 0, a number of bytes, or inf");
    }
  }
}

TEST_F(OpenMpThresholds, ShareTwoBytesAtZeroAndNothingAtInfinity) {
  const bool two_threads = openmp_team_of(2) == 2;
  EXPECT_EQ(workers_of(2, 2), (std::vector<int>{0, 0}));
  EXPECT_EQ(workers_of(2, 1 << 20), (std::vector<int>{0, two_threads ? 1 : 0}));
  thresholds.worker = 0;
  EXPECT_EQ(workers_of(2, 2), (std::vector<int>{0, two_threads ? 1 : 0}));
  EXPECT_EQ(workers_of(0, 0), std::vector<int>{});
  thresholds.worker = infinite;
  EXPECT_EQ(workers_of(2, infinite - 1), (std::vector<int>{0, 0}));
}

TEST_F(OpenMpThresholds, CutACanvasIntoRowsAtZeroAndNotAtAllAtInfinity) {
  EXPECT_EQ(RowBlocks(3, 5).count(), 1);
  EXPECT_EQ(RowBlocks(3, 128 * 1024).count(), 2);
  thresholds.canvas_block = 0;
  const RowBlocks rows(3, 5);
  EXPECT_EQ(rows.count(), 3);
  EXPECT_EQ(rows.begin(2), 2);
  EXPECT_EQ(rows.end(2), 3);
  thresholds.canvas_block = infinite;
  EXPECT_EQ(RowBlocks(1 << 20, 1).count(), 1);
  EXPECT_EQ(RowBlocks(1 << 20, 1).end(0), 1 << 20);
  EXPECT_EQ(RowBlocks(0, 1).count(), 0);
}

}  // namespace
}  // namespace assay::openmp
