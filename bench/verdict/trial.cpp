// Buffers, poison and canaries, and the floating-point environment around each call.
#include "bench/verdict/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <new>
#include <string_view>
#include <thread>

#include "bench/base/units.h"
#include "bench/machine/memory.h"
#include "bench/verdict/digest.h"
#include "bench/verdict/floating_point.h"
#include "bench/verdict/sampling.h"

namespace assay::bench {
namespace {

constexpr std::size_t canary_bytes = 64;  // a cache line before and after: most stray writes land there

/// Long tensors are read, written and digested in pieces that stay in the caches.
constexpr std::size_t piece_bytes = std::size_t{64} << 10;

/// Enough to hit a part that a call skips, and too few to disturb the caches.
constexpr std::size_t spoilt_elements = 8;

std::size_t bytes_in(const TensorRef& tensor) { return static_cast<std::size_t>(bytes_of(tensor)); }

const std::byte* host_bytes(const TensorRef& tensor) { return static_cast<const std::byte*>(tensor.data); }

/// Reads bytes of a tensor on the host.
auto host_reader(const TensorRef& tensor) {
  return [from = host_bytes(tensor)](std::byte* to, std::size_t offset, std::size_t bytes) {
    std::memcpy(to, from + offset, bytes);
  };
}

/// Of everything that a plan sees when it is prepared.
std::size_t hash_of_prepared(const BoundCase& bound, const TensorPack& inputs) {
  std::size_t hash = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field) {
    if (bound.instance->inputs[field].role == Role::activation) continue;
    for (const TensorRef& tensor : inputs[field]) {
      const std::string_view bytes(static_cast<const char*>(tensor.data), bytes_in(tensor));
      hash = random_bits(hash, std::hash<std::string_view>()(bytes));
    }
  }
  return hash;
}

}  // namespace

std::size_t Trial::Buffer::all_bytes() const { return offset + bytes + canary_bytes; }

Trial::Trial(const BoundCase& bound, Backend& backend, int threads, const std::vector<Shape>& shapes)
    : bound_(bound), backend_(backend), threads_(threads), shapes_(shapes) {
  use_threads();
  sets_.push_back(new_set());
}

void Trial::use_threads() {
  if (threads_ == 0) return;
  const int granted = backend_.set_threads(threads_);
  if (granted < threads_)
    throw Unavailable(fmt::format(
        "it gets {} of the {} threads asked for: unset OMP_THREAD_LIMIT, or ask for no more than {} with --threads",
        granted, threads_, granted));
}

Trial::Buffer Trial::allocate(std::size_t bytes, std::size_t element_bytes, bool odd) const {
  Buffer buffer;
  buffer.bytes = bytes;
  buffer.offset = canary_bytes + (odd ? element_bytes : 0);
  try {
    buffer.memory = backend_.allocate(buffer.all_bytes());
  } catch (const std::exception& problem) {
    throw Unavailable(fmt::format("{} cannot allocate {} for a tensor: {}", backend_.device(),
                                  format_bytes(static_cast<double>(buffer.all_bytes())), problem.what()));
  }
  buffer.address = backend_.address(buffer.memory.get(), buffer.offset);
  if (buffer.address != nullptr) return buffer;
  buffer.offset = 0;  // without addresses within memory there is no canary before the tensor
  buffer.address = backend_.address(buffer.memory.get(), 0);
  return buffer;
}

Trial::BufferSet Trial::new_set(bool odd) const {
  BufferSet set;
  set.odd = odd;
  set.outputs = TensorPack(shapes_.size());
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const DType dtype = bound_.instance->outputs[i].dtype;
    const std::size_t bytes = static_cast<std::size_t>(shapes_[i].elements()) * size_of(dtype);
    set.output_buffers.push_back(allocate(bytes, size_of(dtype), odd));
    set.outputs[i].push_back({set.output_buffers.back().address, dtype, shapes_[i]});
  }
  return set;
}

/// New memory for the outputs of the next call. The last call's is given back first, as a reassigned tensor's is.
void Trial::allocate_outputs() {
  BufferSet& set = sets_[next_];
  for (std::size_t i = 0; i < set.output_buffers.size(); ++i) {
    Buffer& buffer = set.output_buffers[i];
    buffer.memory = nullptr;
    buffer = allocate(buffer.bytes, size_of(set.outputs[i][0].dtype), set.odd);
    set.outputs[i][0].data = buffer.address;
  }
  bind(set);
}

std::size_t Trial::output_bytes() const {
  std::size_t bytes = 0;
  for (const Buffer& buffer : sets_[0].output_buffers) bytes += buffer.bytes;
  return bytes;
}

std::size_t Trial::working_set() const {
  std::size_t bytes = output_bytes();
  for (const Buffer& buffer : sets_[0].input_buffers) bytes += buffer.bytes;
  return bytes;
}

void Trial::load(const TensorPack& inputs) {
  host_inputs_ = &inputs;
  use_threads();
  for (BufferSet& set : sets_) fill(set);
  const std::size_t hash = hash_of_prepared(bound_, inputs);
  if (plan_ == nullptr || hash != prepared_for_) prepare();
  prepared_for_ = hash;
  for (BufferSet& set : sets_) bind(set);
}

void Trial::rotate_over(std::size_t sets) {
  while (sets_.size() < sets) {
    sets_.push_back(new_set());
    fill(sets_.back());
    bind(sets_.back());
  }
  sets_.resize(sets);
  next_ = 0;
}

/// Uploads the inputs. Shape inputs stay on the host.
void Trial::fill(BufferSet& set) const {
  const TensorPack& inputs = *host_inputs_;
  const bool first = set.inputs.size() == 0;
  if (first) set.inputs = inputs;
  std::size_t next = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field) {
    if (bound_.instance->inputs[field].role == Role::shape) {
      set.inputs[field] = inputs[field];
      continue;
    }
    for (std::size_t i = 0; i < inputs[field].size(); ++i, ++next) {
      const TensorRef& host = inputs[field][i];
      if (first) set.input_buffers.push_back(allocate(bytes_in(host), size_of(host.dtype), set.odd));
      const Buffer& buffer = set.input_buffers[next];
      set.inputs[field][i].data = buffer.address;
      backend_.upload(buffer.memory.get(), buffer.offset, host_bytes(host), buffer.bytes);
    }
  }
}

void Trial::bind(BufferSet& set) const { set.invocation = plan_->bind(set.inputs.slots(), set.outputs.slots()); }

/// The time includes what the device does of it.
void Trial::prepare() {
  TensorPack described = sets_[0].inputs;
  for (std::size_t field = 0; field < described.size(); ++field)
    if (bound_.instance->inputs[field].role == Role::activation)
      for (TensorRef& tensor : described[field]) tensor.data = nullptr;
  const Prepare* prepare = backend_.kernels().find(bound_.op->name, bound_.instance->dtype);
  const auto start = std::chrono::steady_clock::now();
  try {
    plan_ = (*prepare)(bound_.params, described.slots());
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
  backend_.synchronise();
  prepare_ns_ = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

void Trial::poison(std::uint64_t seed) {
  poison_seed_ = seed;
  for (BufferSet& set : sets_) poison_set(set, seed);
}

/// Each piece of a buffer has a pattern of its own.
void Trial::poison_set(BufferSet& set, std::uint64_t seed) const {
  set.canaries.clear();
  for (std::size_t i = 0; i < set.output_buffers.size(); ++i) {
    const Buffer& buffer = set.output_buffers[i];
    std::vector<std::byte> pattern(std::min(piece_bytes, buffer.all_bytes()));
    for (std::size_t at = 0; at < buffer.all_bytes(); at += piece_bytes) {
      const std::size_t count = std::min(piece_bytes, buffer.all_bytes() - at);
      fill_with_pattern(random_bits(random_bits(seed, i), at), pattern.data(), 0, count);
      backend_.upload(buffer.memory.get(), at, pattern.data(), count);
    }
    set.canaries.push_back(canaries_of(buffer));
  }
}

bool Trial::still_poisoned() const {
  for (const BufferSet& set : sets_)
    for (std::size_t i = 0; i < set.output_buffers.size(); ++i) {
      const Buffer& buffer = set.output_buffers[i];
      const std::uint64_t seed = random_bits(poison_seed_, i);
      const auto holds = [&](std::size_t at, const std::byte* now, std::size_t count) {
        return holds_pattern(random_bits(seed, at), now, 0, count);
      };
      if (!each_piece(buffer, 0, buffer.all_bytes(), holds)) return false;
    }
  return true;
}

/// Downloads the bytes [first, last) of a buffer's memory piece by piece. `use` gets where a piece begins, the piece
/// and its size, and says whether to go on.
template <class Use>
bool Trial::each_piece(const Buffer& buffer, std::size_t first, std::size_t last, const Use& use) const {
  std::vector<std::byte> piece(std::min(piece_bytes, last - first));
  for (std::size_t at = first; at < last; at += piece_bytes) {
    const std::size_t count = std::min(piece_bytes, last - at);
    backend_.download(piece.data(), buffer.memory.get(), at, count);
    if (!use(at, piece.data(), count)) return false;
  }
  return true;
}

/// What lies before and after a tensor, in one.
std::vector<std::byte> Trial::canaries_of(const Buffer& buffer) const {
  std::vector<std::byte> found(buffer.offset + canary_bytes);
  backend_.download(found.data(), buffer.memory.get(), 0, buffer.offset);
  backend_.download(found.data() + buffer.offset, buffer.memory.get(), buffer.offset + buffer.bytes, canary_bytes);
  return found;
}

std::optional<double> Trial::time(std::int64_t calls) {
  return backend_.time([this] { call(); }, calls);
}

void Trial::run() {
  check_around([this] {
    call();
    finish();
  });
}

void Trial::run_on(std::size_t set) {
  next_ = set;
  run();
}

void Trial::run_from_new_thread() {
  std::exception_ptr thrown;
  start_thread([&] {
    try {
      run();
      check_workers();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

void Trial::check_around(const std::function<void()>& calls) {
  use_threads();
  set_default_floating_point(1);
  try {
    calls();
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
  if (std::string breach = floating_point_breach(); !breach.empty()) environment_breach_ = std::move(breach);
}

void Trial::check_workers() {
  std::string breach = floating_point_breach_of_workers(threads_);
  if (!breach.empty()) environment_breach_ = std::move(breach);
}

/// The kernel's fault only if more is left than all its tensors take.
void Trial::out_of_memory() const {
  const FreeMemory left = free_memory();
  const std::string sentence =
      fmt::format("its kernel found too little memory: {} are left ({})", format_bytes(left.bytes), left.limited_by);
  if (left.bytes < static_cast<double>(working_set())) throw Unavailable(sentence);
  throw std::runtime_error(sentence);
}

// ---- other places ----

std::vector<GuardedBuffer> Trial::guarded_inputs() const {
  std::vector<GuardedBuffer> buffers;
  for (std::size_t field = 0; field < host_inputs_->size(); ++field)
    for (const TensorRef& tensor : (*host_inputs_)[field])
      buffers.emplace_back(bytes_in(tensor), size_of(tensor.dtype),
                           fmt::format("input {}", bound_.instance->inputs[field].name));
  return buffers;
}

std::vector<GuardedBuffer> Trial::guarded_outputs() const {
  std::vector<GuardedBuffer> buffers;
  for (std::size_t i = 0; i < shapes_.size(); ++i)
    buffers.emplace_back(sets_[0].output_buffers[i].bytes, size_of(sets_[0].outputs[i][0].dtype),
                         fmt::format("output {}", bound_.instance->outputs[i].name));
  return buffers;
}

std::optional<Trial::Guarded> Trial::run_guarded(Placement placement, std::uint64_t seed,
                                                 const std::optional<Sample>& sample) {
  if (backend_.works_on_host_memory()) return run_between_guard_pages(placement, seed, sample);
  if (placement == Placement::odd) return run_at_odd_places(seed, sample);
  return std::nullopt;
}

/// The copies of the inputs are given back on return, the outputs with what is returned: a large case would otherwise
/// hold its tensors twice.
Trial::Guarded Trial::run_between_guard_pages(Placement placement, std::uint64_t seed,
                                              const std::optional<Sample>& sample) {
  std::vector<GuardedBuffer> input_buffers = guarded_inputs();
  const auto guarded_memory = std::make_shared<std::vector<GuardedBuffer>>(guarded_outputs());
  std::vector<GuardedBuffer>& output_buffers = *guarded_memory;
  TensorPack inputs = *host_inputs_, outputs = sets_[0].outputs;
  std::size_t next = 0;
  for (std::size_t field = 0; field < inputs.size(); ++field)
    for (TensorRef& tensor : inputs[field]) {
      GuardedBuffer& buffer = input_buffers[next];
      buffer.fill(random_bits(seed, next++), placement, tensor.data);
      tensor.data = buffer.tensor();
    }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    output_buffers[i].poison(random_bits(seed, next++), placement);
    outputs[i][0].data = output_buffers[i].tensor();
  }
  const Invocation invocation = plan_->bind(inputs.slots(), outputs.slots());
  check_around([&] {
    invocation();
    finish();
  });
  Guarded guarded{TensorPack(outputs.size()), {}, environment_breach_};
  if (!sample) guarded.results.keep(guarded_memory);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorRef& output = outputs[i][0];
    Digest digest;
    digest.add(host_bytes(output), bytes_in(output));
    guarded.digests.push_back(digest.value());
    guarded.results[i].push_back(sample ? sampled_output(guarded.results, i, *sample, host_reader(output)) : output);
  }
  for (auto* buffers : {&output_buffers, &input_buffers})
    for (GuardedBuffer& buffer : *buffers)
      if (std::string trespass = buffer.trespass(); guarded.breach.empty()) guarded.breach = std::move(trespass);
  return guarded;
}

std::optional<Trial::Guarded> Trial::run_at_odd_places(std::uint64_t seed, const std::optional<Sample>& sample) {
  BufferSet set = new_set(true);
  for (const Buffer& buffer : set.output_buffers)
    if (buffer.offset == 0) return std::nullopt;
  fill(set);
  poison_set(set, seed);
  bind(set);
  check_around([&] {
    set.invocation();
    finish();
  });
  return Guarded{results_of(set, sample), digests_of(set),
                 environment_breach_.empty() ? breach_of(set) : environment_breach_};
}

// ---- what the timed calls must restore ----

void Trial::spoil(std::uint64_t seed) {
  spoilt_.clear();
  if (allocate_each_) return;
  const std::vector<Buffer>& buffers = sets_[next_].output_buffers;
  for (std::size_t output = 0; output < buffers.size(); ++output) {
    const Buffer& buffer = buffers[output];
    for (std::size_t spot = 0; spot < spoilt_elements && buffer.bytes != 0; ++spot) {
      const std::size_t offset = buffer.offset + random_bits(seed, spoilt_.size()) % buffer.bytes;
      std::byte value{};
      backend_.download(&value, buffer.memory.get(), offset, 1);
      spoilt_.push_back({next_, output, offset, value});
    }
  }
  for (const Spoilt& spot : spoilt_) {
    const std::byte other = ~spot.before;  // never the right value, whatever that is
    backend_.upload(buffers[spot.output].memory.get(), spot.offset, &other, 1);
  }
}

bool Trial::restored() const {
  for (const Spoilt& spot : spoilt_) {
    std::byte now{};
    backend_.download(&now, sets_[spot.set].output_buffers[spot.output].memory.get(), spot.offset, 1);
    if (now != spot.before) return false;
  }
  return true;
}

// ---- what a run left behind ----

TensorPack Trial::results(const std::optional<Sample>& sample, std::size_t set) const {
  return results_of(sets_[set], sample);
}

TensorPack Trial::results_of(const BufferSet& set, const std::optional<Sample>& sample) const {
  TensorPack host(shapes_.size());
  const bool in_place = backend_.works_on_host_memory() && output_bytes() > most_bytes_copied;
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const TensorRef& device = set.outputs[i][0];
    const Buffer& buffer = set.output_buffers[i];
    const auto read = [&](std::byte* to, std::size_t offset, std::size_t bytes) {
      backend_.download(to, buffer.memory.get(), buffer.offset + offset, bytes);
    };
    if (sample) {
      host[i].push_back(sampled_output(host, i, *sample, read));
    } else if (in_place) {
      host.keep(buffer.memory);
      host[i].push_back(device);
    } else {
      host[i].push_back(new_host_tensor(host, device.dtype, device.shape));
      read(static_cast<std::byte*>(host[i][0].data), 0, buffer.bytes);
    }
  }
  return host;
}

/// The sampled slices of an output as a host tensor that `pack` keeps alive; `read` gives bytes of the whole output.
TensorRef Trial::sampled_output(TensorPack& pack, std::size_t output, const Sample& sample, const Read& read) const {
  const FieldInfo& field = bound_.instance->outputs[output];
  const TensorRef part = new_host_tensor(pack, field.dtype, sampled_shape(field, shapes_[output], sample));
  gather(field, shapes_[output], sample, part, read);
  return part;
}

Digests Trial::result_digests(std::size_t set) const { return digests_of(sets_[set]); }

Digests Trial::digests_of(const BufferSet& set) const {
  Digests all;
  for (const Buffer& buffer : set.output_buffers) {
    Digest digest;
    each_piece(buffer, buffer.offset, buffer.offset + buffer.bytes,
               [&](std::size_t, const std::byte* piece, std::size_t count) {
                 digest.add(piece, count);
                 return true;
               });
    all.push_back(digest.value());
  }
  return all;
}

std::string Trial::breach() const {
  if (!environment_breach_.empty()) return environment_breach_;
  for (const BufferSet& set : sets_)
    if (std::string breach = breach_of(set); !breach.empty()) return breach;
  return {};
}

std::string Trial::breach_of(const BufferSet& set) const {
  for (std::size_t i = 0; i < set.canaries.size() && !allocate_each_; ++i) {
    const Buffer& buffer = set.output_buffers[i];
    const std::vector<std::byte> found = canaries_of(buffer);
    const auto wrong = std::mismatch(found.begin(), found.end(), set.canaries[i].begin()).first - found.begin();
    if (static_cast<std::size_t>(wrong) == found.size()) continue;
    const bool after = static_cast<std::size_t>(wrong) >= buffer.offset;
    return fmt::format("it wrote {} output {}", after ? "beyond" : "before", bound_.instance->outputs[i].name);
  }
  std::size_t next = 0;
  for (std::size_t field = 0; field < host_inputs_->size(); ++field) {
    if (bound_.instance->inputs[field].role == Role::shape) continue;
    for (const TensorRef& host : (*host_inputs_)[field]) {
      const Buffer& buffer = set.input_buffers[next++];
      const auto is_same = [&](std::size_t at, const std::byte* now, std::size_t count) {
        return std::memcmp(now, host_bytes(host) + (at - buffer.offset), count) == 0;
      };
      if (!each_piece(buffer, buffer.offset, buffer.offset + buffer.bytes, is_same))
        return fmt::format("it changed its input {}", bound_.instance->inputs[field].name);
    }
  }
  return {};
}

}  // namespace assay::bench
