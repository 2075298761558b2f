// How much memory this process may still take: the machine's, its control groups' and its own limits, whichever is
// least. The harness asks before it allocates for a case, because Linux grants memory that is not there and kills the
// process that uses it.
#pragma once

#include <filesystem>
#include <string>

namespace assay::bench {

struct FreeMemory {
  double bytes = 0;
  std::string limited_by;  ///< what is tightest: "the machine", "its control group", "ulimit -v", "ulimit -d"
};

/// As it is now. `root` is where /proc and /sys are looked for.
FreeMemory free_memory(const std::filesystem::path& root = "/");

}  // namespace assay::bench
