// What may make a time what it is: the CPU and how it is built, what a container or a hypervisor leaves of it, how the
// system is set up. Read from /proc and /sys under a root that tests can plant, and never an error: what is missing
// stays empty.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/machine/topology.h"

namespace assay::bench {

/// Where an Environment comes from. The defaults are no machine; this_machine() fills them in for the running one.
struct Sources {
  std::filesystem::path root = "/";  ///< /proc and /sys are looked for below it
  Topology topology;
  int usable_cpus = 0;            ///< CPUs in this process's affinity mask
  std::string isa;                ///< the best x86-64 level of the CPU, or the architecture
  std::string hypervisor_vendor;  ///< what a hypervisor calls itself in CPUID leaf 0x40000000
};

/// Limits of this process's control groups, the tightest on the way to the root. Version 1 and 2 are understood.
struct GroupLimits {
  std::optional<double> cpu_quota;           ///< CPUs' worth of time
  std::optional<std::int64_t> memory_bytes;  ///< only where it is less than the machine has
  std::string cpuset;                        ///< "0-3,8"; empty if unknown
};

struct Environment {
  std::string cpu;                    ///< as the CPU calls itself
  std::string cpu_identity;           ///< family, model and stepping, or their counterparts
  std::string isa;                    ///< the best x86-64 level, or the architecture
  std::vector<std::string> features;  ///< those instruction set extensions that kernels are written for, sorted
  Topology topology;
  int usable_cpus = 0;
  std::int64_t memory_bytes = 0;            ///< of the machine
  std::int64_t available_memory_bytes = 0;  ///< to this process when it was read
  GroupLimits limits;
  std::string kernel;                     ///< "Linux 6.1.0-18-amd64"
  std::vector<std::string> governors;     ///< of all CPUs' frequency, each once; empty without cpufreq
  std::optional<bool> boost;              ///< whether frequencies above the nominal one are allowed
  std::optional<double> load_average;     ///< over the last minute
  std::optional<std::int64_t> throttles;  ///< times that heat has slowed a CPU since start-up
  bool virtual_machine = false;           ///< the CPU says that there is a hypervisor
  std::string hypervisor;                 ///< its name or that of the product it shows; empty if unknown
  std::string container;                  ///< docker, podman, …; empty if none was recognised
  std::string transparent_huge_pages;     ///< always, madvise or never
  std::vector<std::string> gpus;          ///< models that the NVIDIA driver names
};

Environment read_environment(const Sources& sources);

/// The running machine, read once: the load average is then that of the start.
const Environment& this_machine();

/// Times that heat has slowed a CPU since start-up; none where the system does not count.
std::optional<std::int64_t> throttle_events(const std::filesystem::path& root);

/// SHA-256, in hex, over what makes times comparable; the same for each run on one machine. The reasons for what is in
/// it are beside it.
std::string machine_hash(const Environment& machine);

/// How this program was built, as far as times depend on it.
struct Build {
  std::string type, flags, sanitizers;
  bool assertions = false;
};
Build this_build();

/// What is likely to spoil times here, each one sentence that names the remedy.
std::vector<std::string> warnings_about(const Environment& machine, const Build& build);
/// The same, of heat: none if the CPU was not slowed between two counts.
std::optional<std::string> throttle_warning(std::optional<std::int64_t> before, std::optional<std::int64_t> after);

/// `context.machine` of a result file, the hash included.
nlohmann::json to_json(const Environment& machine);

}  // namespace assay::bench
