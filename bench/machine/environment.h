// What times depend on: the CPU and its layout, the limits that a container or a hypervisor sets, and the settings of
// the system. It is read from /proc and /sys below a root that tests can plant. A missing file is no error: the member
// stays empty.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/machine/control_groups.h"
#include "bench/machine/topology.h"

namespace assay::bench {

/// What read_environment() reads. The defaults describe no machine; this_machine() fills in the running one.
struct Sources {
  std::filesystem::path root = "/";  ///< /proc and /sys are looked for below it
  Topology topology;
  int usable_cpus = 0;            ///< CPUs that the process was started with
  int bound_cpus = 0;             ///< CPUs that the main thread is bound to since
  std::string isa;                ///< the best x86-64 level of the CPU, or the architecture
  std::string hypervisor_vendor;  ///< what a hypervisor calls itself in CPUID leaf 0x40000000
};

struct Environment {
  std::string cpu;                    ///< as the CPU calls itself
  std::string cpu_identity;           ///< family, model and stepping, or their counterparts
  std::string isa;                    ///< the best x86-64 level, or the architecture
  std::vector<std::string> features;  ///< those instruction set extensions that kernels are written for, sorted
  Topology topology;
  int usable_cpus = 0;  ///< CPUs that the process was started with
  int bound_cpus = 0;   ///< CPUs that the main thread is bound to since, by OpenMP's environment; 0 if unknown
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

/// The running machine, read once; the load average is the one at that time.
const Environment& this_machine();

/// Times that heat has slowed a CPU since start-up; none where the system does not count.
std::optional<std::int64_t> throttle_events(const std::filesystem::path& root);

/// SHA-256, in hex, over everything that makes times comparable; the same for each run on one machine. The source says
/// why each part is in it.
std::string machine_hash(const Environment& machine);

/// The settings of this build that times depend on.
struct Build {
  std::string type, flags, sanitizers;
  bool assertions = false;
};
Build this_build();

/// What is likely to make times wrong on this machine; each is one sentence with the remedy.
std::vector<std::string> warnings_about(const Environment& machine, const Build& build);
/// The warning about heat; nothing if the CPU was not slowed between the two counts.
std::optional<std::string> throttle_warning(std::optional<std::int64_t> before, std::optional<std::int64_t> after);

/// `context.machine` of a result file, the hash included.
nlohmann::json to_json(const Environment& machine);

}  // namespace assay::bench
