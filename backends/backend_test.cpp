// The kernel table: what compiles, what it finds, and what it says where there is no kernel.
#include "backends/backend.h"

#include <gtest/gtest.h>

#include "reference/collation/nested_tensor.h"
#include "reference/window_attention/relative_position_bias.h"

namespace assay {
namespace {

using Bias = RelativePositionBias;

/// Whether KernelTable::add takes these steps for Bias at float32.
template <class... Steps>
concept Fits = requires(KernelTable table, Steps... steps) {
  table.add<Bias, float>(steps...);
};

void function(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) {}
void of_doubles(const Bias::Params&, const Bias::Inputs<double>&, const Bias::Outputs<double>&) {}
void of_another_operator(const NestedTensor::Params&, const NestedTensor::Inputs<float>&,
                         const NestedTensor::Outputs<float>&) {}
struct Callable {
  int count = 0;
  void operator()(const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) const {}
};
int prepare(const Bias::Params&, const Bias::Inputs<float>&) { return 0; }
void run(int&, const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) {}
void run_on_text(std::string&, const Bias::Params&, const Bias::Inputs<float>&, const Bias::Outputs<float>&) {}

static_assert(Fits<decltype(&function)> && Fits<Callable>, "any callable of the operator's type is a kernel");
static_assert(Fits<decltype(&prepare), decltype(&run)>);
static_assert(!Fits<decltype(&of_doubles)>, "a kernel of another dtype must not compile");
static_assert(!Fits<decltype(&of_another_operator)>, "a kernel of another operator must not compile");
static_assert(!Fits<decltype(&prepare), decltype(&run_on_text)>, "both steps must agree on the state");

TEST(KernelTable, TakesOneGenericKernelAtEachDtype) {
  KernelTable table;
  table.add_each<NestedTensor, float, std::uint8_t>([](const auto&, const auto&, const auto&) {});
  EXPECT_NE(table.find("nested_tensor", DType::f32), nullptr);
  EXPECT_NE(table.find("nested_tensor", DType::u8), nullptr);
  EXPECT_EQ(table.find("nested_tensor", DType::f64), nullptr);
}

TEST(KernelTable, TakesAnErasedKernelOfAnOperatorNobodyDescribed) {
  struct Nothing final : Plan {
    Invocation bind(Slots, Slots) override {
      return [] {};
    }
  };
  KernelTable table;
  table.add("scatter", DType::i64, [](std::span<const Scalar>, Slots) { return std::make_unique<Nothing>(); });
  ASSERT_NE(table.find("scatter", DType::i64), nullptr);
  (*table.find("scatter", DType::i64))({}, {})->bind({}, {})();
}

TEST(KernelTable, RefusesASecondKernelForTheSameOperator) {
  KernelTable table;
  table.add<Bias, float>(function);
  EXPECT_THROW((table.add<Bias, float>(function)), std::logic_error);
}

TEST(KernelTable, OwnsItsReasons) {
  KernelTable table;
  {
    std::string reason = "a reason that is longer than a short string holds, and that ends before the table does";
    table.decline<Bias>(reason);
  }
  EXPECT_EQ(table.why_not("relative_position_bias", DType::f32),
            "a reason that is longer than a short string holds, and that ends before the table does");
  EXPECT_EQ(table.why_not("nested_tensor", DType::u8), "it has no kernel for nested_tensor at u8 yet");
}

}  // namespace
}  // namespace assay
