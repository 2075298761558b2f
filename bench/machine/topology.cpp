// Walking hwloc's tree.
#include "bench/machine/topology.h"

#include <hwloc.h>

#include <algorithm>

namespace assay::bench {
namespace {

int count_of(hwloc_topology_t topology, hwloc_obj_type_t type) {
  return std::max(0, hwloc_get_nbobjs_by_type(topology, type));  // negative where several levels have the type
}

/// The caches of one type, or none; those of a hybrid CPU may differ in size, and the largest speaks for them.
void add_caches(hwloc_topology_t topology, hwloc_obj_type_t type, int level, std::vector<Cache>& caches) {
  Cache cache{level, "", 0, 0, count_of(topology, type)};
  for (int i = 0; i < cache.count; ++i) {
    const hwloc_obj_t object = hwloc_get_obj_by_type(topology, type, static_cast<unsigned>(i));
    cache.type = object->attr->cache.type == HWLOC_OBJ_CACHE_DATA ? "Data" : "Unified";
    cache.bytes = std::max(cache.bytes, static_cast<std::int64_t>(object->attr->cache.size));
    cache.sharing = std::max(cache.sharing, hwloc_bitmap_weight(object->cpuset));
  }
  if (cache.bytes > 0) caches.push_back(cache);
}

}  // namespace

std::int64_t Topology::last_level_bytes() const {
  return caches.empty() ? 0 : caches.back().bytes * caches.back().count;
}

Topology this_topology() {
  Topology found;
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return found;
  if (hwloc_topology_load(topology) == 0) {
    found.sockets = count_of(topology, HWLOC_OBJ_PACKAGE);
    found.numa_nodes = count_of(topology, HWLOC_OBJ_NUMANODE);
    found.cores = count_of(topology, HWLOC_OBJ_CORE);
    found.hardware_threads = count_of(topology, HWLOC_OBJ_PU);
    constexpr hwloc_obj_type_t levels[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE};
    for (int level = 1; level <= 4; ++level) add_caches(topology, levels[level - 1], level, found.caches);
  }
  hwloc_topology_destroy(topology);
  return found;
}

}  // namespace assay::bench
