// The kernels of hungarian_assignment against the operator's judge, on costs of any spread and sign.
#include "reference/set_prediction/hungarian_assignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "backends/registry.h"
#include "reference/recipe.h"

namespace assay {
namespace {

using Op = HungarianAssignment;

/// On each backend that has a kernel.
class HungarianAssignmentKernel : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Backends, HungarianAssignmentKernel, testing::Values("scalar", "openmp"),
                         [](const auto& backend) { return std::string(backend.param); });

/// Runs the kernel on one image and asks the judge. Throws InvalidArgument if no assignment has finite cost.
Judgement run_and_judge(std::string_view backend, std::int64_t queries, std::int64_t targets, std::vector<float> cost) {
  std::vector<double> widened(cost.begin(), cost.end());
  std::vector<std::int64_t> sizes{targets};
  const Shape costs{1, queries, targets}, images{1}, pairs{std::min(queries, targets)};
  const Op::Inputs<double> in{{widened.data(), costs}, {sizes.data(), images}};
  Op::validate({}, in);

  const auto count = static_cast<std::size_t>(pairs[0]);
  std::vector<std::int64_t> query(count), target(count), best_query(count), best_target(count);
  const TensorRef given[] = {{cost.data(), DType::f32, costs}, {sizes.data(), DType::i64, images}};
  const TensorRef made[] = {{query.data(), DType::i64, pairs}, {target.data(), DType::i64, pairs}};
  const Slot inputs[] = {{&given[0], 1}, {&given[1], 1}}, outputs[] = {{&made[0], 1}, {&made[1], 1}};
  const Prepare* prepare = find_backend(backend).backend->kernels().find(Op::name, DType::f32);
  (*prepare)({}, inputs)->bind(inputs, outputs)();

  ErrorScale scale(2);
  const Op::Outputs<double> truth{{best_query.data(), pairs}, {best_target.data(), pairs}};
  Op::oracle({}, in, truth, scale);
  return Op::judge({}, in, Op::Outputs<double>{{query.data(), pairs}, {target.data(), pairs}}, truth, {});
}

/// A cost of either sign with an exponent in -spread..spread, or +inf.
float drawn(Draw& draw, int spread) {
  if (draw.chance(0.05)) return std::numeric_limits<float>::infinity();
  const auto exponent = static_cast<int>(draw.chance(0.3) ? spread : draw.integer(-spread, spread));
  const double fraction = draw.chance(0.3) ? 1 : draw.real(1, 2);
  return static_cast<float>(std::ldexp(draw.chance(0.5) ? fraction : -fraction, exponent));
}

TEST_P(HungarianAssignmentKernel, IsOptimalAtAnySpreadOfMagnitudes) {
  Draw draw(1);
  std::size_t judged = 0;
  for (const int spread : {0, 2, 10, 20, 40, 60, 100, 127})
    for (int repeat = 0; repeat < 200; ++repeat) {
      const std::int64_t queries = draw.integer(1, 12), targets = draw.integer(1, 12);
      std::vector<float> cost;
      for (std::int64_t i = 0; i < queries * targets; ++i) cost.push_back(drawn(draw, spread));
      try {
        const Judgement judgement = run_and_judge(GetParam(), queries, targets, cost);
        EXPECT_EQ(judgement.reason, "") << "spread " << spread << ", repeat " << repeat;
        ++judged;
      } catch (const InvalidArgument&) {  // every assignment has an infinite cost
      }
    }
  EXPECT_GT(judged, 1000u);
}

TEST_P(HungarianAssignmentKernel, SeesSmallCostsBesideLargeOnesThatCancel) {
  // large costs r_i + s_j add up to the same over any assignment, so the small ones at r_i + s_j = 0 decide
  Draw draw(3);
  for (int repeat = 0; repeat < 2000; ++repeat) {
    const std::int64_t n = draw.integer(2, 8);
    std::vector<std::int64_t> r, s;
    for (std::int64_t i = 0; i < n; ++i) r.push_back(draw.integer(-1, 1));
    for (std::int64_t i = 0; i < n; ++i) s.push_back(draw.chance(0.8) ? -r[static_cast<std::size_t>(i)] : 1);
    const double unit = std::ldexp(1.0, static_cast<int>(draw.integer(0, 120)));
    std::vector<float> cost;
    for (const std::int64_t row : r)
      for (const std::int64_t column : s)
        cost.push_back(
            static_cast<float>(row + column == 0 ? draw.real(-9, 9) : static_cast<double>(row + column) * unit));
    EXPECT_EQ(run_and_judge(GetParam(), n, n, cost).reason, "") << "repeat " << repeat;
  }
}

TEST_P(HungarianAssignmentKernel, WithoutTargetsLooksAtNoQuery) {
  EXPECT_EQ(run_and_judge(GetParam(), std::int64_t{1} << 59, 0, {}).reason, "");
}

TEST_P(HungarianAssignmentKernel, IsOptimalBesideManyQueries) {
  Draw draw(4);
  for (int repeat = 0; repeat < 200; ++repeat) {
    const std::int64_t queries = draw.integer(60, 140), targets = draw.integer(1, 40);
    const bool has_ties = draw.chance(0.5);
    std::vector<float> cost;
    for (std::int64_t i = 0; i < queries * targets; ++i)
      cost.push_back(static_cast<float>(has_ties ? static_cast<double>(draw.integer(0, 5)) : draw.real(-2, 8)));
    EXPECT_EQ(run_and_judge(GetParam(), queries, targets, cost).reason, "") << "repeat " << repeat;
  }
}

TEST_P(HungarianAssignmentKernel, StaysOptimalAtFourHundredOfEach) {
  Draw draw(2);
  std::vector<float> product, small;
  for (std::int64_t i = 0; i < 400 * 400; ++i) {
    product.push_back(static_cast<float>((i / 400) * (i % 400)));
    small.push_back(static_cast<float>(std::exp(draw.real(-20, 3))));
  }
  EXPECT_LE(run_and_judge(GetParam(), 400, 400, product).error_ratio, 0x1p-3);
  EXPECT_LE(run_and_judge(GetParam(), 400, 400, small).error_ratio, 0x1p-3);
}

}  // namespace
}  // namespace assay
