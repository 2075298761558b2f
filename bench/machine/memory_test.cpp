// What is left of memory, against planted trees of both versions of control groups and against a real limit.
#include "bench/machine/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "bench/machine/control_groups.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

class MemoryTest : public testing::Test {
 protected:
  MemoryTest()
      : root_(fs::path(testing::TempDir()) /
              ("memory_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(getpid()))) {
    fs::remove_all(root_);
  }
  ~MemoryTest() override { fs::remove_all(root_); }
  void plant(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  fs::path root_;
};

TEST_F(MemoryTest, IsTheMachinesWithoutALimit) {
  plant("proc/meminfo", "MemTotal: 16000 kB\nMemAvailable: 8000 kB\n");
  EXPECT_EQ(free_group_memory(root_), std::nullopt);
  EXPECT_EQ(free_memory(root_).bytes, 8000 * 1024);
  EXPECT_EQ(free_memory(root_).limited_by, "the machine");
}

TEST_F(MemoryTest, WhatIsUnknownIsNoLimit) { EXPECT_TRUE(std::isinf(free_memory(root_).bytes)); }

TEST_F(MemoryTest, OfVersion2IsTheTightestGroupLessWhatItUses) {
  plant("proc/meminfo", "MemAvailable: 8000 kB\n");
  plant("proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  plant("proc/self/cgroup", "0::/work/inner\n");
  plant("sys/fs/cgroup/work/inner/memory.max", "max\n");
  plant("sys/fs/cgroup/work/inner/memory.current", "4096\n");
  plant("sys/fs/cgroup/work/memory.max", "1000000\n");
  plant("sys/fs/cgroup/work/memory.current", "700000\n");
  EXPECT_EQ(free_memory(root_).bytes, 300000);
  EXPECT_EQ(free_memory(root_).limited_by, "its control group");
  plant("sys/fs/cgroup/work/memory.stat", "anon 1\ninactive_file 50000\n");
  EXPECT_EQ(free_memory(root_).bytes, 350000) << "the kernel drops pages of files first";
  plant("sys/fs/cgroup/work/memory.current", "2000000\n");
  EXPECT_EQ(free_memory(root_).bytes, 0) << "a limit that was lowered since";
}

TEST_F(MemoryTest, OfVersion1) {
  plant("proc/meminfo", "MemAvailable: 8000 kB\n");
  plant("proc/self/mountinfo", "32 1 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  plant("proc/self/cgroup", "4:memory:/docker/0123\n");  // a path of the host: not here
  plant("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000000\n");
  plant("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000000\n");
  plant("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 1000\n");
  EXPECT_EQ(free_memory(root_).bytes, 4001000);
  plant("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(free_memory(root_).limited_by, "the machine") << "how version 1 writes that there is no limit";
}

TEST(MemoryDeathTest, OfALimitedProcess) {
  const auto limited = [](int resource, const char* name) {
    constexpr rlim_t plenty = rlim_t{1} << 50;
    const rlimit limit{plenty, plenty};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) _exit(2);
    const FreeMemory free = free_memory("/nowhere");
    // without /proc nothing is known to be used
    _exit(free.bytes == static_cast<double>(plenty) && free.limited_by == name ? 0 : 1);
  };
  EXPECT_EXIT(limited(RLIMIT_AS, "ulimit -v"), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(limited(RLIMIT_DATA, "ulimit -d"), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace assay::bench
