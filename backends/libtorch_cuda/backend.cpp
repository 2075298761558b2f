// The libtorch_cuda backend: the kernels of backends/libtorch on a CUDA device, whose memory and clock are reached
// through torch alone, so that no CUDA toolkit is needed to build it.
#include <ATen/Context.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <string>

#include "backends/libtorch/tensors.h"

namespace assay::libtorch {

at::Device device() { return {at::kCUDA, 0}; }

}  // namespace assay::libtorch

namespace {

/// `bytes` bytes at `data`, on the host or on the device.
at::Tensor bytes_at(const std::byte* data, std::size_t bytes, at::Device where) {
  return at::from_blob(const_cast<std::byte*>(data), {static_cast<std::int64_t>(bytes)},
                       at::TensorOptions(at::kByte).device(where));
}

class LibtorchCudaBackend final : public assay::Backend {
 public:
  LibtorchCudaBackend() { assay::Kernels::add_all(kernels_); }
  std::string_view name() const override { return "libtorch_cuda"; }
  std::string_view description() const override { return "ATen on a CUDA device, the same code as libtorch"; }
  std::string_view device() const override { return "cuda:0"; }
  assay::Claims claims() const override { return {.honours_threads = false}; }
  std::vector<std::pair<std::string, std::string>> details() const override {
    const bool has_cuda = at::Context::hasCUDART();
    return {{"torch", TORCH_VERSION},
            {"cudart", has_cuda ? std::to_string(at::detail::getCUDAHooks().versionCUDART()) : "none"}};
  }

  std::optional<std::string> unavailable() const override {
    if (!at::Context::hasCUDART()) return "this LibTorch was built without CUDA";
    if (torch::cuda::device_count() == 0) {
      return "no CUDA device is visible (no GPU, no driver, or CUDA_VISIBLE_DEVICES hides it)";
    }
    return std::nullopt;
  }

  /// From torch's caching allocator, as a user's tensors are.
  std::shared_ptr<std::byte> allocate(std::size_t bytes) override {
    const auto elements = static_cast<std::int64_t>(std::max<std::size_t>(bytes, 1));
    const auto memory = std::make_shared<at::Tensor>(
        at::empty(elements, at::TensorOptions(at::kByte).device(assay::libtorch::device())));
    return {memory, static_cast<std::byte*>(memory->data_ptr())};
  }
  std::byte* address(std::byte* memory, std::size_t offset) const override { return memory + offset; }
  void upload(std::byte* memory, std::size_t offset, const std::byte* host, std::size_t bytes) override {
    if (bytes != 0) bytes_at(memory + offset, bytes, assay::libtorch::device()).copy_(bytes_at(host, bytes, at::kCPU));
  }
  void download(std::byte* host, const std::byte* memory, std::size_t offset, std::size_t bytes) override {
    if (bytes != 0) bytes_at(host, bytes, at::kCPU).copy_(bytes_at(memory + offset, bytes, assay::libtorch::device()));
  }
  void synchronise() override { torch::cuda::synchronize(); }

  /// Between two CUDA events on the stream that the kernels use.
  std::optional<double> time(const assay::Invocation& call, std::int64_t calls) override {
    const c10::Stream stream = c10::impl::VirtualGuardImpl(at::kCUDA).getStream(assay::libtorch::device());
    c10::Event start(at::kCUDA, c10::EventFlag::BACKEND_DEFAULT), end(at::kCUDA, c10::EventFlag::BACKEND_DEFAULT);
    start.record(stream);
    for (std::int64_t i = 0; i < calls; ++i) call();
    end.record(stream);
    end.synchronize();
    constexpr double ns_per_ms = 1e6;
    return start.elapsedTime(end) * ns_per_ms;
  }

  /// Overwrites a quarter of a gigabyte: no device has an L2 cache of more than 128 MiB so far.
  bool evict() override {
    constexpr std::int64_t bytes = std::int64_t{256} << 20;
    if (!eviction_.defined())
      eviction_ = at::empty(bytes, at::TensorOptions(at::kByte).device(assay::libtorch::device()));
    eviction_.fill_(++eviction_value_);
    return true;
  }

 private:
  at::Tensor eviction_;
  std::uint8_t eviction_value_ = 0;
};

}  // namespace

assay::Backend* assay_backend() {
  static LibtorchCudaBackend backend;
  return &backend;
}
