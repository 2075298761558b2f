// What a container grants this process, read from Linux control groups of version 1 and 2. A limit may stand at any
// group on the way to the root, and the tightest one holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace assay::bench {

/// Limits of this process's control groups, the tightest on the way to the root.
struct GroupLimits {
  std::optional<double> cpu_quota;           ///< CPUs' worth of time
  std::optional<std::int64_t> memory_bytes;  ///< only where it is less than the machine has
  std::string cpuset;                        ///< "0-3,8"; empty if unknown
};
GroupLimits read_limits(const std::filesystem::path& root);

/// Bytes that the groups still grant now: each limit less what its group uses. Pages that hold files and were not used
/// lately count as free, because the kernel drops them first. Nothing without a limit.
std::optional<double> free_group_memory(const std::filesystem::path& root);

}  // namespace assay::bench
