// Pinning with hwloc.
#include "bench/timing/pinning.h"

#include <fmt/format.h>
#include <hwloc.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "bench/machine/affinity.h"
#include "reference/tensor.h"

namespace assay::bench {

struct Pinning::Topology {
  hwloc_topology_t handle = nullptr;
  hwloc_cpuset_t before = nullptr;  ///< what the calling thread was bound to

  Topology() {
    if (hwloc_topology_init(&handle) != 0 || hwloc_topology_load(handle) != 0)
      throw InvalidArgument("--pin: the CPUs of this machine cannot be listed, so threads cannot be bound to them");
    before = hwloc_bitmap_alloc();
    hwloc_get_cpubind(handle, before, HWLOC_CPUBIND_THREAD);
  }
  ~Topology() {
    hwloc_bitmap_free(before);
    hwloc_topology_destroy(handle);
  }
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  bool bind(unsigned cpu) const {
    hwloc_cpuset_t set = hwloc_bitmap_alloc();
    hwloc_bitmap_only(set, cpu);
    const bool bound = hwloc_set_cpubind(handle, set, HWLOC_CPUBIND_THREAD) == 0;
    hwloc_bitmap_free(set);
    return bound;
  }

  /// The CPUs that the process was started with: the first of every core, then the second of every core, and so on.
  /// OpenMP's environment may have bound the calling thread to one of them.
  std::vector<unsigned> cpus() const {
    std::vector<std::tuple<unsigned, unsigned, unsigned>> ordered;  // place within the core, core, number
    for (hwloc_obj_t cpu = nullptr; (cpu = hwloc_get_next_obj_by_type(handle, HWLOC_OBJ_PU, cpu)) != nullptr;) {
      if (!is_usable(cpu->os_index)) continue;
      const hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(handle, HWLOC_OBJ_CORE, cpu);
      ordered.emplace_back(cpu->sibling_rank, core == nullptr ? cpu->logical_index : core->logical_index,
                           cpu->os_index);
    }
    std::sort(ordered.begin(), ordered.end());
    std::vector<unsigned> numbers;
    for (const auto& [place, core, number] : ordered) numbers.push_back(number);
    return numbers;
  }
};

Pinning::Pinning() : topology_(std::make_unique<Topology>()), cpus_(topology_->cpus()) {
  if (cpus_.empty()) throw InvalidArgument("--pin: this process may run on no CPU that the system lists");
  if (!topology_->bind(cpus_[0]))
    throw InvalidArgument(fmt::format("--pin: threads cannot be bound to CPUs here: {}", std::strerror(errno)));
}

Pinning::~Pinning() { hwloc_set_cpubind(topology_->handle, topology_->before, HWLOC_CPUBIND_THREAD); }

void Pinning::pin(int threads) {
  std::atomic<bool> bound{true};
#pragma omp parallel num_threads(threads)
  {
    const auto worker = static_cast<std::size_t>(omp_get_thread_num());
    if (!topology_->bind(cpus_[worker % cpus_.size()])) bound = false;
  }
  if (!bound) throw InvalidArgument("--pin: a worker could not be bound to its CPU");
}

}  // namespace assay::bench
