// Limits less what is used of them.
#include "bench/machine/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "bench/machine/control_groups.h"
#include "bench/machine/system_files.h"

namespace assay::bench {
namespace {

struct ProcessLimit {
  decltype(RLIMIT_AS) resource;
  const char *used, *name;
};
/// With the line of /proc/self/status that says what is used.
constexpr ProcessLimit process_limits[] = {{RLIMIT_AS, "VmSize", "ulimit -v"}, {RLIMIT_DATA, "VmData", "ulimit -d"}};

/// Infinite without a limit.
double bytes_of(const ProcessLimit& limit) {
  rlimit found{};
  if (getrlimit(limit.resource, &found) != 0 || found.rlim_cur == RLIM_INFINITY)
    return std::numeric_limits<double>::infinity();
  return static_cast<double>(found.rlim_cur);
}

}  // namespace

FreeMemory free_memory(const std::filesystem::path& root) {
  FreeMemory free{std::numeric_limits<double>::infinity(), "the machine"};
  const auto tighten = [&](double bytes, const char* by) {
    if (bytes < free.bytes) free = {bytes, by};
  };
  if (const auto machine = bytes_of_line(root / "proc/meminfo", "MemAvailable"); machine > 0)
    tighten(static_cast<double>(machine), "the machine");
  if (const auto group = free_group_memory(root)) tighten(*group, "its control group");
  for (const ProcessLimit& limit : process_limits) {
    const auto used = static_cast<double>(bytes_of_line(root / "proc/self/status", limit.used));
    tighten(std::max(0.0, bytes_of(limit) - used), limit.name);
  }
  return free;
}

}  // namespace assay::bench
