// The eigen backend's table, and the entry of its module.
#include <string>

#include "backends/eigen/kernels.h"

namespace {

class EigenBackend final : public assay::HostBackend {
 public:
  EigenBackend() {
    assay::eigen::add_masking(kernels_);
    assay::eigen::add_collation(kernels_);
    assay::eigen::add_position_encoding(kernels_);
    assay::eigen::add_window_attention(kernels_);
    assay::eigen::add_set_prediction(kernels_);
  }
  std::string_view name() const override { return "eigen"; }
  std::string_view description() const override { return "Eigen expressions, one thread"; }
  // Eigen parallelises matrix products alone, and there is none among these kernels.
  assay::Claims claims() const override { return {.honours_threads = false, .accumulators = "f64"}; }
  std::vector<std::pair<std::string, std::string>> details() const override {
    const auto number = [](int part) { return std::to_string(part); };
    return {
        {"eigen", number(EIGEN_WORLD_VERSION) + "." + number(EIGEN_MAJOR_VERSION) + "." + number(EIGEN_MINOR_VERSION)}};
  }
};

}  // namespace

assay::Backend* assay_backend() {
  static EigenBackend backend;
  return &backend;
}
