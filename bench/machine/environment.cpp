// Reading /proc and /sys. Nothing here may fail: a container may hide any of it, and then less is known.
#include "bench/machine/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <sys/utsname.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>

#include "backends/registry.h"
#include "bench/machine/affinity.h"
#include "bench/machine/system_files.h"
#include "version.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The folders cpu0, cpu1, … but not cpufreq and cpuidle.
std::vector<fs::path> cpu_folders(const fs::path& root) {
  std::vector<fs::path> list = entries(root / "sys/devices/system/cpu");
  std::erase_if(list, [](const fs::path& path) {
    const std::string name = path.filename();
    return !name.starts_with("cpu") || !number<int>(std::string_view(name).substr(3));
  });
  return list;
}

// ---- the CPU ----

/// Only what kernels are written for: a kernel update adds and renames flags about mitigations and the like.
bool is_notable(const std::string& flag) {
  constexpr std::string_view families[] = {"sse",  "ssse3", "avx",   "amx",  "fma", "f16c", "bmi",  "popcnt", "erms",
                                           "fsrm", "gfni",  "asimd", "neon", "sve", "sme",  "bf16", "i8mm",   "fphp"};
  return std::any_of(std::begin(families), std::end(families),
                     [&](std::string_view family) { return flag.starts_with(family); });
}

void read_cpu(const fs::path& root, Environment& found) {
  const fs::path cpuinfo = root / "proc/cpuinfo";
  found.cpu = value_of(cpuinfo, "model name");
  std::vector<std::string> identity;
  for (const char* key : {"cpu family", "model", "stepping", "CPU implementer", "CPU part", "CPU variant"})
    if (const std::string value = value_of(cpuinfo, key); !value.empty())
      identity.push_back(fmt::format("{} {}", key, value));
  found.cpu_identity = fmt::format("{}", fmt::join(identity, ", "));
  if (found.cpu.empty()) found.cpu = found.cpu_identity;  // Arm's have no name there
  std::string flags = value_of(cpuinfo, "flags");
  if (flags.empty()) flags = value_of(cpuinfo, "Features");  // Arm's word
  std::set<std::string> notable;
  for (const std::string& flag : words(flags)) {
    if (is_notable(flag)) notable.insert(flag);
    found.virtual_machine = found.virtual_machine || flag == "hypervisor";
  }
  found.features.assign(notable.begin(), notable.end());
}

void read_frequency(const fs::path& root, Environment& found) {
  std::set<std::string> governors;
  for (const fs::path& cpu : cpu_folders(root))
    if (const std::string governor = first_line(cpu / "cpufreq/scaling_governor"); !governor.empty())
      governors.insert(governor);
  found.governors.assign(governors.begin(), governors.end());
  const fs::path cpu = root / "sys/devices/system/cpu";
  if (const auto boost = number<int>(first_line(cpu / "cpufreq/boost"))) found.boost = *boost != 0;
  if (const auto no_turbo = number<int>(first_line(cpu / "intel_pstate/no_turbo"))) found.boost = *no_turbo == 0;
}

// ---- memory ----

/// "always [madvise] never": the word in brackets.
std::string bracketed(const std::string& text) {
  const std::size_t open = text.find('['), close = text.find(']');
  return open < close && close != std::string::npos ? text.substr(open + 1, close - open - 1) : std::string();
}

// ---- hypervisor, container, GPUs ----

/// The name behind a vendor string of CPUID leaf 0x40000000, or of the firmware.
std::string known_hypervisor(std::string_view text) {
  struct Known {
    std::string_view part, name;
  };
  constexpr Known table[] = {{"KVM", "KVM"},
                             {"QEMU", "QEMU"},
                             {"VMware", "VMware"},
                             {"VBox", "VirtualBox"},
                             {"VirtualBox", "VirtualBox"},
                             {"Microsoft", "Hyper-V"},
                             {"Virtual Machine", "Hyper-V"},
                             {"Xen", "Xen"},
                             {"bhyve", "bhyve"},
                             {"Amazon EC2", "Amazon EC2"},
                             {"Google", "Google Compute Engine"},
                             {"ACRN", "ACRN"},
                             {"Parallels", "Parallels"}};
  for (const Known& known : table)
    if (text.find(known.part) != std::string_view::npos) return std::string(known.name);
  return {};
}

/// As systemd-detect-virt goes about it: the CPU first, then the firmware. Firmware alone makes no virtual machine:
/// cloud vendors put their names into bare machines too.
void read_hypervisor(const Sources& sources, Environment& found) {
  const fs::path& root = sources.root;
  const std::string xen = first_line(root / "sys/hypervisor/type");
  found.virtual_machine = found.virtual_machine || !xen.empty();
  if (!found.virtual_machine) return;
  found.hypervisor = known_hypervisor(sources.hypervisor_vendor);
  if (found.hypervisor.empty() && xen == "xen") found.hypervisor = "Xen";
  for (const char* file : {"product_name", "sys_vendor", "board_vendor"})
    if (found.hypervisor.empty()) found.hypervisor = known_hypervisor(first_line(root / "sys/class/dmi/id" / file));
}

std::string read_container(const fs::path& root) {
  if (is_there(root / "run/.containerenv")) return "podman";
  if (is_there(root / ".dockerenv")) return "docker";
  for (const std::string& line : lines(root / "proc/self/cgroup"))
    for (const char* name : {"kubepods", "docker", "libpod", "lxc", "containerd"})
      if (line.find(name) != std::string::npos) return name;
  return {};
}

std::vector<std::string> read_gpus(const fs::path& root) {
  std::vector<std::string> models;
  for (const fs::path& gpu : entries(root / "proc/driver/nvidia/gpus"))
    if (const std::string model = value_of(gpu / "information", "Model"); !model.empty()) models.push_back(model);
  return models;
}

// ---- the running machine ----

std::string hypervisor_vendor() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx >> 31 & 1) == 0) return {};  // bit 31: under a hypervisor
  __cpuid(0x40000000, eax, ebx, ecx, edx);
  std::string vendor;
  for (const unsigned part : {ebx, ecx, edx})
    for (int byte = 0; byte < 4; ++byte) vendor += static_cast<char>(part >> 8 * byte & 0xff);
  return vendor.c_str();  // padded with zeros
#else
  return {};
#endif
}

std::string best_isa() {
  const auto levels = cpu_isa_levels();
  if (!levels.empty()) return std::string(levels.front());
  utsname system{};
  uname(&system);
  return system.machine;
}

/// Memory as one buys it: the next power of two in GiB, since firmware and kernel keep some of it, now more, now less.
std::int64_t memory_class_gib(const Environment& machine) {
  const std::int64_t usable = std::min(machine.memory_bytes, machine.limits.memory_bytes.value_or(INT64_MAX));
  const auto gib = static_cast<std::uint64_t>(std::max<std::int64_t>(usable, 0)) >> 30;
  return static_cast<std::int64_t>(std::bit_ceil(gib + 1));
}

/// "Linux 6.1" of "Linux 6.1.0-18-amd64".
std::string kernel_series(const std::string& kernel) {
  const std::size_t major = kernel.find('.');
  return kernel.substr(0, major == std::string::npos ? major : kernel.find_first_not_of("0123456789", major + 1));
}

std::string hex_sha256(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL could not compute a SHA-256");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}
json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

}  // namespace

Environment read_environment(const Sources& sources) {
  const fs::path& root = sources.root;
  Environment found;
  found.isa = sources.isa;
  found.topology = sources.topology;
  found.usable_cpus = sources.usable_cpus;
  found.bound_cpus = sources.bound_cpus;
  read_cpu(root, found);
  read_frequency(root, found);
  found.memory_bytes = bytes_of_line(root / "proc/meminfo", "MemTotal");
  found.available_memory_bytes = bytes_of_line(root / "proc/meminfo", "MemAvailable");
  found.limits = read_limits(root);
  if (found.limits.memory_bytes && *found.limits.memory_bytes >= found.memory_bytes && found.memory_bytes > 0)
    found.limits.memory_bytes.reset();  // version 1 writes "no limit" as a number near 2^63
  if (found.limits.memory_bytes)
    found.available_memory_bytes = std::min(found.available_memory_bytes, *found.limits.memory_bytes);
  found.kernel =
      trimmed(first_line(root / "proc/sys/kernel/ostype") + " " + first_line(root / "proc/sys/kernel/osrelease"));
  const std::vector<std::string> loads = words(first_line(root / "proc/loadavg"));
  if (!loads.empty()) found.load_average = finite(loads.front());
  found.throttles = throttle_events(root);
  read_hypervisor(sources, found);
  found.container = read_container(root);
  found.transparent_huge_pages = bracketed(first_line(root / "sys/kernel/mm/transparent_hugepage/enabled"));
  found.gpus = read_gpus(root);
  return found;
}

const Environment& this_machine() {
  static const Environment machine = [] {
    Sources sources;
    sources.topology = this_topology();
    sources.usable_cpus = usable_cpus();
    sources.bound_cpus = cpus_of_this_thread();
    sources.isa = best_isa();
    sources.hypervisor_vendor = hypervisor_vendor();
    return read_environment(sources);
  }();
  return machine;
}

std::optional<std::int64_t> throttle_events(const fs::path& root) {
  std::optional<std::int64_t> sum;
  for (const fs::path& cpu : cpu_folders(root))
    for (const char* file : {"core_throttle_count", "package_throttle_count"})
      if (const auto count = number<std::int64_t>(first_line(cpu / "thermal_throttle" / file)); count && *count >= 0)
        sum = sum.value_or(0) + *count;
  return sum;
}

std::string machine_hash(const Environment& machine) {
  std::string text = "assay machine 1\n";  // another number, should this list ever change
  const auto add = [&](std::string_view key, const auto& value) { text += fmt::format("{}={}\n", key, value); };
  // What executes: a name alone may be as vague as "AMD EPYC", and a hypervisor may hide extensions.
  add("cpu", machine.cpu);
  add("identity", machine.cpu_identity);
  add("isa", machine.isa);
  add("features", fmt::format("{}", fmt::join(machine.features, " ")));
  // How much of it may be used. Sockets and nodes decide how far memory is, hardware threads who shares a core.
  add("usable_cpus", machine.usable_cpus);
  add("sockets", machine.topology.sockets);
  add("numa_nodes", machine.topology.numa_nodes);
  add("cores", machine.topology.cores);
  add("hardware_threads", machine.topology.hardware_threads);
  add("cpu_quota", machine.limits.cpu_quota ? fmt::format("{:.2f}", *machine.limits.cpu_quota) : "none");
  for (const Cache& cache : machine.topology.caches)
    add(fmt::format("cache{}", cache.level),
        fmt::format("{} {} × {}, {} threads", cache.type, cache.count, cache.bytes, cache.sharing));
  add("memory_gib", memory_class_gib(machine));
  // A hypervisor adds a second page table and neighbours; a kernel series decides what a page fault costs.
  add("virtual", machine.virtual_machine);
  add("kernel", kernel_series(machine.kernel));
  // Left out on purpose: the host's name and the date (no part of the machine); load, frequency, governor and boost
  // (they change between two runs on one machine and are warned of instead); microcode and patch level.
  return hex_sha256(text);
}

Build this_build() {
#if defined(NDEBUG)
  constexpr bool assertions = false;
#else
  constexpr bool assertions = true;
#endif
  return {ASSAY_BUILD_TYPE, trimmed(ASSAY_FLAGS), ASSAY_SANITIZERS, assertions};
}

std::vector<std::string> warnings_about(const Environment& machine, const Build& build) {
  std::vector<std::string> list;
  if (!build.sanitizers.empty())
    list.push_back(
        fmt::format("this program was built with the sanitizers {}, which slow everything down: take times "
                    "with the preset release",
                    build.sanitizers));
  if (build.assertions)
    list.push_back(fmt::format("this program was built as {}, with assertions on: take times with the preset release",
                               build.type));
  if (std::any_of(machine.governors.begin(), machine.governors.end(), [](auto& name) { return name != "performance"; }))
    list.push_back(
        fmt::format("the governor of the CPU's frequency is {}: `cpupower frequency-set -g performance` "
                    "keeps the frequency from changing during a run",
                    fmt::join(machine.governors, " and ")));
  // The minute's average of an idle machine is a few hundredths; one CPU in four being busy leaves no quiet core to a
  // run with all threads, and shares caches and memory with any.
  constexpr double busy_share = 0.25;
  if (machine.load_average && *machine.load_average > busy_share * machine.usable_cpus)
    list.push_back(
        fmt::format("the load average was {:.2f} on {} CPUs at the start: other work shares them, so wait "
                    "until it is done and run again",
                    *machine.load_average, machine.usable_cpus));
  if (machine.bound_cpus > 0 && machine.bound_cpus < machine.usable_cpus)
    list.push_back(
        fmt::format("OpenMP's environment binds the main thread to {} of {} CPUs, and its workers likewise: unset "
                    "OMP_PROC_BIND, OMP_PLACES and GOMP_CPU_AFFINITY, and bind threads with --pin",
                    machine.bound_cpus, machine.usable_cpus));
  if (machine.limits.cpu_quota && *machine.limits.cpu_quota < machine.usable_cpus)
    list.push_back(
        fmt::format("a control group grants {:.2f} CPUs' worth of time on {} CPUs, so that threads are "
                    "stopped when it is used up: raise the container's quota or use fewer --threads",
                    *machine.limits.cpu_quota, machine.usable_cpus));
  if (machine.topology.cores > 0 && machine.topology.hardware_threads > machine.topology.cores)
    list.push_back(
        fmt::format("SMT is on ({} hardware threads on {} cores), so that two threads may share a core: "
                    "`echo off >/sys/devices/system/cpu/smt/control` ends that",
                    machine.topology.hardware_threads, machine.topology.cores));
  if (machine.virtual_machine)
    list.push_back(
        fmt::format("this is a virtual machine{}, whose neighbours may slow it down unseen: take times that "
                    "matter on a machine of one's own, or repeat the run",
                    machine.hypervisor.empty() ? "" : fmt::format(" ({})", machine.hypervisor)));
  return list;
}

std::optional<std::string> throttle_warning(std::optional<std::int64_t> before, std::optional<std::int64_t> after) {
  if (!before || !after || *after <= *before) return std::nullopt;
  return fmt::format("heat slowed the CPU down {} times during the run: cool it better, let it rest and run again",
                     *after - *before);
}

json to_json(const Environment& machine) {
  json caches = json::array();
  for (const Cache& cache : machine.topology.caches)
    caches.push_back({{"level", cache.level},
                      {"type", cache.type},
                      {"size", cache.bytes},
                      {"num_sharing", cache.sharing},
                      {"count", cache.count}});
  return {{"cpu", machine.cpu},
          {"cpu_identity", machine.cpu_identity},
          {"cpus", machine.usable_cpus},
          {"isa", machine.isa},
          {"features", machine.features},
          {"sockets", machine.topology.sockets},
          {"numa_nodes", machine.topology.numa_nodes},
          {"cores", machine.topology.cores},
          {"hardware_threads", machine.topology.hardware_threads},
          {"caches", std::move(caches)},
          {"memory_bytes", machine.memory_bytes},
          {"cgroup",
           {{"cpu_quota", or_null(machine.limits.cpu_quota)},
            {"memory_bytes", or_null(machine.limits.memory_bytes)},
            {"cpuset", or_null(machine.limits.cpuset)}}},
          {"kernel", machine.kernel},
          {"governors", machine.governors},
          {"boost", or_null(machine.boost)},
          {"load_average", or_null(machine.load_average)},
          {"virtual_machine", machine.virtual_machine},
          {"hypervisor", or_null(machine.hypervisor)},
          {"container", or_null(machine.container)},
          {"transparent_huge_pages", or_null(machine.transparent_huge_pages)},
          {"gpus", machine.gpus},
          {"hash", machine_hash(machine)}};
}

}  // namespace assay::bench
