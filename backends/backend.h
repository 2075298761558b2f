// What a backend is: a device, its memory, and a table of kernels. Writing one starts here: a kernel is a free function
// over an operator's own types; one line of KernelTable::add, in a Kernels object of its file, registers it. Each
// backend is a shared module that hands out one Backend through assay_backend().
#pragma once

#include <concepts>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/operator.h"

namespace assay {

/// The timed region: one run over buffers that were bound before.
using Invocation = std::function<void()>;

/// Everything a kernel could compute from parameters, shapes, weights and shape inputs alone.
class Plan {
 public:
  virtual ~Plan() = default;
  /// Ties the plan to one set of buffers (device addresses; shape inputs stay on the host).
  virtual Invocation bind(Slots inputs, Slots outputs) = 0;
};

/// A kernel's first step. The activations' data are null in `described`.
using Prepare = std::function<std::unique_ptr<Plan>(std::span<const Scalar> params, Slots described)>;

/// The kernels of one backend, by operator and dtype.
class KernelTable {
 public:
  /// Registers a kernel: any callable `run(const Params&, const Inputs<T>&, const Outputs<T>&)`.
  template <Operator Op, class T, class Run>
  requires std::invocable < const Run&, const typename Op::Params&, const typename Op::template Inputs<T>
  &, const typename Op::template Outputs<T>& > void add(Run run) {
    add(std::string(Op::name), DTypeOf<T>::value, [run](std::span<const Scalar> params, Slots) {
      return make_plan<Op, T>(
          [run, typed = detail::bind_params<Op>(params)](const auto& in, const auto& out) { run(typed, in, out); });
    });
  }

  /// Registers a kernel with something to prepare: `prepare(const Params&, const Inputs<T>&)`, which sees no
  /// activations and returns a state, and `run(State&, const Params&, const Inputs<T>&, const Outputs<T>&)`. The state
  /// also holds the workspace of the kernel, so that nothing is allocated in the timed region.
  template <Operator Op, class T, class First, class Run>
  requires std::invocable < const First&, const typename Op::Params&, const typename Op::template Inputs<T>
  & > &&std::invocable<
          const Run&,
          std::invoke_result_t<const First&, const typename Op::Params&, const typename Op::template Inputs<T>&>&,
          const typename Op::Params&, const typename Op::template Inputs<T>&,
          const typename Op::template Outputs<T>&> void
      add(First prepare, Run run) {
    add(std::string(Op::name), DTypeOf<T>::value, [=](std::span<const Scalar> params, Slots described) {
      using State =
          std::invoke_result_t<const First&, const typename Op::Params&, const typename Op::template Inputs<T>&>;
      const auto typed = detail::bind_params<Op>(params);
      const auto state =
          std::make_shared<State>(prepare(typed, detail::bind_all<typename Op::template Inputs<T>>(described)));
      return make_plan<Op, T>([run, typed, state](const auto& in, const auto& out) { run(*state, typed, in, out); });
    });
  }

  /// The same kernel, or the same two steps, at each of several dtypes: generic callables.
  template <Operator Op, class... Ts, class... Steps>
  void add_each(Steps... steps) {
    (add<Op, Ts>(steps...), ...);
  }

  /// Registers a kernel in erased form. std::logic_error if there is one already.
  void add(std::string op, DType dtype, Prepare prepare) {
    const auto [at, fresh] = kernels_.try_emplace({std::move(op), dtype}, std::move(prepare));
    if (!fresh) throw std::logic_error("two kernels for " + at->first.first + " at " + std::string(name_of(dtype)));
  }

  /// Says why this backend has no kernel for an operator; shown beside UNSUPPORTED.
  template <Operator Op>
  void decline(std::string reason) {
    declined_[std::string(Op::name)] = std::move(reason);
  }

  /// Declares that results of this operator may differ in their last bits with the number of threads, and why.
  template <Operator Op>
  void depends_on_thread_count(std::string reason) {
    thread_dependent_[std::string(Op::name)] = std::move(reason);
  }

  /// Null where there is no such kernel; then why_not() tells the reason.
  const Prepare* find(std::string_view op, DType dtype) const {
    const auto found = kernels_.find({std::string(op), dtype});
    return found == kernels_.end() ? nullptr : &found->second;
  }
  std::string why_not(std::string_view op, DType dtype) const {
    const auto found = declined_.find(op);
    if (found != declined_.end()) return found->second;
    return "it has no kernel for " + std::string(op) + " at " + std::string(name_of(dtype)) + " yet";
  }
  bool thread_dependent(std::string_view op) const { return thread_dependent_.find(op) != thread_dependent_.end(); }

 private:
  template <class Op, class T, class Kernel>
  static std::unique_ptr<Plan> make_plan(Kernel kernel) {
    struct Typed final : Plan {
      explicit Typed(Kernel k) : kernel(std::move(k)) {}
      Invocation bind(Slots inputs, Slots outputs) override {
        return [k = kernel, in = detail::bind_all<typename Op::template Inputs<T>>(inputs),
                out = detail::bind_all<typename Op::template Outputs<T>>(outputs)] { k(in, out); };
      }
      Kernel kernel;
    };
    return std::make_unique<Typed>(std::move(kernel));
  }

  std::map<std::pair<std::string, DType>, Prepare> kernels_;
  std::map<std::string, std::string, std::less<>> declined_, thread_dependent_;
};

/// The kernels that one file of a module brings: a static object in the file, whose `add` fills the table. No list
/// names the files.
class Kernels {
 public:
  explicit Kernels(void (*add)(KernelTable&)) : add_(add), next_(first_) { first_ = this; }

  /// Adds what all files of this module bring.
  static void add_all(KernelTable& table) {
    for (const Kernels* kernels = first_; kernels != nullptr; kernels = kernels->next_) kernels->add_(table);
  }

 private:
  static inline const Kernels* first_ = nullptr;  // one a module: no module shows it to the outside
  void (*add_)(KernelTable&);
  const Kernels* next_;
};

/// What a backend promises about itself.
struct Claims {
  /// set_threads changes how many workers compute; otherwise there is one row, threads = 1
  bool honours_threads = false;
  /// two host threads may each run a plan of their own at the same time; set_threads is not called meanwhile
  bool concurrent_plans = false;
};

/// A device and its kernels. Addresses are opaque to the harness: it computes none, it reads and writes none, and it
/// names a place as memory and offset. The defaults are those of the host.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  virtual std::string_view device() const { return "cpu"; }
  virtual Claims claims() const = 0;
  /// Why it cannot run on this machine, or nothing.
  virtual std::optional<std::string> unavailable() const { return std::nullopt; }
  /// Versions and the like, as (name, value), for the result file.
  virtual std::vector<std::pair<std::string, std::string>> details() const { return {}; }

  /// Whether kernels work on the host's own memory, wherever it lies, so that the harness may bring buffers of its own.
  /// If not, the backend is a device: its rows have 0 threads, and the host's roof does not apply to them.
  virtual bool works_on_host_memory() const { return false; }
  /// Sets how many workers compute, before prepare and before each run of the plans prepared with that count. Returns
  /// how many there are: fewer than `threads` if the runtime grants no more.
  virtual int set_threads(int threads) { return threads; }

  /// Memory on the device for `bytes` bytes, not initialised. The address is that of its first byte.
  virtual std::shared_ptr<std::byte> allocate(std::size_t bytes) = 0;
  /// The address that a kernel gets for the byte at `offset` of `memory`, which allocate() returned; null if the device
  /// has no addresses within its memory.
  virtual std::byte* address(std::byte* memory, std::size_t offset) const { return offset == 0 ? memory : nullptr; }
  /// Both are complete on return. The harness calls synchronise() first if kernels may still run.
  virtual void upload(std::byte* memory, std::size_t offset, const std::byte* host, std::size_t bytes) = 0;
  virtual void download(std::byte* host, const std::byte* memory, std::size_t offset, std::size_t bytes) = 0;
  /// Returns when all work given to the device is done.
  virtual void synchronise() {}

  /// Makes `calls` calls and returns the nanoseconds they took together by the device's own clock, once all of them are
  /// done. A backend without such a clock returns nothing and makes no call.
  virtual std::optional<double> time([[maybe_unused]] const Invocation& call, [[maybe_unused]] std::int64_t calls) {
    return std::nullopt;
  }
  /// Empties the device's caches. False if it cannot: then there are no cold times.
  virtual bool evict() { return false; }

  const KernelTable& kernels() const { return kernels_; }

 protected:
  KernelTable kernels_;
};

/// A backend on the host's own memory: it only adds kernels to its table.
class HostBackend : public Backend {
 public:
  bool works_on_host_memory() const override { return true; }
  std::shared_ptr<std::byte> allocate(std::size_t bytes) override { return allocate_host(bytes); }
  std::byte* address(std::byte* memory, std::size_t offset) const override { return memory + offset; }
  void upload(std::byte* memory, std::size_t offset, const std::byte* host, std::size_t bytes) override {
    copy(memory + offset, host, bytes);
  }
  void download(std::byte* host, const std::byte* memory, std::size_t offset, std::size_t bytes) override {
    copy(host, memory + offset, bytes);
  }

 private:
  static void copy(std::byte* to, const std::byte* from, std::size_t bytes) {
    if (bytes != 0) std::memcpy(to, from, bytes);  // an empty tensor may have no address
  }
};

}  // namespace assay

/// The one symbol a backend's module exports: its backend, which lives as long as the module.
extern "C" __attribute__((visibility("default"))) assay::Backend* assay_backend();
