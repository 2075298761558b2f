// Buffers, poison and canaries, and the floating-point environment around each call.
#include "bench/trial.h"

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
    : bound_(bound), backend_(backend), threads_(threads), device_outputs_(shapes.size()) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const DType dtype = bound.instance->outputs[i].dtype;
    const std::size_t bytes = static_cast<std::size_t>(shapes[i].elements()) * size_of(dtype);
    output_buffers_.push_back({backend.allocate(bytes + 2 * canary_bytes), bytes});
    device_outputs_[i].push_back({output_buffers_.back().tensor(), dtype, shapes[i]});
  }
}

void Trial::load(const TensorPack& inputs) {
  const bool first = plan_ == nullptr;
  if (first) device_inputs_ = TensorPack(inputs.size());
  host_inputs_ = &inputs;
  std::size_t next = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field) {
    if (bound_.instance->inputs[field].role == Role::shape) {
      device_inputs_[field] = inputs[field];  // shape inputs stay on the host
      continue;
    }
    if (first) device_inputs_[field] = inputs[field];
    for (std::size_t i = 0; i < inputs[field].size(); ++i, ++next) {
      const auto bytes = static_cast<std::size_t>(bytes_of(inputs[field][i]));
      if (first) input_buffers_.push_back({backend_.allocate(bytes + 2 * canary_bytes), bytes});
      device_inputs_[field][i].data = input_buffers_[next].tensor();
      backend_.upload(input_buffers_[next].tensor(), static_cast<const std::byte*>(inputs[field][i].data), bytes);
    }
  }
  bind(inputs);
}

void Trial::bind(const TensorPack& inputs) {
  use_threads();
  if (plan_ == nullptr) {
    TensorPack described = inputs;
    for (std::size_t field = 0; field < described.size(); ++field)
      if (bound_.instance->inputs[field].role == Role::activation)
        for (TensorRef& tensor : described[field]) tensor.data = nullptr;
    const Prepare* prepare = backend_.kernels().find(bound_.op->name, bound_.instance->dtype);
    const auto start = std::chrono::steady_clock::now();
    plan_ = (*prepare)(bound_.params, described.slots());
    prepare_ns_ = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  }
  invocation_ = plan_->bind(device_inputs_.slots(), device_outputs_.slots());
}

void Trial::poison(std::uint64_t seed) {
  canaries_.clear();
  poison_seed_ = seed;
  for (std::size_t i = 0; i < output_buffers_.size(); ++i) {
    const Buffer& buffer = output_buffers_[i];
    std::vector<std::byte> pattern(buffer.bytes + 2 * canary_bytes);
    fill_with_pattern(random_bits(seed, i), pattern.data(), 0, pattern.size());
    backend_.upload(buffer.memory.get(), pattern.data(), pattern.size());
    canaries_.emplace_back(pattern.begin(), pattern.begin() + canary_bytes);
    canaries_.back().insert(canaries_.back().end(), pattern.end() - canary_bytes, pattern.end());
  }
  backend_.synchronise();
}

bool Trial::still_poisoned() const {
  for (std::size_t i = 0; i < output_buffers_.size(); ++i) {
    const Buffer& buffer = output_buffers_[i];
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
  for (std::size_t i = 0; i < output_buffers_.size(); ++i)
    guarded_outputs_.emplace_back(output_buffers_[i].bytes, size_of(device_outputs_[i][0].dtype),
                                  fmt::format("output {}", bound_.instance->outputs[i].name));
}

std::optional<Trial::Guarded> Trial::run_guarded(Placement placement, std::uint64_t seed) {
  if (!backend_.works_on_host_memory()) return std::nullopt;
  if (guarded_outputs_.empty()) make_guarded_buffers();
  TensorPack inputs = *host_inputs_, outputs = device_outputs_;
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
    if (output_buffers_[i].bytes != 0) std::memcpy(copy.data, outputs[i][0].data, output_buffers_[i].bytes);
  }
  for (auto* buffers : {&guarded_outputs_, &guarded_inputs_})
    for (GuardedBuffer& buffer : *buffers)
      if (std::string trespass = buffer.trespass(); guarded.breach.empty()) guarded.breach = std::move(trespass);
  return guarded;
}

void Trial::spoil(std::uint64_t seed) {
  spoilt_.clear();
  for (std::size_t i = 0; i < output_buffers_.size(); ++i) {
    const Buffer& buffer = output_buffers_[i];
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

TensorPack Trial::results() const {
  TensorPack host(output_buffers_.size());
  for (std::size_t i = 0; i < output_buffers_.size(); ++i) {
    const TensorRef& device = device_outputs_[i][0];
    host[i].push_back(new_host_tensor(host, device.dtype, device.shape));
    backend_.download(static_cast<std::byte*>(host[i][0].data), output_buffers_[i].tensor(), output_buffers_[i].bytes);
  }
  return host;
}

std::string Trial::breach() const {
  if (!environment_breach_.empty()) return environment_breach_;
  std::vector<std::byte> found(canary_bytes);
  for (std::size_t i = 0; i < canaries_.size(); ++i) {
    const Buffer& buffer = output_buffers_[i];
    for (const bool after : {false, true}) {
      backend_.download(found.data(), buffer.memory.get() + (after ? canary_bytes + buffer.bytes : 0), canary_bytes);
      if (std::memcmp(found.data(), canaries_[i].data() + (after ? canary_bytes : 0), canary_bytes) == 0) continue;
      return fmt::format("it wrote {} output {}", after ? "beyond" : "before", bound_.instance->outputs[i].name);
    }
  }
  std::size_t next = 0;
  for (std::size_t field = 0; field < host_inputs_->size(); ++field) {
    if (bound_.instance->inputs[field].role == Role::shape) continue;
    for (const TensorRef& host : (*host_inputs_)[field]) {
      const Buffer& buffer = input_buffers_[next++];
      std::vector<std::byte> now(buffer.bytes);
      backend_.download(now.data(), buffer.tensor(), buffer.bytes);
      if (buffer.bytes != 0 && std::memcmp(now.data(), host.data, buffer.bytes) != 0)
        return fmt::format("it changed its input {}", bound_.instance->inputs[field].name);
    }
  }
  return {};
}

}  // namespace assay::bench
