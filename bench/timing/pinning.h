// Binding threads to CPUs, so that the scheduler does not move them while they are timed.
#pragma once

#include <memory>
#include <vector>

namespace assay::bench {

/// Binds the calling thread and the workers of the process's OpenMP runtime, which all CPU backends share: worker i to
/// the i-th CPU, one of each core before the second of any. Undone on destruction.
class Pinning {
 public:
  /// Throws InvalidArgument where the system says nothing of its CPUs or does not let threads be bound.
  Pinning();
  ~Pinning();
  Pinning(const Pinning&) = delete;
  Pinning& operator=(const Pinning&) = delete;

  /// For a team of so many. OpenMP may have replaced its workers since, so call it before each sample. More workers
  /// than CPUs take turns on them.
  void pin(int threads);

  /// The operating system's numbers of the CPUs, in the order in which workers get them.
  const std::vector<unsigned>& cpus() const { return cpus_; }

 private:
  struct Topology;
  std::unique_ptr<Topology> topology_;
  std::vector<unsigned> cpus_;
};

}  // namespace assay::bench
