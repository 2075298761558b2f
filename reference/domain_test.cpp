// Drawn cases: what their names say, what their choices make, and the classes of values they are made of.
#include "reference/domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reference/operator.h"
#include "reference/registry.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Le;

std::string refusal(std::string_view op, std::string_view name) {
  try {
    make_case(find_operator(op), choices_of(find_operator(op), name), 1);
  } catch (const InvalidArgument& problem) {
    return problem.what();
  }
  return "(nothing was refused)";
}

TEST(Domain, ExtentsAreThosePowersOfTwoEndAt) {
  const ExtentRange range = extents("H");
  EXPECT_THAT(range.levels,
              IsSupersetOf({1, 2, 3, 7, 8, 9, 63, 64, 65, 1023, 1024, 1025, 65535, 65537, (1 << 24) + 1}));
  EXPECT_EQ(std::set<std::int64_t>(range.levels.begin(), range.levels.end()).size(), range.levels.size());
  for (const std::int64_t prime : range.primes) {
    EXPECT_EQ(level_of(range, prime), range.levels.size()) << prime << " is of no other class";
    for (std::int64_t d = 2; d < prime; ++d) EXPECT_NE(prime % d, 0) << prime << " is no prime";
  }
  EXPECT_EQ(level_of(range, 6), std::nullopt);
  for (const std::int64_t even : even_extents("F").levels) EXPECT_EQ(even % 2, 0);
  EXPECT_THAT(counts("B", 0).levels, Contains(0));
}

TEST(Domain, ANameSaysEveryChoice) {
  for (const OperatorEntry& op : operators())
    for (const Case& made : random_cases(op, 3, 40)) {
      const Choices read = choices_of(op, made.name);
      EXPECT_EQ(name_of(read), made.name);
      const Case again = make_case(op, read, 3);
      ASSERT_EQ(again.inputs.size(), made.inputs.size()) << made.name;
      for (std::size_t i = 0; i < made.inputs.size(); ++i) EXPECT_EQ(again.inputs[i].shape, made.inputs[i].shape);
    }
}

TEST(Domain, ANameThatMakesNoCaseIsRefusedInASentence) {
  EXPECT_EQ(refusal("padding_mask", "drawn:B=2,H=0,W=3"),
            "the case padding_mask/drawn:B=2,H=0,W=3 cannot be drawn: H is '0', but a multiple of 1 from 1 is needed");
  EXPECT_THAT(refusal("padding_mask", "drawn:B=2,Hh=3"), HasSubstr("there is no Hh"));
  EXPECT_THAT(refusal("padding_mask", "drawn:B"), HasSubstr("'B' is not of the form factor=level"));
  EXPECT_THAT(refusal("padding_mask", "drawn:sizes=odd"), HasSubstr("sizes is 'odd', but it is one of mixed, equal"));
  EXPECT_THAT(refusal("sine_position_encoding", "drawn:num_pos_feats=3"),
              HasSubstr("a multiple of 2 from 2 is needed"));
  EXPECT_THAT(refusal("padding_mask", "B=2"), HasSubstr("does not begin with drawn:"));
  EXPECT_THAT(refusal("padding_mask", "drawn:B=99999999999999999999"), HasSubstr("B is '99999999999999999999'"));
}

TEST(Domain, CountsTheElementsOfACase) {
  const OperatorEntry& op = find_operator("padding_mask");
  EXPECT_EQ(work_of(op, choices_of(op, "drawn:B=2,H=3,W=5")), 2 * 2 + 2 * 3 * 5);
  const OperatorEntry& bias = find_operator("relative_position_bias");
  EXPECT_EQ(work_of(bias, choices_of(bias, "drawn:window_h=2,window_w=3,heads=4")), 15 * 4 + 4 * 36)
      << "the table's entries follow from the window";
}

std::vector<Shape> shapes_of(const Case& made, std::string_view field) {
  std::vector<Shape> shapes;
  for (const CaseInput& input : made.inputs)
    if (input.field == field) shapes.push_back(input.shape);
  return shapes;
}

TEST(Domain, AListsElementsHaveTheShapesThatItsAxesSay) {
  const OperatorEntry& op = find_operator("yolo_collate");
  const auto drawn = [&](std::string_view name) { return make_case(op, choices_of(op, name), 1); };
  const Case mixed = drawn("drawn:B=17,S_i=64,n_i=3,image_size=2");
  for (const Shape& image : shapes_of(mixed, "images")) {
    EXPECT_EQ(image[0], 3) << "a number is the extent itself";
    EXPECT_EQ(image[1], image[2]) << "axes of one name have one extent";
    EXPECT_LE(image[1], 64);
  }
  const Case last = drawn("drawn:B=3,S_i=8,n_i=3,image_size=2,targets.shapes=last");
  EXPECT_THAT(shapes_of(last, "targets"), ElementsAre(Shape{0, 6}, Shape{0, 6}, Shape{3, 6})) << "n_i* may be zero";
}

TEST(Domain, AListOfOneShapeHasNoFactorOfItsShapes) {
  const OperatorEntry& op = find_operator("stack_collate");
  for (const Factor& factor : factors_of(*op.domain)) EXPECT_NE(factor.name, "samples.shapes");
  const Case made = make_case(op, choices_of(op, "drawn:B=3,C=2,H=5,W=7"), 1);
  EXPECT_THAT(shapes_of(made, "samples"), testing::Each(Shape{2, 5, 7}));
}

TEST(Domain, AnOperatorsPlainCaseIsChecked) {
  OperatorEntry op = find_operator("padding_mask");
  Domain domain = *op.domain;
  domain.fields[0].field = "size";
  op.domain = std::make_shared<const Domain>(domain);
  EXPECT_THROW(check_domain(op), std::logic_error);
  domain = *find_operator("padding_mask").domain;
  domain.extents.pop_back();
  op.domain = std::make_shared<const Domain>(domain);
  EXPECT_THROW(check_domain(op), std::logic_error);
  domain = *find_operator("padding_mask").domain;
  domain.valid = [](const Choices&) { return false; };
  op.domain = std::make_shared<const Domain>(domain);
  EXPECT_THROW(check_domain(op), std::logic_error);
}

TEST(Domain, HasNoValueThatTheOperatorRefuses) {
  OperatorEntry op = find_operator("sine_position_encoding");
  Domain domain = *op.domain;
  domain.parameters.push_back(reals("eps", {1e-40}));  // float32 has it with half of its digits
  op.domain = std::make_shared<const Domain>(domain);
  EXPECT_THROW(check_domain(op), std::logic_error);
}

TEST(Spread, ReachesItsBoundAndKeepsIt) {
  for (const std::string_view how : spreads)
    for (const std::uint64_t key : {1, 2, 3}) {
      const std::vector<std::int64_t> numbers = spread(how, 17, 1, 40, key);
      EXPECT_THAT(numbers, testing::Each(AllOf(Ge(1), Le(40)))) << how;
      EXPECT_THAT(numbers, Contains(40)) << how;
    }
  EXPECT_THAT(spread("last", 3, 0, 5, 1), ElementsAre(0, 0, 5));
  EXPECT_THAT(spread("equal", 2, 1, 5, 1), ElementsAre(5, 5));
  EXPECT_TRUE(spread("mixed", 0, 1, 5, 1).empty());
  const auto ascending = spread("ascending", 9, 1, 100, 4), descending = spread("descending", 9, 1, 100, 4);
  EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
  EXPECT_TRUE(std::is_sorted(descending.rbegin(), descending.rend()));
}

/// Tensors of each class of every field of every operator, at odd extents, are of that class.
TEST(ValueClasses, AreRecognisedInWhatTheyMake) {
  std::size_t recognised = 0;
  for (const OperatorEntry& op : operators())
    for (const FieldRange& range : op.domain->fields)
      for (const ValueClass& known : range.classes) {
        if (known.recipe == nullptr) continue;
        Choices choices(*op.domain);
        for (std::size_t f = 0; f < choices.factors().size(); ++f) {
          const Factor& factor = choices.factors()[f];
          if (factor.range != nullptr) choices[f] = factor.range->step == 2 ? 6 : 5;
          if (factor.name != range.field || factor.range != nullptr) continue;
          choices[f] = std::find(factor.levels.begin(), factor.levels.end(), known.name) - factor.levels.begin();
        }
        if (!work_of(op, choices)) continue;
        const Case made = make_case(op, choices, 9);
        for (std::size_t i = 0; i < made.inputs.size(); ++i) {
          if (made.inputs[i].field != range.field) continue;
          TensorPack pack(1);
          const auto& fields = op.instances.front().inputs;
          const auto field = std::find_if(fields.begin(), fields.end(),
                                          [&](const FieldInfo& info) { return info.name == range.field; });
          const TensorRef tensor = new_host_tensor(pack, field->dtype, made.inputs[i].shape);
          fill(tensor, made.inputs[i].recipe, random_bits(77, i));
          const bool alone = tensor.shape.elements() < 8 || *(tensor.shape.end() - 1) < 2;
          EXPECT_TRUE(alone || known.holds(tensor)) << op.name << " " << range.field << "=" << known.name;
          recognised += !alone;
        }
      }
  EXPECT_GT(recognised, 80U);
}

/// A result of subnormal numbers alone is less than what a bound allows at 0.
TEST(ValueClasses, SubnormalNumbersHaveAOneBesideThem) {
  const ValueClass subnormal = values::real("subnormal");
  const Choices plain(*operators().front().domain);
  for (std::int64_t n = 2; n < 20; ++n)
    for (std::uint64_t key = 0; key < 20; ++key) {
      TensorPack pack(1);
      const TensorRef tensor = new_host_tensor(pack, DType::f32, {n});
      fill(tensor, subnormal.recipe(plain, tensor.shape, key), key);
      EXPECT_TRUE(subnormal.holds(tensor)) << n << " " << key;
      EXPECT_EQ(values::magnitude(tensor), 1) << n << " " << key;
    }
}

TEST(Recipes, KeepIntegersWithinTheirRange) {
  TensorPack pack(1);
  const TensorRef bytes = new_host_tensor(pack, DType::u8, {4});
  fill(bytes, Values{{-3, 300, 7.5, std::numeric_limits<double>::quiet_NaN()}}, 1);
  EXPECT_EQ(value_at(bytes, 0), 0);
  EXPECT_EQ(value_at(bytes, 1), 255);
  EXPECT_EQ(value_at(bytes, 2), 7);
  EXPECT_EQ(value_at(bytes, 3), 0);
}

}  // namespace
}  // namespace assay
