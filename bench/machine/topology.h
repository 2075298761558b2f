// The layout of the machine as hwloc reports it: sockets, memory nodes, cores, hardware threads and caches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay::bench {

struct Cache {
  int level = 0;
  std::string type;        ///< Data or Unified
  std::int64_t bytes = 0;  ///< of one of them
  int sharing = 0;         ///< hardware threads under each
  int count = 0;           ///< how many of them there are
};

/// The part of the machine that this process may use: hwloc leaves out CPUs that a cpuset forbids. Zero if unknown.
struct Topology {
  int sockets = 0, numa_nodes = 0, cores = 0, hardware_threads = 0;
  std::vector<Cache> caches;  ///< nearest to the core first

  /// Bytes of all caches of the last level together; 0 if there is none.
  std::int64_t last_level_bytes() const;
};

/// Of the machine this program runs on.
Topology this_topology();

}  // namespace assay::bench
