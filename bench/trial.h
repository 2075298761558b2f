// One case on one backend at one thread count: its buffers on the device, poisoned and guarded, and the call that
// computes it. Both the verdict and the clock work on a Trial, so that what was timed is what was verified.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "bench/cases.h"

namespace assay::bench {

class Trial {
 public:
  /// Allocates everything once. `shapes` are those of the outputs.
  Trial(const BoundCase& bound, Backend& backend, int threads, const std::vector<Shape>& shapes);

  /// Brings fresh inputs to the device and ties the plan to them; the first call also prepares the plan, which sees no
  /// activations. `inputs` must outlive the trial's use of them.
  void load(const TensorPack& inputs);

  /// Fills outputs, and the canaries before and after them, with a seeded random pattern.
  void poison(std::uint64_t seed);

  /// One call, and the device is done with it.
  void run();

  /// The outputs on the host.
  TensorPack results() const;

  /// What went wrong around the last runs: a write outside an output, a changed input, a changed floating-point
  /// environment. Empty if nothing did.
  std::string breach() const;

  double prepare_ns() const { return prepare_ns_; }
  const Backend& backend() const { return backend_; }

  /// One call without the checks around it, for the clock; use_threads() first.
  void call() {
    invocation_();
    backend_.synchronise();
  }
  void use_threads() { backend_.set_threads(threads_); }

 private:
  struct Buffer {
    std::shared_ptr<std::byte> memory;
    std::size_t bytes = 0;  ///< of the tensor, without its canaries
    std::byte* tensor() const;
  };

  void bind(const TensorPack& inputs);

  const BoundCase& bound_;
  Backend& backend_;
  int threads_;
  TensorPack device_inputs_, device_outputs_;
  std::vector<Buffer> input_buffers_, output_buffers_;
  std::vector<std::vector<std::byte>> canaries_;  ///< before and after each output, as poison() left them
  const TensorPack* host_inputs_ = nullptr;
  std::unique_ptr<Plan> plan_;
  Invocation invocation_;
  std::string environment_breach_;
  double prepare_ns_ = 0;
};

}  // namespace assay::bench
