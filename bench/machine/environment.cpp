// Reading /proc and /sys. Nothing here may fail: a container may hide any of it, and then less is known.
#include "bench/machine/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>

#include "backends/registry.h"
#include "version.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// ---- text ----

std::string trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t start = text.find_first_not_of(space);
  if (start == std::string_view::npos) return {};
  return std::string(text.substr(start, text.find_last_not_of(space) - start + 1));
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> list;
  for (std::string word; stream >> word;) list.push_back(word);
  return list;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> finite(std::string_view text) {
  const std::optional<double> value = number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

// ---- files ----

/// The first line, trimmed; empty where there is no such file.
std::string first_line(const fs::path& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return trimmed(line);
}

std::vector<std::string> lines(const fs::path& path) {
  std::ifstream stream(path);
  std::vector<std::string> list;
  for (std::string line; std::getline(stream, line);) list.push_back(line);
  return list;
}

/// What stands behind the colon of the first line "key : value".
std::string value_of(const fs::path& path, std::string_view key) {
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && trimmed(std::string_view(line).substr(0, colon)) == key)
      return trimmed(std::string_view(line).substr(colon + 1));
  }
  return {};
}

/// What is in a folder, sorted; nothing where it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> list;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) list.push_back(i->path());
  std::sort(list.begin(), list.end());
  return list;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

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

/// A line of /proc/meminfo in bytes; they are written "MemTotal:  24606132 kB".
std::int64_t memory_line(const fs::path& root, std::string_view key) {
  const std::vector<std::string> parts = words(value_of(root / "proc/meminfo", key));
  const auto kib = parts.empty() ? std::nullopt : number<std::int64_t>(parts.front());
  return kib && *kib > 0 && *kib < (INT64_MAX >> 10) ? *kib << 10 : 0;
}

/// "always [madvise] never": the word in brackets.
std::string bracketed(const std::string& text) {
  const std::size_t open = text.find('['), close = text.find(']');
  return open < close && close != std::string::npos ? text.substr(open + 1, close - open - 1) : std::string();
}

// ---- control groups ----

bool has_word(std::string_view list, std::string_view word) {
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    if (list.substr(start, end - start) == word) return true;
    start = end + 1;
  }
  return false;
}

/// Where a controller of version 1, or for an empty name version 2, is mounted; see proc(5) on mountinfo.
fs::path group_mount(const fs::path& root, std::string_view controller) {
  for (const std::string& line : lines(root / "proc/self/mountinfo")) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::vector<std::string> before = words(line.substr(0, dash)), after = words(line.substr(dash + 3));
    if (before.size() < 5 || after.size() < 3) continue;
    const bool fits =
        controller.empty() ? after[0] == "cgroup2" : after[0] == "cgroup" && has_word(after[2], controller);
    if (fits) return root / fs::path(before[4]).relative_path();
  }
  return {};
}

/// The path of this process's group in /proc/self/cgroup, whose lines read "4:cpu,cpuacct:/path" and "0::/path".
std::string group_path(const fs::path& root, std::string_view controller) {
  for (const std::string& line : lines(root / "proc/self/cgroup")) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : has_word(controllers, controller)) return line.substr(second + 1);
  }
  return "/";
}

/// The folders of this process's group and of those above it. A container may see its own group as the mount's root
/// while the path is the host's: then only the root exists.
std::vector<fs::path> group_folders(const fs::path& root, std::string_view controller) {
  const fs::path mount = group_mount(root, controller);
  if (mount.empty()) return {};
  std::vector<fs::path> list;
  fs::path path = fs::path(group_path(root, controller)).relative_path();
  const bool climbs = std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
  for (; !climbs && !path.empty(); path = path.parent_path())
    if (is_there(mount / path)) list.push_back(mount / path);
  list.push_back(mount);
  return list;
}

template <class Number>
void tighten(std::optional<Number>& limit, std::optional<Number> other) {
  if (other && (!limit || *other < *limit)) limit = other;
}

std::optional<double> quota(const std::string& time_us, const std::string& period_us) {
  const auto time = finite(time_us), period = finite(period_us);  // "max" and -1 are no limit
  if (!time || !period || !(*time > 0) || !(*period > 0)) return std::nullopt;
  return *time / *period;
}

GroupLimits read_limits(const fs::path& root) {
  GroupLimits found;
  for (const fs::path& folder : group_folders(root, "")) {
    const std::vector<std::string> cpu = words(first_line(folder / "cpu.max"));
    if (cpu.size() == 2) tighten(found.cpu_quota, quota(cpu[0], cpu[1]));
    tighten(found.memory_bytes, number<std::int64_t>(first_line(folder / "memory.max")));
    if (found.cpuset.empty()) found.cpuset = first_line(folder / "cpuset.cpus.effective");
  }
  for (const fs::path& folder : group_folders(root, "cpu"))
    tighten(found.cpu_quota, quota(first_line(folder / "cpu.cfs_quota_us"), first_line(folder / "cpu.cfs_period_us")));
  for (const fs::path& folder : group_folders(root, "memory"))
    tighten(found.memory_bytes, number<std::int64_t>(first_line(folder / "memory.limit_in_bytes")));
  for (const fs::path& folder : group_folders(root, "cpuset"))
    if (found.cpuset.empty()) found.cpuset = first_line(folder / "cpuset.cpus");
  return found;
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

int affinity() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
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
  read_cpu(root, found);
  read_frequency(root, found);
  found.memory_bytes = memory_line(root, "MemTotal");
  found.available_memory_bytes = memory_line(root, "MemAvailable");
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
    sources.usable_cpus = affinity();
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
