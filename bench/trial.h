// One case on one backend at one thread count: its buffers on the device, poisoned and guarded, and the call that
// computes it; and runs between guard pages beside them. Both the verdict and the clock work on a Trial, so that what
// was timed is what was verified.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "bench/cases.h"
#include "bench/guard.h"

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

  /// Whether outputs still hold the last poison() as it was: nothing has written since.
  bool still_poisoned() const;

  /// The outputs on the host.
  TensorPack results() const;

  /// One call over inputs and outputs that lie between guard pages; null where the backend has memory of its own.
  struct Guarded {
    TensorPack results;
    std::string breach;  ///< as of breach()
  };
  std::optional<Guarded> run_guarded(Placement placement, std::uint64_t seed);

  /// Spoils a few elements of the outputs; the next call has to restore them. For the clock's rounds, where poisoning
  /// everything would leave nothing in the caches.
  void spoil(std::uint64_t seed);
  /// Whether every spoilt element is as it was before.
  bool restored() const;

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

  struct Spoilt {
    std::byte* at;  ///< on the device
    std::byte before;
  };

  void bind(const TensorPack& inputs);
  void call_checked(const Invocation& invocation);
  void make_guarded_buffers();

  const BoundCase& bound_;
  Backend& backend_;
  int threads_;
  TensorPack device_inputs_, device_outputs_;
  std::vector<Buffer> input_buffers_, output_buffers_;
  std::vector<std::vector<std::byte>> canaries_;  ///< before and after each output, as poison() left them
  std::uint64_t poison_seed_ = 0;
  std::vector<Spoilt> spoilt_;
  const TensorPack* host_inputs_ = nullptr;
  std::vector<GuardedBuffer> guarded_inputs_, guarded_outputs_;
  std::unique_ptr<Plan> plan_;
  Invocation invocation_;
  std::string environment_breach_;
  double prepare_ns_ = 0;
};

}  // namespace assay::bench
