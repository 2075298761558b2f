// The eigen backend's table, and the entry of its module.
#include <string>

#include "backends/eigen/planes.h"

namespace {

class EigenBackend final : public assay::HostBackend {
 public:
  EigenBackend() { assay::Kernels::add_all(kernels_); }
  std::string_view name() const override { return "eigen"; }  // unreached: a module goes by the name of its file
  std::string_view description() const override { return "Eigen expressions, one thread"; }
  // Eigen parallelises matrix products alone, and there is none among these kernels.
  assay::Claims claims() const override { return {.honours_threads = false, .concurrent_plans = true}; }
  std::vector<std::pair<std::string, std::string>> details() const override {
    const auto number = [](int part) { return std::to_string(part); };
    const auto version =
        number(EIGEN_WORLD_VERSION) + "." + number(EIGEN_MAJOR_VERSION) + "." + number(EIGEN_MINOR_VERSION);
    return {{"eigen", version}};  // unreached: the part of the clean-up that exceptions take
  }
};

}  // namespace

assay::Backend* assay_backend() {
  static EigenBackend backend;  // unreached: there is one call, which makes it
  return &backend;
}
