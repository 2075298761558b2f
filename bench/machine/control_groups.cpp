// Finding the groups of this process, and their files.
#include "bench/machine/control_groups.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "bench/machine/system_files.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

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

/// The number behind a word at the start of a line, as in memory.stat; 0 where there is none.
double statistic(const fs::path& path, std::string_view name) {
  for (const std::string& line : lines(path)) {
    const std::vector<std::string> parts = words(line);
    if (parts.size() == 2 && parts[0] == name) return finite(parts[1]).value_or(0);
  }
  return 0;
}

/// Of one group; nothing where a file is missing or sets no limit.
std::optional<double> free_of(const fs::path& folder, const char* limit, const char* usage, const char* file_pages) {
  const auto most = finite(first_line(folder / limit)), used = finite(first_line(folder / usage));
  if (!most || !used) return std::nullopt;
  return std::max(0.0, *most - *used + std::min(*used, statistic(folder / "memory.stat", file_pages)));
}

}  // namespace

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

std::optional<double> free_group_memory(const fs::path& root) {
  std::optional<double> least;
  for (const fs::path& folder : group_folders(root, ""))
    tighten(least, free_of(folder, "memory.max", "memory.current", "inactive_file"));
  for (const fs::path& folder : group_folders(root, "memory"))
    tighten(least, free_of(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
  return least;
}

}  // namespace assay::bench
