// Kernels on an axis longer than 32 bits count. The mask is address space without memory: only the pages that a kernel
// reads exist, as zeros, so that the test takes no gigabytes.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>

#include "backends/registry.h"
#include "reference/masking/mask_downsample.h"

namespace assay {
namespace {

using Downsample = MaskDownsample;

/// Zeros that take memory only where they are written.
class SparseMask {
 public:
  explicit SparseMask(std::int64_t cells) : bytes_(static_cast<std::size_t>(cells)) {
    void* mapped = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped != MAP_FAILED) cells_ = static_cast<bool*>(mapped);
  }
  ~SparseMask() {
    if (cells_ != nullptr) munmap(cells_, bytes_);
  }
  SparseMask(const SparseMask&) = delete;
  SparseMask& operator=(const SparseMask&) = delete;

  bool* cells() const { return cells_; }

 private:
  std::size_t bytes_;
  bool* cells_ = nullptr;
};

/// Which of 64 columns of the result are padding, on a line of which the cells at 2³¹ and beyond are: those that the
/// result shows are marked.
class LongLine : public testing::TestWithParam<std::string_view> {
 protected:
  static constexpr std::int64_t in = (std::int64_t{1} << 31) + (std::int64_t{1} << 30), out = 64;
  static std::int64_t source(std::int64_t i) { return i * (in / out); }  // both are exact in float32
};

TEST_P(LongLine, IsDownsampledByItsLastCellsToo) {
  const BackendStatus& status = find_backend(GetParam());
  ASSERT_NE(status.backend, nullptr) << status.unavailable;
  const Prepare* prepare = status.backend->kernels().find(Downsample::name, DType::f32);
  ASSERT_NE(prepare, nullptr);
  const SparseMask mask(in);
  ASSERT_NE(mask.cells(), nullptr);
  for (std::int64_t i = 0; i < out; ++i)
    if (source(i) >= std::int64_t{1} << 31) mask.cells()[source(i)] = true;
  std::array<bool, out> shown{};
  const TensorRef from{mask.cells(), DType::boolean, {1, 1, in}}, to{shown.data(), DType::boolean, {1, 1, out}};
  const Slot inputs{&from, 1}, outputs{&to, 1};
  const Scalars params = {Scalar(std::int64_t{1}), Scalar(out)};
  const TensorRef seen{nullptr, DType::boolean, {1, 1, in}};
  const Slot described{&seen, 1};
  status.backend->set_threads(1);
  (*prepare)(params, {&described, 1})->bind({&inputs, 1}, {&outputs, 1})();
  for (std::int64_t i = 0; i < out; ++i)
    EXPECT_EQ(shown[static_cast<std::size_t>(i)], source(i) >= std::int64_t{1} << 31) << i;
}

// LibTorch first copies the whole mask as float32, which would take 12 GB.
INSTANTIATE_TEST_SUITE_P(Backends, LongLine, testing::Values("scalar", "openmp", "eigen"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace assay
