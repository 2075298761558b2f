// Binding threads to CPUs, so that the scheduler does not move them while they are timed.
#pragma once

#include <memory>
#include <vector>

namespace assay::bench {

/// Binds the calling thread and the workers of the process's OpenMP runtime, which all CPU backends share: worker i to
/// the i-th CPU, one of each core before the second of any. Undone on destruction.
class Pinning {
 public:
  /// Throws InvalidArgument if the system does not list its CPUs or does not let threads be bound.
  Pinning();
  ~Pinning();
  Pinning(const Pinning&) = delete;
  Pinning& operator=(const Pinning&) = delete;

  /// Binds a team of `threads`. OpenMP may replace its workers, so call it before each sample. If there are more
  /// workers than CPUs, they share them.
  void pin(int threads);

  /// The operating system's numbers of the CPUs, in the order in which workers get them.
  const std::vector<unsigned>& cpus() const { return cpus_; }

 private:
  struct Topology;
  std::unique_ptr<Topology> topology_;
  std::vector<unsigned> cpus_;
};

}  // namespace assay::bench
