// The CPUs that this process may use. They are read before any library is initialised, because OpenMP binds the main
// thread when it is loaded under OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY, and the mask then shows one place.
#pragma once

#include <optional>
#include <string>

namespace assay::bench {

/// How many CPUs the process was started with; a container or taskset may have made them fewer than the machine has.
int usable_cpus();
/// Whether CPU number `cpu` is one of them.
bool is_usable(unsigned cpu);

/// How many CPUs the calling thread may use now.
int cpus_of_this_thread();
/// How many CPUs an OpenMP team of so many threads may use together.
int cpus_of_team(int threads);
/// One sentence if `threads` is more than the CPUs that a team of them may use.
std::optional<std::string> oversubscription_warning(int threads);

}  // namespace assay::bench
