// Verdicts on backends that misbehave, each caught by the guard meant for it.
#include "bench/verdict/referee.h"

#include <gtest/gtest.h>

#include <cfenv>

#include "reference/registry.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::bench {
namespace {

using Bias = RelativePositionBias;
using Kernel = void (*)(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&);

/// relative_position_bias of a 1x2 window with one head: index [[1, 0], [2, 1]].
void right(const Bias::Params&, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
  const float* table = in.table.data;
  const float bias[] = {table[1], table[0], table[2], table[1]};
  std::copy(bias, bias + 4, out.bias.data);
}

class TestBackend final : public HostBackend {
 public:
  explicit TestBackend(Kernel kernel) { kernels_.add<Bias, float>(kernel); }
  std::string_view name() const override { return "test"; }
  std::string_view description() const override { return "a backend under test"; }
  Claims claims() const override { return {.honours_threads = true}; }
  int set_threads(int count) override { return threads = count; }
  static inline int threads = 1;
};

class Verdicts : public testing::Test {
 protected:
  Verdicts() {
    bound_.op = &find_operator("relative_position_bias");
    bound_.instance = bound_.op->find(DType::f32);
    bound_.name = "tiny";
    bound_.params = resolve(*bound_.op, {{"window_h", Scalar(std::int64_t{1})}, {"window_w", Scalar(std::int64_t{2})}});
    bound_.recipe = {{"table", {3, 1}, Uniform{-1, 1}}};
  }

  /// What verify says of a backend with this kernel, at one thread and then at two.
  Row verify(Kernel kernel, std::vector<int> threads = {1, 2}) {
    TestBackend backend(kernel);
    const Expectation expected = expect(bound_, 1, 0);
    Referee referee(bound_, expected);
    Row row;
    for (const int count : threads) {
      row = Row{};
      row.backend = "test";
      row.threads = count;
      Trial trial(bound_, backend, count, expected.shapes);
      referee.verify(trial, row);
      if (row.verdict != Verdict::passed) break;
    }
    return row;
  }

  BoundCase bound_;
};

TEST_F(Verdicts, ARightKernelPasses) {
  const Row row = verify(right);
  EXPECT_EQ(row.verdict, Verdict::passed) << row.reason;
  EXPECT_EQ(row.max_error_ratio, 0);
  EXPECT_EQ(row.precision_class(), "exact");
}

TEST_F(Verdicts, AWrongElementIsNamed) {
  const Row row = verify([](const auto& p, const auto& in, const auto& out) {
    right(p, in, out);
    std::swap(out.bias.data[1], out.bias.data[2]);
  });
  EXPECT_EQ(row.verdict, Verdict::failed);
  EXPECT_NE(row.reason.find("2 of 4 elements of bias are wrong; the first: bias[0, 0, 1] is "), std::string::npos)
      << row.reason;
}

TEST_F(Verdicts, AKernelThatDoesNothingFails) {
  EXPECT_EQ(verify([](const auto&, const auto&, const auto&) {}).verdict, Verdict::failed);
}

TEST_F(Verdicts, AWriteBeyondTheOutputIsCaught) {
  const Row row = verify([](const auto& p, const auto& in, const auto& out) {
    right(p, in, out);
    out.bias.data[4] = 0;
  });
  EXPECT_EQ(row.reason, "it wrote beyond output bias (its tensors before a guard page)");
}

TEST_F(Verdicts, AWriteBeforeTheOutputIsCaught) {
  const Row row = verify([](const auto& p, const auto& in, const auto& out) {
    right(p, in, out);
    out.bias.data[-1] = 0;
  });
  EXPECT_EQ(row.reason, "it wrote before output bias (its tensors before a guard page)");
}

TEST_F(Verdicts, AChangedInputIsCaught) {
  const Row row = verify([](const auto& p, const auto& in, const auto& out) {
    right(p, in, out);
    const_cast<float*>(in.table.data)[0] += 1;
  });
  EXPECT_EQ(row.reason, "it wrote to input table (its tensors before a guard page)");
}

TEST_F(Verdicts, ACachedResultIsCaughtWhenItIsAskedForAgain) {
  static int calls;
  calls = 0;
  const Row row = verify([](const auto& p, const auto& in, const auto& out) {
    if (calls++ < 4) right(p, in, out);  // three between guard pages and one; later ones leave what memory held
  });
  EXPECT_EQ(row.reason, "output bias has other bits when run again on the same inputs");
}

TEST_F(Verdicts, AChangedRoundingModeIsCaughtAndUndone) {
  const Row row = verify([](const auto& p, const auto& in, const auto& out) {
    right(p, in, out);
    std::fesetround(FE_UPWARD);
  });
  EXPECT_EQ(row.reason,
            "it changed the rounding mode or the flush-to-zero bits and left them changed (its tensors before a guard "
            "page)");
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

TEST_F(Verdicts, AThrowingKernelFailsWithItsMessage) {
  const Row row = verify([](const auto&, const auto&, const auto&) { throw std::runtime_error("no luck"); });
  EXPECT_EQ(row.verdict, Verdict::failed);
  EXPECT_EQ(row.reason, "the kernel threw: no luck");
}

TEST_F(Verdicts, PreparationSeesNoActivations) {
  static bool saw_values;
  saw_values = true;
  struct State {};
  class Prepared final : public HostBackend {
   public:
    Prepared() {
      kernels_.add<Bias, float>(
          [](const Bias::Params&, const Bias::Inputs<float>& in) {
            saw_values = in.table.data != nullptr;
            return State{};
          },
          [](State&, const Bias::Params& p, const Bias::Inputs<float>& in, const Bias::Outputs<float>& out) {
            right(p, in, out);
          });
    }
    std::string_view name() const override { return "test"; }
    std::string_view description() const override { return "a backend under test"; }
    Claims claims() const override { return {}; }
  } backend;
  const Expectation expected = expect(bound_, 1, 0);
  Row row;
  row.backend = "test";
  Trial trial(bound_, backend, 1, expected.shapes);
  Referee(bound_, expected).verify(trial, row);
  EXPECT_EQ(row.verdict, Verdict::passed) << row.reason;
  EXPECT_FALSE(saw_values);
}

using Softmax = WindowSoftmax;

/// Softmax is inexact, so that two right answers can differ in their bits.
class Wobbly final : public HostBackend {
 public:
  explicit Wobbly(bool declared) {
    kernels_.add<Softmax, float>(
        [](const Softmax::Params&, const Softmax::Inputs<float>&, const Softmax::Outputs<float>& out) {
          out.probs.data[0] = threads == 1 ? 1 : 1 + 0x1p-23f;
        });
    if (declared) kernels_.depends_on_thread_count<Softmax>("its sums are split by threads");
  }
  std::string_view name() const override { return "test"; }
  std::string_view description() const override { return "a backend under test"; }
  Claims claims() const override { return {.honours_threads = true}; }
  int set_threads(int count) override { return threads = count; }
  static inline int threads = 1;
};

TEST(ThreadInvariance, IsHeldToTheBitUnlessDeclared) {
  BoundCase bound;
  bound.op = &find_operator("window_softmax");
  bound.instance = bound.op->find(DType::f32);
  bound.name = "one";
  bound.recipe = {{"scores", {1, 1, 1, 1}, Uniform{0, 1}}};
  const Expectation expected = expect(bound, 1, 0);
  for (const bool declared : {false, true}) {
    Wobbly backend(declared);
    Referee referee(bound, expected);
    Row row;
    for (const int threads : {1, 2}) {
      row = Row{};
      row.backend = "test";
      row.threads = threads;
      Trial trial(bound, backend, threads, expected.shapes);
      referee.verify(trial, row);
    }
    EXPECT_EQ(row.verdict, declared ? Verdict::passed : Verdict::failed) << row.reason;
    const std::string why =
        "output probs has other bits with 2 threads than with 1 thread, which the backend does not declare";
    EXPECT_EQ(row.reason, declared ? "" : why);
  }
}

}  // namespace
}  // namespace assay::bench
