// The contract: every bad input is one sentence with operator, tensor and numbers; oracles give the worked examples.
#include "reference/operator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reference/registry.h"

namespace assay {
namespace {

constexpr std::int64_t huge = std::int64_t{1} << 40;

/// Inputs of one operator, made field by field.
class Arguments {
 public:
  explicit Arguments(std::string_view op, DType dtype = DType::f32)
      : op_(find_operator(op)), instance_(*op_.find(dtype)), inputs_(instance_.inputs.size()) {}

  Arguments& param(const std::string& name, Scalar value) {
    params_[name] = value;
    return *this;
  }
  Arguments& shape(std::size_t field, DType dtype, const Shape& shape) {
    inputs_[field].push_back({nullptr, dtype, shape});
    return *this;
  }
  template <class T>
  Arguments& values(std::size_t field, const Shape& shape, const std::vector<T>& values) {
    TensorRef tensor = new_host_tensor(inputs_, DTypeOf<T>::value, shape);
    std::copy(values.begin(), values.end(), static_cast<T*>(tensor.data));
    inputs_[field].push_back(tensor);
    return *this;
  }
  std::vector<Shape> infer() const { return assay::infer(op_, instance_, resolve(op_, params_), inputs_.slots()); }
  void validate() const { assay::validate(op_, instance_, resolve(op_, params_), inputs_); }

  /// The oracle's first output, and the scales beside it.
  std::vector<double> oracle(std::vector<double>* scale = nullptr) const {
    const auto shapes = infer();
    TensorPack truth(shapes.size());
    ErrorScale error(shapes.size());
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      truth[i].push_back(new_host_tensor(truth, instance_.outputs[i].oracle_dtype, shapes[i]));
      error[i].resize(static_cast<std::size_t>(shapes[i].elements()));
    }
    op_.oracle(resolve(op_, params_), widen(instance_.inputs, inputs_).slots(), truth.slots(), error);
    if (scale != nullptr) *scale = error[0];
    return as_doubles(truth[0][0]);
  }

 private:
  static std::vector<double> as_doubles(const TensorRef& tensor) {
    std::vector<double> values;
    for (std::int64_t i = 0; i < tensor.shape.elements(); ++i) {
      switch (tensor.dtype) {
        case DType::boolean: values.push_back(static_cast<const bool*>(tensor.data)[i]); break;
        case DType::i64: values.push_back(static_cast<double>(static_cast<const std::int64_t*>(tensor.data)[i])); break;
        default: values.push_back(static_cast<const double*>(tensor.data)[i]);
      }
    }
    return values;
  }
  const OperatorEntry& op_;
  const OperatorInstance& instance_;
  NamedScalars params_;
  TensorPack inputs_;
};

template <class F>
std::string message_of(F call) {
  try {
    call();
  } catch (const InvalidArgument& problem) {
    return problem.what();
  }
  return "(nothing was refused)";
}
std::string refusal(const Arguments& arguments) {
  return message_of([&] { arguments.infer(); });
}

Scalar integer(std::int64_t value) { return Scalar(value); }
Arguments sine() { return Arguments("sine_position_encoding"); }
Arguments downsample() {
  return Arguments("mask_downsample").param("out_height", integer(2)).param("out_width", integer(2));
}
Arguments bias() {
  return Arguments("relative_position_bias").param("window_h", integer(2)).param("window_w", integer(3));
}

TEST(Contract, RefusesBadInputsInOneSentence) {
  struct Bad {
    std::string got, expected;
  };
  const std::vector<Bad> table = {
      {refusal(sine()), "sine_position_encoding: input mask is missing"},
      {refusal(sine().shape(0, DType::f32, {1, 2, 3})),
       "sine_position_encoding: input mask is f32, but bool is needed"},
      {refusal(sine().shape(0, DType::boolean, {2, 3})),
       "sine_position_encoding: input mask has shape [2, 3] of rank 2, but rank 3 is needed: [B H W]"},
      {refusal(sine().shape(0, DType::boolean, {1, 0, 3})),
       "sine_position_encoding: input mask has shape [1, 0, 3], but extent H of [B H W] must be positive"},
      {refusal(sine().shape(0, DType::boolean, {1, -2, 3})),
       "sine_position_encoding: input mask has shape [1, -2, 3], but extent H of [B H W] must be positive"},
      {refusal(sine().shape(0, DType::boolean, {huge, huge, 1})),
       "sine_position_encoding: input mask has shape [1099511627776, 1099511627776, 1], more elements than can be "
       "addressed"},
      {refusal(sine().param("num_pos_feats", integer(5)).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: num_pos_feats is 5, but it must be even: sines and cosines alternate"},
      {refusal(sine().param("num_pos_feats", integer(0)).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: num_pos_feats is 0, but it must be positive"},
      {refusal(sine().param("num_pos_feats", integer(huge)).shape(0, DType::boolean, {1, huge / 8, 8})),
       "sine_position_encoding: output encoding would have shape [1, 2199023255552, 137438953472, 8], more elements "
       "than can be addressed"},
      {refusal(sine().param("temperature_h", 0.0).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: temperature_h is 0, but it must be positive"},
      {refusal(sine().param("temprature", 3.0).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: there is no parameter temprature; it takes num_pos_feats, temperature_h, "
       "temperature_w, normalize, scale, eps, offset, channels_last"},
      {refusal(sine().param("normalize", integer(1)).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: parameter normalize is 1 (an integer), but a boolean is needed"},
      {refusal(sine().param("eps", INFINITY).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: parameter eps is inf, but a finite number is needed"},
      {refusal(sine().param("eps", 1e-60).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: parameter eps is 1e-60, but it must be 0 or have a magnitude that float32 holds, from "
       "1.1754944e-38 to 3.4028235e+38"},
      {refusal(sine().param("scale", -1e300).shape(0, DType::boolean, {1, 2, 3})),
       "sine_position_encoding: parameter scale is -1e+300, but it must be 0 or have a magnitude that float32 holds, "
       "from 1.1754944e-38 to 3.4028235e+38"},
      {refusal(downsample().param("out_width", integer(0)).shape(0, DType::boolean, {1, 2, 3})),
       "mask_downsample: out_width is 0, but it must be positive"},
      {refusal(Arguments("mask_downsample").param("out_height", integer(3)).shape(0, DType::boolean, {1, 2, 3})),
       "mask_downsample: parameter out_width is missing and has no default"},
      {refusal(Arguments("nested_tensor")),
       "nested_tensor: images is an empty list, but at least one tensor is needed"},
      {refusal(Arguments("nested_tensor").shape(0, DType::f32, {3, 4, 5}).shape(0, DType::u8, {3, 4, 5})),
       "nested_tensor: input images.1 is u8, but f32 is needed"},
      {refusal(Arguments("nested_tensor").shape(0, DType::f32, {3, 4, 5}).shape(0, DType::f32, {4, 5})),
       "nested_tensor: input images.1 has shape [4, 5] of rank 2, but rank 3 is needed: [C_i h_i w_i]"},
      {refusal(Arguments("nested_tensor").param("size_divisible", integer(0)).shape(0, DType::f32, {3, 4, 5})),
       "nested_tensor: size_divisible is 0, but it must be positive"},
      {refusal(Arguments("padding_mask").values<std::int64_t>(0, {2, 3}, {1, 2, 3, 4, 5, 6})),
       "padding_mask: input sizes has shape [2, 3], but extent 1 must be 2"},
      {refusal(Arguments("padding_mask").values<std::int64_t>(0, {2, 2}, {5, 7, 0, 3})),
       "padding_mask: sizes[1] is 0x3, but both extents must be positive"},
      {refusal(Arguments("padding_mask").param("height", integer(4)).values<std::int64_t>(0, {1, 2}, {5, 7})),
       "padding_mask: sizes[0] is 5x7, larger than the canvas of height 4 and width 0 (0 = the batch's maximum)"},
      {refusal(Arguments("padding_mask").param("width", integer(-1)).values<std::int64_t>(0, {1, 2}, {5, 7})),
       "padding_mask: width is -1, but it must not be negative"},
      {refusal(bias().shape(0, DType::f32, {14, 2})),
       "relative_position_bias: input table has shape [14, 2], but a window of 2x3 needs 15 entries"},
      {refusal(Arguments("relative_position_index").param("window_h", integer(huge)).param("window_w", integer(huge))),
       "relative_position_index: a window of 1099511627776x1099511627776 has more pairs of tokens than can be "
       "addressed"},
      {refusal(Arguments("window_softmax").shape(0, DType::f32, {4, 2, 9, 8})),
       "window_softmax: input scores has shape [4, 2, 9, 8], so that N is 8, but scores has N = 9"},
      {refusal(Arguments("window_softmax").shape(0, DType::f32, {4, 2, 9, 9}).shape(1, DType::f32, {3, 9, 9})),
       "window_softmax: input bias has shape [3, 9, 9], so that heads is 3, but scores has heads = 2"},
      {refusal(Arguments("window_softmax").shape(0, DType::f32, {4, 2, 9, 9}).shape(2, DType::f32, {3, 9, 9})),
       "window_softmax: input scores has shape [4, 2, 9, 9], whose 4 windows are not a multiple of the 3 of mask [3, "
       "9, 9]"},
      {refusal(Arguments("hungarian_assignment").shape(0, DType::f32, {2, 3, 5}).values<std::int64_t>(1, {2}, {2, 4})),
       "hungarian_assignment: sizes add up to 6, but cost has 5 targets"},
      {refusal(Arguments("hungarian_assignment").shape(0, DType::f32, {2, 3, 5}).values<std::int64_t>(1, {2}, {6, -1})),
       "hungarian_assignment: sizes[1] is -1, but a number of targets must not be negative"},
      {refusal(
           Arguments("hungarian_assignment").shape(0, DType::f32, {2, 3, 5}).values<std::int64_t>(1, {3}, {2, 2, 1})),
       "hungarian_assignment: input sizes has shape [3], so that B is 3, but cost has B = 2"},
  };
  for (const Bad& bad : table) EXPECT_EQ(bad.got, bad.expected);
}

TEST(Contract, NamesTheNearestOperator) {
  EXPECT_EQ(message_of([] { find_operator("mask_downsampel"); }),
            "there is no operator mask_downsampel (did you mean mask_downsample?); `assay list operators` shows all");
}

TEST(Contract, TakesEveryRealThatFloat32Holds) {
  using Float = std::numeric_limits<float>;
  for (const double value : {0.0, -0.0, 1e-6, 1.0 * Float::min(), -1.0 * Float::max()}) {
    EXPECT_EQ(refusal(sine().param("offset", value).shape(0, DType::boolean, {1, 2, 3})), "(nothing was refused)");
  }
  for (const double value : {std::nextafter(1.0 * Float::min(), 0), std::nextafter(1.0 * Float::max(), INFINITY)}) {
    EXPECT_NE(refusal(sine().param("offset", value).shape(0, DType::boolean, {1, 2, 3})), "(nothing was refused)");
  }
}

TEST(Contract, EveryDefaultAndCaseHoldsItsParametersInFloat32) {
  for (const OperatorEntry& op : operators()) {
    for (const Case& made : op.cases()) {
      NamedScalars given;
      for (std::size_t i = 0; i < op.params.size(); ++i)
        if (made.params[i].kind != Scalar::Kind::absent) given[std::string(op.params[i].name)] = made.params[i];
      EXPECT_NO_THROW(resolve(op, given)) << op.name << "/" << made.name;
    }
  }
}

TEST(Contract, AnIntegerServesForAReal) {
  EXPECT_EQ(sine()
                .param("scale", integer(3))
                .param("num_pos_feats", integer(4))
                .shape(0, DType::boolean, {1, 2, 3})
                .infer()[0],
            (Shape{1, 8, 2, 3}));
}

TEST(Contract, AnOpenAxesStringTakesAnyFurtherExtents) {
  OperatorEntry stack{};
  stack.name = "stack";
  stack.infer = [](std::span<const Scalar>, Slots in) { return std::vector<Shape>{in[0].tensors[0].shape}; };
  FieldInfo samples;
  samples.name = "samples";
  samples.axes = "B …";
  const OperatorInstance instance{DType::f32, {samples}, {FieldInfo{}}};
  const auto infer_shape = [&](const Shape& shape) {
    return message_of([&] {
      const TensorRef tensor{nullptr, DType::f32, shape};
      const Slot slot{&tensor, 1};
      infer(stack, instance, {}, {&slot, 1});
    });
  };
  EXPECT_EQ(infer_shape({2}), "(nothing was refused)");
  EXPECT_EQ(infer_shape({2, 3, 4, 5}), "(nothing was refused)");
  EXPECT_EQ(infer_shape({}), "stack: input samples has shape [] of rank 0, but rank 1 or more is needed: [B …]");
  EXPECT_EQ(infer_shape({0, 3}), "stack: input samples has shape [0, 3], but extent B of [B …] must be positive");
  EXPECT_EQ(infer_shape({2, 3, 0}), "stack: input samples has shape [2, 3, 0], but extent 2 must be positive");
}

TEST(Contract, WidensEveryDtypeExactlyAndNothingElse) {
  const OperatorEntry& op = find_operator("nested_tensor");
  TensorPack images(1);
  const TensorRef image = new_host_tensor(images, DType::u8, {1, 1, 3});
  const std::uint8_t values[] = {0, 7, 255};
  std::copy(std::begin(values), std::end(values), static_cast<std::uint8_t*>(image.data));
  images[0].push_back(image);
  const TensorPack wide = widen(op.find(DType::u8)->inputs, images);
  ASSERT_EQ(wide[0][0].dtype, DType::f64);
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_EQ(value_at(wide[0][0], i), values[i]);

  const OperatorEntry& sine_op = find_operator("sine_position_encoding");
  TensorPack masks(1);
  masks[0].push_back(new_host_tensor(masks, DType::boolean, {1, 1, 1}));
  EXPECT_EQ(widen(sine_op.instances[0].inputs, masks)[0][0].data, masks[0][0].data) << "a mask has no dtype to widen";
}

TEST(HungarianAssignment, RefusesCostsWithoutAnOptimum) {
  const auto costs = [](std::vector<float> values) {
    return message_of([&] {
      Arguments("hungarian_assignment")
          .values<float>(0, {1, 2, 2}, values)
          .values<std::int64_t>(1, {1}, {2})
          .validate();
    });
  };
  const float inf = INFINITY;
  EXPECT_EQ(costs({1, 2, NAN, 4}), "hungarian_assignment: cost[0, 1, 0] is nan, but NaN and -inf have no optimum");
  EXPECT_EQ(costs({1, -inf, 3, 4}), "hungarian_assignment: cost[0, 0, 1] is -inf, but NaN and -inf have no optimum");
  EXPECT_EQ(costs({1, inf, 3, inf}),
            "hungarian_assignment: image 0 has no assignment of finite cost: only 1 of 2 pairs can be made");
  EXPECT_EQ(costs({inf, 1, 1, inf}), "(nothing was refused)");
}

TEST(Oracle, RelativePositionIndexOfTwoByTwo) {
  const std::vector<double> expected = {4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4};
  EXPECT_EQ(Arguments("relative_position_index").param("window_h", integer(2)).param("window_w", integer(2)).oracle(),
            expected);
}

TEST(Oracle, MaskDownsampleTakesItsIndexInFloat32) {
  // 26 → 22: i = 11 reads 12, where exact integers give 13
  std::vector<bool> mask(26, false);
  mask[12] = true;
  Arguments arguments = Arguments("mask_downsample").param("out_height", integer(1)).param("out_width", integer(22));
  const std::vector<double> row = arguments.values<bool>(0, {1, 1, 26}, mask).oracle();
  EXPECT_EQ(row[11], 1);
  EXPECT_EQ(row[10], 0);
}

TEST(Oracle, SineIsOneBasedAndYComesFirst) {
  Arguments arguments =
      sine().param("num_pos_feats", integer(2)).values<bool>(0, {1, 2, 3}, std::vector<bool>(6, false));
  const std::vector<double> encoding = arguments.oracle();
  EXPECT_DOUBLE_EQ(encoding[0], std::sin(1.0));
  EXPECT_DOUBLE_EQ(encoding[3], std::sin(2.0)) << "y: second row";
  EXPECT_DOUBLE_EQ(encoding[6], std::cos(1.0)) << "odd channels are cosines";
  EXPECT_DOUBLE_EQ(encoding[12 + 2], std::sin(3.0)) << "x: third column";
}

TEST(Oracle, SineLeavesLinesOpenThatFloat32CannotTell) {
  const std::vector<bool> mask = {false, true, false, true};  // the second column is padded whole
  Arguments arguments = sine().param("num_pos_feats", integer(2)).param("normalize", true).param("offset", -0.5);
  std::vector<double> scale;
  arguments.values<bool>(0, {1, 2, 2}, mask).oracle(&scale);
  EXPECT_LT(scale[0], 100);
  EXPECT_GT(scale[1], 1e6);
}

TEST(RandomCases, AreReproducibleAndValid) {
  for (const OperatorEntry& op : operators()) {
    const auto once = random_cases(op, 5, 40), again = random_cases(op, 5, 40);
    for (std::size_t i = 0; i < once.size(); ++i) {
      ASSERT_EQ(once[i].inputs.size(), again[i].inputs.size());
      for (std::size_t j = 0; j < once[i].inputs.size(); ++j)
        EXPECT_EQ(once[i].inputs[j].shape, again[i].inputs[j].shape);
    }
  }
}

TEST(Registry, EveryFieldOfEveryCaseIsTheOperators) {
  for (const OperatorEntry& op : operators()) {
    EXPECT_FALSE(op.cases().empty()) << op.name;
    for (const Case& made : op.cases()) {
      EXPECT_EQ(made.params.size(), op.params.size());
      EXPECT_FALSE(made.source.empty()) << op.name << "/" << made.name;
      for (const CaseInput& input : made.inputs) {
        const auto& fields = op.instances.front().inputs;
        EXPECT_TRUE(std::any_of(fields.begin(), fields.end(), [&](const FieldInfo& f) {
          return f.name == input.field;
        })) << input.field;
      }
    }
  }
}

}  // namespace
}  // namespace assay
