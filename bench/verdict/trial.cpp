// Buffers, poison and canaries, and the floating-point environment around each call.
#include "bench/verdict/trial.h"

#include <fmt/format.h>

#include <cfenv>
#include <chrono>
#include <cstring>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace assay::bench {
namespace {

constexpr std::size_t canary_bytes = 64;  // a cache line before and after: the nearest place a stray write lands

/// Flush-to-zero and denormals-are-zero, and the rounding mode: what a kernel might change and every later one inherit.
unsigned floating_point_mode() {
  auto mode = static_cast<unsigned>(std::fegetround());
#if defined(__x86_64__)
  constexpr unsigned control_bits = 0xffc0;  // MXCSR without its sticky exception flags
  mode ^= (_mm_getcsr() & control_bits) << 16;
#endif
  return mode;
}

/// Enough to be hit by whatever skips a part of its work, and too few to disturb the caches.
constexpr std::size_t spoilt_elements = 8;

}  // namespace

std::byte* Trial::Buffer::tensor() const { return memory.get() + canary_bytes; }

Trial::Trial(const BoundCase& bound, Backend& backend, int threads, const std::vector<Shape>& shapes)
    : bound_(bound), backend_(backend), threads_(threads), shapes_(shapes) {
  sets_.push_back(new_set());
}

Trial::BufferSet Trial::new_set() const {
  BufferSet set;
  set.outputs = TensorPack(shapes_.size());
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const DType dtype = bound_.instance->outputs[i].dtype;
    const std::size_t bytes = static_cast<std::size_t>(shapes_[i].elements()) * size_of(dtype);
    set.output_buffers.push_back({backend_.allocate(bytes + 2 * canary_bytes), bytes});
    set.outputs[i].push_back({set.output_buffers.back().tensor(), dtype, shapes_[i]});
  }
  return set;
}

/// Fresh memory for the outputs of the next call; the last call's goes back first, as a reassigned tensor's does.
void Trial::allocate_outputs() {
  BufferSet& set = sets_[next_];
  for (std::size_t i = 0; i < set.output_buffers.size(); ++i) {
    Buffer& buffer = set.output_buffers[i];
    buffer.memory = nullptr;
    buffer.memory = backend_.allocate(buffer.bytes + 2 * canary_bytes);
    set.outputs[i][0].data = buffer.tensor();
  }
  set.invocation = plan_->bind(set.inputs.slots(), set.outputs.slots());
}

std::size_t Trial::working_set() const {
  std::size_t bytes = 0;
  for (const auto* buffers : {&sets_[0].input_buffers, &sets_[0].output_buffers})
    for (const Buffer& buffer : *buffers) bytes += buffer.bytes;
  return bytes;
}

void Trial::load(const TensorPack& inputs) {
  host_inputs_ = &inputs;
  use_threads();
  if (plan_ == nullptr) prepare();
  for (BufferSet& set : sets_) fill(set);
}

void Trial::rotate_over(std::size_t sets) {
  while (sets_.size() < sets) {
    sets_.push_back(new_set());
    fill(sets_.back());
  }
  sets_.resize(sets);
  next_ = 0;
}

void Trial::fill(BufferSet& set) {
  const TensorPack& inputs = *host_inputs_;
  const bool first = set.inputs.size() == 0;
  if (first) set.inputs = inputs;
  std::size_t next = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field) {
    if (bound_.instance->inputs[field].role == Role::shape) {
      set.inputs[field] = inputs[field];  // shape inputs stay on the host
      continue;
    }
    for (std::size_t i = 0; i < inputs[field].size(); ++i, ++next) {
      const auto bytes = static_cast<std::size_t>(bytes_of(inputs[field][i]));
      if (first) set.input_buffers.push_back({backend_.allocate(bytes + 2 * canary_bytes), bytes});
      std::byte* to = set.input_buffers[next].tensor();
      set.inputs[field][i].data = to;
      backend_.upload(to, static_cast<const std::byte*>(inputs[field][i].data), bytes);
    }
  }
  set.invocation = plan_->bind(set.inputs.slots(), set.outputs.slots());
}

void Trial::prepare() {
  TensorPack described = *host_inputs_;
  for (std::size_t field = 0; field < described.size(); ++field)
    if (bound_.instance->inputs[field].role == Role::activation)
      for (TensorRef& tensor : described[field]) tensor.data = nullptr;
  const Prepare* prepare = backend_.kernels().find(bound_.op->name, bound_.instance->dtype);
  const auto start = std::chrono::steady_clock::now();
  plan_ = (*prepare)(bound_.params, described.slots());
  prepare_ns_ = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

void Trial::poison(std::uint64_t seed) {
  poison_seed_ = seed;
  for (BufferSet& set : sets_) {
    set.canaries.clear();
    for (std::size_t i = 0; i < set.output_buffers.size(); ++i) {
      const Buffer& buffer = set.output_buffers[i];
      std::vector<std::byte> pattern(buffer.bytes + 2 * canary_bytes);
      fill_with_pattern(random_bits(seed, i), pattern.data(), 0, pattern.size());
      backend_.upload(buffer.memory.get(), pattern.data(), pattern.size());
      set.canaries.emplace_back(pattern.begin(), pattern.begin() + canary_bytes);
      set.canaries.back().insert(set.canaries.back().end(), pattern.end() - canary_bytes, pattern.end());
    }
  }
  backend_.synchronise();
}

bool Trial::still_poisoned() const {
  for (const BufferSet& set : sets_)
    for (std::size_t i = 0; i < set.output_buffers.size(); ++i) {
      const Buffer& buffer = set.output_buffers[i];
      std::vector<std::byte> now(buffer.bytes + 2 * canary_bytes);
      backend_.download(now.data(), buffer.memory.get(), now.size());
      if (!holds_pattern(random_bits(poison_seed_, i), now.data(), 0, now.size())) return false;
    }
  return true;
}

void Trial::run() {
  call_checked([this] { call(); });
}

void Trial::call_checked(const Invocation& invocation) {
  std::fesetenv(FE_DFL_ENV);
  const unsigned before = floating_point_mode();
  use_threads();
  invocation();
  if (floating_point_mode() != before) {
    environment_breach_ = "it changed the rounding mode or the flush-to-zero bits and left them changed";
    std::fesetenv(FE_DFL_ENV);
  }
}

void Trial::make_guarded_buffers() {
  for (std::size_t field = 0; field < host_inputs_->size(); ++field)
    for (const TensorRef& tensor : (*host_inputs_)[field])
      guarded_inputs_.emplace_back(static_cast<std::size_t>(bytes_of(tensor)), size_of(tensor.dtype),
                                   fmt::format("input {}", bound_.instance->inputs[field].name));
  for (std::size_t i = 0; i < shapes_.size(); ++i)
    guarded_outputs_.emplace_back(sets_[0].output_buffers[i].bytes, size_of(sets_[0].outputs[i][0].dtype),
                                  fmt::format("output {}", bound_.instance->outputs[i].name));
}

std::optional<Trial::Guarded> Trial::run_guarded(Placement placement, std::uint64_t seed) {
  if (!backend_.works_on_host_memory()) return std::nullopt;
  if (guarded_outputs_.empty()) make_guarded_buffers();
  TensorPack inputs = *host_inputs_, outputs = sets_[0].outputs;
  std::size_t next = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field)
    for (TensorRef& tensor : inputs[field]) {
      GuardedBuffer& buffer = guarded_inputs_[next];
      buffer.fill(random_bits(seed, next++), placement, tensor.data);
      tensor.data = buffer.tensor();
    }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    guarded_outputs_[i].poison(random_bits(seed, next++), placement);
    outputs[i][0].data = guarded_outputs_[i].tensor();
  }
  const Invocation invocation = plan_->bind(inputs.slots(), outputs.slots());
  call_checked([&] {
    invocation();
    backend_.synchronise();
  });
  Guarded guarded{TensorPack(outputs.size()), environment_breach_};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    TensorRef& copy =
        guarded.results[i].emplace_back(new_host_tensor(guarded.results, outputs[i][0].dtype, outputs[i][0].shape));
    if (const std::size_t bytes = sets_[0].output_buffers[i].bytes; bytes != 0)
      std::memcpy(copy.data, outputs[i][0].data, bytes);
  }
  for (auto* buffers : {&guarded_outputs_, &guarded_inputs_})
    for (GuardedBuffer& buffer : *buffers)
      if (std::string trespass = buffer.trespass(); guarded.breach.empty()) guarded.breach = std::move(trespass);
  return guarded;
}

void Trial::spoil(std::uint64_t seed) {
  spoilt_.clear();
  if (allocate_each_) return;
  const BufferSet& set = sets_[next_];
  for (const Buffer& buffer : set.output_buffers) {
    for (std::size_t spot = 0; spot < spoilt_elements && buffer.bytes != 0; ++spot) {
      std::byte* at = buffer.tensor() + random_bits(seed, spoilt_.size()) % buffer.bytes;
      std::byte value{};
      backend_.download(&value, at, 1);
      spoilt_.push_back({at, value});
    }
  }
  for (const Spoilt& spot : spoilt_) {
    const std::byte other = ~spot.before;  // never the right value, whatever that is
    backend_.upload(spot.at, &other, 1);
  }
}

bool Trial::restored() const {
  for (const Spoilt& spot : spoilt_) {
    std::byte now{};
    backend_.download(&now, spot.at, 1);
    if (now != spot.before) return false;
  }
  return true;
}

TensorPack Trial::results(std::size_t set) const {
  const BufferSet& from = sets_[set];
  TensorPack host(shapes_.size());
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const TensorRef& device = from.outputs[i][0];
    host[i].push_back(new_host_tensor(host, device.dtype, device.shape));
    backend_.download(static_cast<std::byte*>(host[i][0].data), from.output_buffers[i].tensor(),
                      from.output_buffers[i].bytes);
  }
  return host;
}

std::string Trial::breach() const {
  if (!environment_breach_.empty()) return environment_breach_;
  for (const BufferSet& set : sets_)
    if (std::string breach = breach_of(set); !breach.empty()) return breach;
  return {};
}

std::string Trial::breach_of(const BufferSet& set) const {
  std::vector<std::byte> found(canary_bytes);
  for (std::size_t i = 0; i < set.canaries.size() && !allocate_each_; ++i) {
    const Buffer& buffer = set.output_buffers[i];
    for (const bool after : {false, true}) {
      backend_.download(found.data(), buffer.memory.get() + (after ? canary_bytes + buffer.bytes : 0), canary_bytes);
      if (std::memcmp(found.data(), set.canaries[i].data() + (after ? canary_bytes : 0), canary_bytes) == 0) continue;
      return fmt::format("it wrote {} output {}", after ? "beyond" : "before", bound_.instance->outputs[i].name);
    }
  }
  std::size_t next = 0;
  for (std::size_t field = 0; field < host_inputs_->size(); ++field) {
    if (bound_.instance->inputs[field].role == Role::shape) continue;
    for (const TensorRef& host : (*host_inputs_)[field]) {
      const Buffer& buffer = set.input_buffers[next++];
      std::vector<std::byte> now(buffer.bytes);
      backend_.download(now.data(), buffer.tensor(), buffer.bytes);
      if (buffer.bytes != 0 && std::memcmp(now.data(), host.data, buffer.bytes) != 0)
        return fmt::format("it changed its input {}", bound_.instance->inputs[field].name);
    }
  }
  return {};
}

}  // namespace assay::bench
