// The scalar backend's table, and the entry of its module.
#include "backends/backend.h"

namespace {

class ScalarBackend final : public assay::HostBackend {
 public:
  ScalarBackend() { assay::Kernels::add_all(kernels_); }
  std::string_view name() const override { return "scalar"; }  // unreached: a module goes by the name of its file
  std::string_view description() const override { return "plain loops, one thread, auto-vectorisation off"; }
  assay::Claims claims() const override { return {.honours_threads = false, .concurrent_plans = true}; }
};

}  // namespace

assay::Backend* assay_backend() {
  static ScalarBackend backend;  // unreached: there is one call, which makes it
  return &backend;
}
