// The openmp backend's table, and the entry of its module. It is built once for each level of x86-64; the program loads
// the best one that the CPU has.
#include "backends/backend.h"

#include "backends/openmp/parallel.h"
#include "backends/openmp_team.h"

namespace {

class OpenMpBackend final : public assay::HostBackend {
 public:
  OpenMpBackend() { assay::Kernels::add_all(kernels_); }
  std::string_view name() const override { return "openmp"; }  // unreached: a module goes by the name of its file
  std::string_view description() const override {
    return "OpenMP threads and portable vectors, each line of memory moved once";
  }
  assay::Claims claims() const override { return {.honours_threads = true, .concurrent_plans = true}; }
  std::vector<std::pair<std::string, std::string>> details() const override {
    auto all = changed_thresholds_;
    all.emplace(all.begin(), "openmp", std::to_string(_OPENMP));
    return all;
  }
  int set_threads(int threads) override {
    assay::openmp::thread_count() = std::max(threads, 1);
    return assay::openmp_team_of(threads);
  }

 private:
  const std::vector<std::pair<std::string, std::string>> changed_thresholds_ = assay::openmp::read_thresholds();
};

}  // namespace

assay::Backend* assay_backend() {
  static OpenMpBackend backend;  // unreached: there is one call, which makes it
  return &backend;
}
