// The libtorch backend: ATen on the CPU. Its table, and the entry of its module; libtorch_cuda/backend.cpp is the
// other.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include "backends/libtorch/tensors.h"
#include "backends/openmp_team.h"

namespace assay::libtorch {

at::Device device() { return at::kCPU; }

}  // namespace assay::libtorch

namespace {

class LibtorchBackend final : public assay::HostBackend {
 public:
  LibtorchBackend() { assay::Kernels::add_all(kernels_); }
  std::string_view name() const override { return "libtorch"; }
  std::string_view description() const override { return "ATen on the CPU, as a PyTorch user writes it"; }
  assay::Claims claims() const override { return {.honours_threads = true, .concurrent_plans = true}; }
  std::vector<std::pair<std::string, std::string>> details() const override {
    return {{"torch", TORCH_VERSION}, {"torch_cpu_capability", at::get_cpu_capability()}};
  }
  int set_threads(int threads) override {
    at::set_num_threads(threads);
    return assay::openmp_team_of(threads);  // ATen's own workers are those of OpenMP
  }
};

}  // namespace

assay::Backend* assay_backend() {
  static LibtorchBackend backend;
  return &backend;
}
