// One case on one backend at one thread count: its buffers on the device, poisoned and guarded, and the call that
// computes it. The verdict and the clock work on the same Trial, so that what is timed is what was verified. A device's
// addresses are opaque: every access names a buffer's memory and an offset.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "bench/cases/cases.h"
#include "bench/verdict/digest.h"
#include "bench/verdict/guard.h"
#include "bench/verdict/room.h"

namespace assay::bench {

class Trial {
 public:
  /// Allocates the outputs, whose shapes are `shapes`. `threads` is 0 on a device. Throws Unavailable if the machine
  /// grants less memory or fewer threads.
  Trial(const BoundCase& bound, Backend& backend, int threads, const std::vector<Shape>& shapes);

  /// Uploads fresh inputs and binds the plan to them. The plan is prepared first, without activations, unless it was
  /// already prepared for these weights and shape inputs. `inputs` must outlive the trial's use of them.
  void load(const TensorPack& inputs);

  /// Calls take turns on `sets` sets of buffers, each with the inputs that load() brought; on one set by default.
  void rotate_over(std::size_t sets);
  std::size_t sets() const { return sets_.size(); }
  /// Bytes of the inputs and outputs of one set.
  std::size_t working_set() const;

  /// From now on each call gives back the outputs of the call before it, then allocates and binds its own, as a
  /// framework that allocates eagerly does. The outputs of the last call stay, to be judged.
  void allocate_each_call() { allocate_each_ = true; }

  /// Fills outputs, and the canaries before and after them, with a seeded random pattern.
  void poison(std::uint64_t seed);

  /// One call, and the device is done with it.
  void run();
  /// The same on one of the sets; the call after it is on the next one.
  void run_on(std::size_t set);
  /// The same from a thread that has called nothing before. Throws what the call threw there.
  void run_from_new_thread();
  /// Any calls, on the thread that calls this: the thread count and its default floating-point environment are set
  /// before them, and the environment is checked after them.
  void check_around(const std::function<void()>& calls);
  /// Checks the floating-point environment of the workers of this thread's OpenMP team, as the runs since the last
  /// check left it. run_from_new_thread() does it for its own thread's.
  void check_workers();

  /// Whether outputs still hold the pattern of the last poison(): nothing has written since.
  bool still_poisoned() const;

  /// The outputs of a set on the host, or the slices of a sample. Those of more than `most_bytes_copied` are not copied
  /// if they lie in host memory: they change with the next run.
  TensorPack results(const std::optional<Sample>& sample = std::nullopt, std::size_t set = 0) const;
  /// A digest of every byte of each output of a set.
  Digests result_digests(std::size_t set = 0) const;

  /// One call on buffers of its own that lie where `placement` says. Nothing if the backend has no such place: only
  /// host memory has guard pages, and a device has odd places if it has addresses within its memory.
  struct Guarded {
    TensorPack results;  ///< as of results()
    Digests digests;     ///< as of result_digests()
    std::string breach;  ///< as of breach()
  };
  std::optional<Guarded> run_guarded(Placement placement, std::uint64_t seed,
                                     const std::optional<Sample>& sample = std::nullopt);

  /// Changes a few bytes of the next set's outputs; the next call must restore them. For the timed rounds, where
  /// poisoning everything would empty the caches. Does nothing if each call allocates.
  void spoil(std::uint64_t seed);
  /// Whether every spoilt byte is as it was before.
  bool restored() const;

  /// What went wrong around the last runs: a write outside an output, a changed input, a changed floating-point
  /// environment. Empty if nothing did.
  std::string breach() const;

  double prepare_ns() const { return prepare_ns_; }
  Backend& backend() { return backend_; }

  /// One call without the checks around it; use_threads() first. A device may still be at work on return: finish()
  /// waits for it.
  void call() {
    if (allocate_each_) allocate_outputs();
    sets_[next_].invocation();
    if (++next_ == sets_.size()) next_ = 0;
  }
  void finish() { backend_.synchronise(); }
  /// So many calls by the device's own clock, in nanoseconds; nothing, and no call, if it has none.
  std::optional<double> time(std::int64_t calls);
  /// Sets the thread count; Unavailable if the backend gets fewer.
  void use_threads();

 private:
  /// One tensor on the device: it starts at `offset` of `memory`, and canaries lie before and after it.
  struct Buffer {
    std::shared_ptr<std::byte> memory;
    std::size_t offset = 0;
    std::size_t bytes = 0;         ///< of the tensor, without its canaries
    std::byte* address = nullptr;  ///< what a kernel gets
    std::size_t all_bytes() const;
  };

  /// One set of buffers on the device and the plan bound to it.
  struct BufferSet {
    bool odd = false;  ///< tensors start one element past a multiple of 64 bytes
    TensorPack inputs, outputs;
    std::vector<Buffer> input_buffers, output_buffers;
    std::vector<std::vector<std::byte>> canaries;  ///< before and after each output, as poison() left them
    Invocation invocation;
  };

  struct Spoilt {
    std::size_t set, output;
    std::size_t offset;  ///< in the output's memory
    std::byte before;
  };

  Buffer allocate(std::size_t bytes, std::size_t element_bytes, bool odd) const;
  BufferSet new_set(bool odd = false) const;
  void allocate_outputs();
  void fill(BufferSet& set) const;
  void bind(BufferSet& set) const;
  void prepare();
  void poison_set(BufferSet& set, std::uint64_t seed) const;
  template <class Use>
  bool each_piece(const Buffer& buffer, std::size_t first, std::size_t last, const Use& use) const;
  std::vector<std::byte> canaries_of(const Buffer& buffer) const;
  using Read = std::function<void(std::byte* to, std::size_t offset, std::size_t bytes)>;
  TensorRef sampled_output(TensorPack& pack, std::size_t output, const Sample& sample, const Read& read) const;
  TensorPack results_of(const BufferSet& set, const std::optional<Sample>& sample) const;
  std::size_t output_bytes() const;
  Digests digests_of(const BufferSet& set) const;
  std::string breach_of(const BufferSet& set) const;
  Guarded run_between_guard_pages(Placement placement, std::uint64_t seed, const std::optional<Sample>& sample);
  std::optional<Guarded> run_at_odd_places(std::uint64_t seed, const std::optional<Sample>& sample);
  std::vector<GuardedBuffer> guarded_inputs() const;
  std::vector<GuardedBuffer> guarded_outputs() const;
  [[noreturn]] void out_of_memory() const;

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
  std::unique_ptr<Plan> plan_;
  std::size_t prepared_for_ = 0;  ///< a hash of the weights and shape inputs that the plan was prepared with
  std::string environment_breach_;
  double prepare_ns_ = 0;
};

}  // namespace assay::bench
