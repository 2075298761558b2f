// What a trial does where the machine lacks memory or threads: it names the number, and tells a lack from a fault of
// the kernel.
#include "bench/verdict/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/verdict/referee.h"
#include "reference/registry.h"
#include "reference/window_attention/relative_position_bias.h"

namespace assay::bench {
namespace {

using Bias = RelativePositionBias;
using testing::HasSubstr;

class LackingBackend final : public HostBackend {
 public:
  LackingBackend() {
    kernels_.add<Bias, float>(
        [](const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) { throw std::bad_alloc(); });
  }
  std::string_view name() const override { return "lacking"; }
  std::string_view description() const override { return "a backend under test"; }
  Claims claims() const override { return {.honours_threads = true}; }
  int set_threads(int) override { return granted; }
  std::shared_ptr<std::byte> allocate(std::size_t bytes) override {
    if (bytes > most_bytes) throw std::bad_alloc();
    return HostBackend::allocate(bytes);
  }
  int granted = 1;
  std::size_t most_bytes = SIZE_MAX;
};

class Lacking : public testing::Test {
 protected:
  Lacking() {
    bound_.op = &find_operator("relative_position_bias");
    bound_.instance = bound_.op->find(DType::f32);
    bound_.name = "tiny";
    bound_.params = resolve(*bound_.op, {{"window_h", Scalar(std::int64_t{1})}, {"window_w", Scalar(std::int64_t{2})}});
    bound_.recipe = {{"table", {3, 1}, Uniform{-1, 1}}};
    bound_.output_shapes = {{1, 2, 2}};
  }
  /// The sentence with which a trial refuses to begin.
  std::string refusal(int threads) {
    try {
      Trial(bound_, backend_, threads, bound_.output_shapes);
    } catch (const Unavailable& problem) {
      return problem.what();
    }
    return "none";
  }
  BoundCase bound_;
  LackingBackend backend_;
};

TEST_F(Lacking, FewerThreadsThanTheRowSays) {
  EXPECT_EQ(refusal(1), "none");
  EXPECT_EQ(refusal(3),
            "it gets 1 of the 3 threads asked for: unset OMP_THREAD_LIMIT, or ask for no more than 1 with --threads");
}

TEST_F(Lacking, AnAllocationThatFailsNamesItsSize) {
  backend_.most_bytes = 143;
  EXPECT_EQ(refusal(1), "cpu cannot allocate 144 B for a tensor: std::bad_alloc") << "16 bytes and two canaries";
}

TEST_F(Lacking, AKernelThatAsksForTooMuchFails) {
  const Expectation expected = expect(bound_, 1, 0);
  Trial trial(bound_, backend_, 1, expected.shapes);
  Row row;
  Referee(bound_, expected).verify(trial, row);
  EXPECT_EQ(row.verdict, Verdict::failed) << "more is left than all its tensors take";
  EXPECT_THAT(row.reason, HasSubstr("its kernel found too little memory: "));
}

TEST_F(Lacking, MemoryIsCountedFromShapes) {
  // table: 3 floats, 3 doubles once widened; bias: 4 floats, in the truth 4 doubles, and exact
  EXPECT_EQ(bytes_for_truth(bound_), 2 * (12 + 24 + 32));
  EXPECT_EQ(bytes_for_trial(bound_), 2 * 12 + 4 * 16);
  EXPECT_EQ(bytes_for_run(bound_), 12 + 3 * 16);
}

TEST_F(Lacking, MemoryThatIsNotThereIsRefusedWithBothNumbers) {
  require_memory("a case takes", 1);
  try {
    require_memory("a case takes", 1e18);
    FAIL();
  } catch (const Unavailable& problem) {
    EXPECT_THAT(problem.what(), testing::MatchesRegex("a case takes about 909495 TiB, and .* are left \\(.*\\): .*"));
  }
}

TEST_F(Lacking, ACaseWithoutRoomIsUnavailable) {
  bound_.recipe = {{"table", {std::int64_t{1} << 50, 1}, Uniform{-1, 1}}};
  const Expectation expected = expect(bound_, 1, 0);
  EXPECT_THAT(expected.unavailable, HasSubstr("its inputs and truth take about 24576 TiB, and "));
  EXPECT_FALSE(expect_varied(bound_, expected).has_value());
}

}  // namespace
}  // namespace assay::bench
