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
#include "bench/cases/cases.h"
#include "bench/verdict/guard.h"

namespace assay::bench {

class Trial {
 public:
  /// Allocates everything once. `shapes` are those of the outputs.
  Trial(const BoundCase& bound, Backend& backend, int threads, const std::vector<Shape>& shapes);

  /// Brings fresh inputs to the device and ties the plan to them; the first call also prepares the plan, which sees no
  /// activations. `inputs` must outlive the trial's use of them.
  void load(const TensorPack& inputs);

  /// Calls take turns on so many sets of buffers, each with the inputs that load() brought; one until told otherwise.
  void rotate_over(std::size_t sets);
  std::size_t sets() const { return sets_.size(); }
  /// Bytes of the inputs and outputs of one set.
  std::size_t working_set() const;

  /// Each call allocates its outputs, binds them and gives them back when the next has its own: what a framework that
  /// allocates eagerly does. The last call's stay, to be judged.
  void allocate_each_call() { allocate_each_ = true; }

  /// Fills outputs, and the canaries before and after them, with a seeded random pattern.
  void poison(std::uint64_t seed);

  /// One call, and the device is done with it.
  void run();

  /// Whether outputs still hold the last poison() as it was: nothing has written since.
  bool still_poisoned() const;

  /// The outputs of a set on the host.
  TensorPack results(std::size_t set = 0) const;

  /// One call over inputs and outputs that lie between guard pages; null where the backend has memory of its own.
  struct Guarded {
    TensorPack results;
    std::string breach;  ///< as of breach()
  };
  std::optional<Guarded> run_guarded(Placement placement, std::uint64_t seed);

  /// Spoils a few elements of the outputs; the next calls have to restore them, one over each set. For the clock's
  /// rounds, where poisoning everything would leave nothing in the caches. Nothing where each call allocates.
  void spoil(std::uint64_t seed);
  /// Whether every spoilt element is as it was before.
  bool restored() const;

  /// What went wrong around the last runs: a write outside an output, a changed input, a changed floating-point
  /// environment. Empty if nothing did.
  std::string breach() const;

  double prepare_ns() const { return prepare_ns_; }
  Backend& backend() { return backend_; }

  /// One call without the checks around it, for the clock; use_threads() first.
  void call() {
    if (allocate_each_) allocate_outputs();
    sets_[next_].invocation();
    backend_.synchronise();
    if (++next_ == sets_.size()) next_ = 0;
  }
  void use_threads() { backend_.set_threads(threads_); }

 private:
  struct Buffer {
    std::shared_ptr<std::byte> memory;
    std::size_t bytes = 0;  ///< of the tensor, without its canaries
    std::byte* tensor() const;
  };

  /// One set of buffers on the device and the plan tied to it.
  struct BufferSet {
    TensorPack inputs, outputs;
    std::vector<Buffer> input_buffers, output_buffers;
    std::vector<std::vector<std::byte>> canaries;  ///< before and after each output, as poison() left them
    Invocation invocation;
  };

  struct Spoilt {
    std::byte* at;  ///< on the device
    std::byte before;
  };

  BufferSet new_set() const;
  void allocate_outputs();
  void fill(BufferSet& set);
  void prepare();
  std::string breach_of(const BufferSet& set) const;
  void call_checked(const Invocation& invocation);
  void make_guarded_buffers();

  const BoundCase& bound_;
  Backend& backend_;
  int threads_;
  std::vector<Shape> shapes_;
  std::vector<BufferSet> sets_;
  std::size_t next_ = 0;  ///< the set of the next call
  bool allocate_each_ = false;
  std::uint64_t poison_seed_ = 0;
  std::vector<Spoilt> spoilt_;
  const TensorPack* host_inputs_ = nullptr;
  std::vector<GuardedBuffer> guarded_inputs_, guarded_outputs_;
  std::unique_ptr<Plan> plan_;
  std::string environment_breach_;
  double prepare_ns_ = 0;
};

}  // namespace assay::bench
