// The reader against planted /proc and /sys trees: both versions of control groups, what is missing, what is nonsense;
// what the machine's hash hangs on and what not; and each warning.
#include "bench/machine/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest()
      : root_(fs::path(testing::TempDir()) /
              ("environment_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~EnvironmentTest() override { fs::remove_all(root_); }

  void plant(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  /// A quiet machine of four cores without a hypervisor.
  void plant_machine() const {
    plant("proc/cpuinfo",
          "processor\t: 0\nvendor_id\t: Maker\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: Maker CPU 9000\n"
          "stepping\t: 1\nflags\t\t: fpu sse sse2 avx2 fma bmi1 ibrs ht\n\nprocessor\t: 1\nmodel name\t: another\n");
    plant("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\n");
    plant("proc/loadavg", "0.10 0.20 0.30 1/100 4711\n");
    plant("proc/sys/kernel/ostype", "Linux\n");
    plant("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    for (const char* cpu : {"cpu0", "cpu1"})
      plant(std::string("sys/devices/system/cpu/") + cpu + "/cpufreq/scaling_governor", "performance\n");
    plant("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  }
  Environment read() const {
    Sources sources;
    sources.root = root_;
    sources.isa = "x86-64-v3";
    sources.usable_cpus = 4;
    sources.bound_cpus = bound_cpus_;
    sources.topology = {1, 1, 4, 4, {{1, "Data", 32768, 1, 4}, {3, "Unified", 33554432, 4, 1}}};
    sources.hypervisor_vendor = hypervisor_vendor_;
    return read_environment(sources);
  }
  std::vector<std::string> warnings() const { return warnings_about(read(), {"Release", "-O3", "", false}); }

  fs::path root_;
  std::string hypervisor_vendor_;
  int bound_cpus_ = 4;
};

TEST_F(EnvironmentTest, ReadsAMachine) {
  plant_machine();
  const Environment found = read();
  EXPECT_EQ(found.cpu, "Maker CPU 9000");
  EXPECT_EQ(found.cpu_identity, "cpu family 25, model 17, stepping 1");
  EXPECT_THAT(found.features, ElementsAre("avx2", "bmi1", "fma", "sse", "sse2"));
  EXPECT_EQ(found.memory_bytes, 16000000LL << 10);
  EXPECT_EQ(found.available_memory_bytes, 8000000LL << 10);
  EXPECT_EQ(found.kernel, "Linux 6.1.0-18-amd64");
  EXPECT_THAT(found.governors, ElementsAre("performance"));
  EXPECT_EQ(found.load_average, 0.1);
  EXPECT_EQ(found.transparent_huge_pages, "madvise");
  EXPECT_FALSE(found.virtual_machine);
  EXPECT_EQ(found.boost, std::nullopt);
  EXPECT_EQ(found.throttles, std::nullopt);
  EXPECT_EQ(found.limits.cpu_quota, std::nullopt);
  EXPECT_EQ(found.limits.memory_bytes, std::nullopt);
  EXPECT_EQ(found.container, "");
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(EnvironmentTest, NothingAtAllIsNoError) {
  const Environment found = read();
  EXPECT_EQ(found.cpu, "");
  EXPECT_EQ(found.memory_bytes, 0);
  EXPECT_EQ(found.load_average, std::nullopt);
  EXPECT_THAT(found.governors, IsEmpty());
  EXPECT_THAT(warnings(), IsEmpty());
  EXPECT_EQ(machine_hash(found).size(), 64u);
  EXPECT_TRUE(to_json(found)["load_average"].is_null());
}

TEST_F(EnvironmentTest, StrangeContentsCountAsMissing) {
  plant("proc/cpuinfo", std::string("model name\nflags : \xff\xfe hypervisorx\n:\n") + std::string(1, '\0'));
  plant("proc/meminfo", "MemTotal: lots kB\nMemAvailable: 99999999999999999999999 kB\n");
  plant("proc/loadavg", "nan nan\n");
  plant("proc/self/mountinfo", "31 23 0:28\n - - -\n1 2 3 / /sys/fs/cgroup rw - cgroup2\n");
  plant("proc/self/cgroup", "::::\nno colon\n0::/../../etc\n");
  plant("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "-3\n");
  plant("sys/devices/system/cpu/cpufreq/boost", "perhaps\n");
  plant("sys/kernel/mm/transparent_hugepage/enabled", "]always[\n");
  fs::create_directories(root_ / "proc/sys/kernel/osrelease");  // a folder where a file should be
  const Environment found = read();
  EXPECT_EQ(found.cpu, "");
  EXPECT_FALSE(found.virtual_machine);
  EXPECT_EQ(found.memory_bytes, 0);
  EXPECT_EQ(found.available_memory_bytes, 0);
  EXPECT_EQ(found.load_average, std::nullopt);
  EXPECT_EQ(found.throttles, std::nullopt);
  EXPECT_EQ(found.boost, std::nullopt);
  EXPECT_EQ(found.transparent_huge_pages, "");
  EXPECT_EQ(found.kernel, "");
  EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(EnvironmentTest, ArmHasOtherWords) {
  plant("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd sve2 bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n");
  const Environment found = read();
  EXPECT_EQ(found.cpu, "CPU implementer 0x41, CPU part 0xd4f");
  EXPECT_THAT(found.features, ElementsAre("asimd", "bf16", "sve2"));
}

TEST_F(EnvironmentTest, ControlGroupsOfVersion2) {
  plant_machine();
  plant("proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
  plant("proc/self/cgroup", "0::/work/inner\n");
  plant("sys/fs/cgroup/work/inner/cpu.max", "max 100000\n");
  plant("sys/fs/cgroup/work/cpu.max", "150000 100000\n");
  plant("sys/fs/cgroup/work/inner/memory.max", "4294967296\n");
  plant("sys/fs/cgroup/work/memory.max", "max\n");
  plant("sys/fs/cgroup/work/inner/cpuset.cpus.effective", "0-3\n");
  const Environment found = read();
  EXPECT_EQ(found.limits.cpu_quota, 1.5);
  EXPECT_EQ(found.limits.memory_bytes, 4294967296LL);
  EXPECT_EQ(found.available_memory_bytes, 4294967296LL);
  EXPECT_EQ(found.limits.cpuset, "0-3");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("grants 1.50 CPUs' worth of time on 4 CPUs")));
}

TEST_F(EnvironmentTest, ControlGroupsOfVersion1) {
  plant_machine();
  plant("proc/self/mountinfo",
        "31 1 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 1 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  plant("proc/self/cgroup", "4:memory:/docker/0123\n3:cpu,cpuacct:/docker/0123\n");  // paths of the host: not here
  plant("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
  plant("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  plant("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  Environment found = read();
  EXPECT_EQ(found.limits.cpu_quota, 3.0);
  EXPECT_EQ(found.limits.memory_bytes, std::nullopt) << "more than the machine has is no limit";
  EXPECT_EQ(found.container, "docker");
  plant("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  plant("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  found = read();
  EXPECT_EQ(found.limits.cpu_quota, std::nullopt);
  EXPECT_EQ(found.limits.memory_bytes, 1073741824LL);
}

TEST_F(EnvironmentTest, VirtualMachinesAreRecognised) {
  plant_machine();
  plant("sys/class/dmi/id/product_name", "Amazon EC2 bare\n");
  EXPECT_FALSE(read().virtual_machine) << "the firmware's name alone is none";
  plant("proc/cpuinfo", "model name : X\nflags : sse hypervisor\n");
  EXPECT_EQ(read().hypervisor, "Amazon EC2");
  hypervisor_vendor_ = "KVMKVMKVM";
  const Environment found = read();
  EXPECT_TRUE(found.virtual_machine);
  EXPECT_EQ(found.hypervisor, "KVM");
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("this is a virtual machine (KVM)")));
}

TEST_F(EnvironmentTest, ContainersAndGpus) {
  plant("run/.containerenv", "");
  plant("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA Example 1\nIRQ: 7\n");
  plant("proc/driver/nvidia/gpus/0000:02:00.0/information", "IRQ: 8\n");
  EXPECT_EQ(read().container, "podman");
  EXPECT_THAT(read().gpus, ElementsAre("NVIDIA Example 1"));
}

TEST_F(EnvironmentTest, EachWarningNamesWhatItSaw) {
  plant_machine();
  plant("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  plant("proc/loadavg", "1.01 0 0 1/1 1\n");
  Environment machine = read();
  machine.topology.hardware_threads = 8;
  const auto list = warnings_about(machine, {"Debug", "-g", "address", true});
  EXPECT_THAT(list, ElementsAre(HasSubstr("sanitizers address"), HasSubstr("built as Debug, with assertions"),
                                HasSubstr("is performance and powersave"), HasSubstr("was 1.01 on 4 CPUs"),
                                HasSubstr("SMT is on (8 hardware threads on 4 cores)")));
  plant("proc/loadavg", "1.00 0 0 1/1 1\n");  // a quarter of four CPUs, and no more
  EXPECT_THAT(warnings(), ElementsAre(HasSubstr("governor")));
}

TEST_F(EnvironmentTest, HeatIsWarnedOfWhenItRises) {
  plant("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5\n");
  plant("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "2\n");
  plant("sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "1\n");
  EXPECT_EQ(throttle_events(root_), 8);
  EXPECT_EQ(throttle_warning(8, 8), std::nullopt);
  EXPECT_EQ(throttle_warning(std::nullopt, 8), std::nullopt);
  EXPECT_THAT(throttle_warning(5, 8).value_or(""), HasSubstr("slowed the CPU down 3 times"));
}

TEST_F(EnvironmentTest, BoostIsReadFromEitherDriver) {
  plant("sys/devices/system/cpu/cpufreq/boost", "1\n");
  EXPECT_EQ(read().boost, true);
  fs::remove_all(root_ / "sys");
  plant("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
  EXPECT_EQ(read().boost, false);
}

TEST_F(EnvironmentTest, TheHashHangsOnWhatMakesTimesComparable) {
  plant_machine();
  const Environment machine = read();
  const std::string hash = machine_hash(machine);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(to_json(machine)["hash"], hash);

  std::vector<std::function<void(Environment&)>> other = {
      [](Environment& e) { e.cpu = "Maker CPU 9001"; },
      [](Environment& e) { e.cpu_identity = "cpu family 26"; },
      [](Environment& e) { e.isa = "x86-64-v4"; },
      [](Environment& e) { e.features.emplace_back("avx512f"); },
      [](Environment& e) { e.usable_cpus = 3; },
      [](Environment& e) { e.topology.cores = 2; },
      [](Environment& e) { e.topology.hardware_threads = 8; },
      [](Environment& e) { e.topology.numa_nodes = 2; },
      [](Environment& e) { e.topology.caches[1].bytes /= 2; },
      [](Environment& e) { e.topology.caches[1].count = 2; },
      [](Environment& e) { e.memory_bytes *= 2; },
      [](Environment& e) { e.limits.cpu_quota = 2; },
      [](Environment& e) { e.limits.memory_bytes = 1 << 30; },
      [](Environment& e) { e.virtual_machine = true; },
      [](Environment& e) { e.kernel = "Linux 6.2.0-18-amd64"; },
  };
  for (std::size_t i = 0; i < other.size(); ++i) {
    Environment changed = machine;
    other[i](changed);
    EXPECT_NE(machine_hash(changed), hash) << "change " << i;
  }
  std::vector<std::function<void(Environment&)>> same = {
      [](Environment& e) { e.load_average = 99; },
      [](Environment& e) { e.governors = {"powersave"}; },
      [](Environment& e) { e.boost = false; },
      [](Environment& e) { e.memory_bytes -= 64 << 20; },  // what the kernel keeps differs from start to start
      [](Environment& e) { e.available_memory_bytes = 1; },
      [](Environment& e) { e.throttles = 7; },
      [](Environment& e) { e.kernel = "Linux 6.1.99"; },
      [](Environment& e) { e.container = "docker"; },
  };
  for (std::size_t i = 0; i < same.size(); ++i) {
    Environment changed = machine;
    same[i](changed);
    EXPECT_EQ(machine_hash(changed), hash) << "change " << i;
  }
}

TEST(Environment, ThisMachineIsTheSameEachTime) {
  const Environment& machine = this_machine();
  EXPECT_GE(machine.usable_cpus, 1);
  EXPECT_GT(machine.memory_bytes, 0);
  EXPECT_FALSE(machine.isa.empty());
  EXPECT_GE(machine.topology.hardware_threads, machine.topology.cores);
  Sources again;
  again.topology = this_topology();
  again.usable_cpus = machine.usable_cpus;
  again.isa = machine.isa;
  EXPECT_EQ(machine_hash(read_environment(again)), machine_hash(machine));
}

}  // namespace
}  // namespace assay::bench
