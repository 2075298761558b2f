// Evaluating the oracle, admitting the case, and holding the oracle against what a framework recorded.
#include "bench/verdict/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "bench/cases/companion.h"
#include "bench/verdict/admission.h"
#include "bench/verdict/judge.h"
#include "bench/verdict/room.h"
#include "bench/verdict/tolerance.h"

namespace assay::bench {
namespace {

/// Memory for the truth: the outputs, and a scale for each element of the inexact ones.
Truth empty_truth(const OperatorInstance& instance, std::span<const Shape> shapes) {
  Truth truth{TensorPack(instance.outputs.size()), ErrorScale(instance.outputs.size())};
  for (std::size_t i = 0; i < instance.outputs.size(); ++i) {
    const FieldInfo& field = instance.outputs[i];
    truth.outputs[i].push_back(new_host_tensor(truth.outputs, field.oracle_dtype, shapes[i]));
    if (field.bound) truth.scale[i].resize(static_cast<std::size_t>(shapes[i].elements()));
  }
  return truth;
}

/// What an operator may see for its cost: shapes, and shape inputs.
TensorPack described(const OperatorInstance& instance, const TensorPack& inputs) {
  TensorPack pack = inputs;
  for (std::size_t i = 0; i < pack.size(); ++i)
    if (instance.inputs[i].role != Role::shape)
      for (TensorRef& tensor : pack[i]) tensor.data = nullptr;
  return pack;
}

/// Shapes and cost: all but the truth.
Evaluation evaluate_shapes(const BoundCase& bound, const TensorPack& inputs) {
  const OperatorInstance& instance = *bound.instance;
  Evaluation made;
  made.shapes = infer(*bound.op, instance, bound.params, inputs.slots());
  const TensorPack seen = widen(instance.inputs, described(instance, inputs));
  made.cost = bound.op->cost(bound.params, seen.slots(), static_cast<std::int64_t>(size_of(instance.dtype)));
  return made;
}

/// Evaluates the oracle on the inputs of `expected`, and says whether its tolerances can tell right from wrong.
void evaluate_inputs(const BoundCase& bound, Expectation& expected) {
  static_cast<Evaluation&>(expected) = evaluate_shapes(bound, expected.inputs);
  if (expected.sample) expected.sampled_inputs = restricted(bound, expected.inputs, *expected.sample);
  std::vector<Shape> shapes = expected.shapes;
  for (std::size_t i = 0; i < shapes.size() && expected.sample; ++i)
    shapes[i] = sampled_shape(bound.instance->outputs[i], shapes[i], *expected.sample);
  expected.truth = truth_of(bound, expected.inputs_of_truth(), shapes, &expected.widened);
  for (std::size_t i = 0; i < expected.shapes.size() && expected.invalid.empty(); ++i)
    expected.invalid = admit_tolerances(bound.instance->outputs[i], expected.truth, i);
}

/// The framework's outputs of a golden file as if a backend had given them.
TensorPack recorded_results(const GoldenCase& golden) {
  TensorPack results(golden.out.size());
  for (std::size_t i = 0; i < golden.out.size(); ++i) results[i].push_back(*golden.out[i]);
  return results;
}

/// Whether the oracle has to agree with the recorded `out` itself: of exact and judged outputs, and of inexact ones
/// without a float64 result.
bool out_is_witness(const BoundCase& bound, std::size_t output) {
  return !bound.instance->outputs[output].bound || !bound.golden->out64[output];
}

/// Why a golden file and the oracle do not mean the same operator; empty if they do.
std::string disagreement(const BoundCase& bound, const Expectation& expected, const Findings& recorded) {
  constexpr std::string_view sentence = "the golden {} and the oracle do not mean the same operator: {}";
  for (std::size_t i = 0; i < bound.golden->out.size(); ++i) {
    if (out_is_witness(bound, i)) {
      if (!recorded.outputs[i].ok) return fmt::format(sentence, "out", recorded.reasons[i]);
      continue;
    }
    OutputReport report = compare_witness(bound.instance->outputs[i], *bound.golden->out64[i], expected.truth, i);
    report.name = fmt::format("out64.{}", report.name);
    if (!report.ok) return fmt::format(sentence, "out64", describe_mismatches(report));
  }
  return {};
}

/// Names the witness, judges the recorded outputs, and makes the case invalid if oracle and witness disagree.
void hold_against_golden(const BoundCase& bound, Expectation& expected) {
  const bool inexact = std::any_of(bound.instance->outputs.begin(), bound.instance->outputs.end(),
                                   [](const FieldInfo& field) { return field.bound.has_value(); });
  expected.witness = inexact && !bound.golden->has_out64() ? "f32" : "f64";
  Findings recorded = judge_outputs(bound, expected, recorded_results(*bound.golden));
  expected.invalid = disagreement(bound, expected, recorded);
  if (!expected.invalid.empty()) return;
  expected.recorded = std::make_shared<const RecordedOutputs>(
      RecordedOutputs{recorded.passed(), recorded.reason(), recorded.max_error_ratio, std::move(recorded.outputs)});
}

/// Moves the elements of a tensor along by about a third: the same values at other places.
void roll(const TensorRef& tensor) {
  const auto size = static_cast<std::ptrdiff_t>(size_of(tensor.dtype));
  auto* bytes = static_cast<std::byte*>(tensor.data);
  const std::int64_t elements = tensor.shape.elements();
  if (elements > 1) std::rotate(bytes, bytes + (elements / 3 + 1) % elements * size, bytes + elements * size);
}

/// The inputs with every activation rolled along; nothing if they are the same as before.
std::optional<TensorPack> rolled_inputs(const BoundCase& bound, const TensorPack& inputs) {
  TensorPack rolled(inputs.size());
  bool changed = false;
  for (std::size_t field = 0; field < inputs.size(); ++field)
    for (const TensorRef& given : inputs[field]) {
      const TensorRef copy = copy_of(rolled, given);
      const auto bytes = static_cast<std::size_t>(bytes_of(given));
      if (bound.instance->inputs[field].role == Role::activation) roll(copy);
      changed = changed || (bytes != 0 && std::memcmp(copy.data, given.data, bytes) != 0);
      rolled[field].push_back(copy);
    }
  if (!changed) return std::nullopt;
  return rolled;
}

Expectation expect_with_memory(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase,
                               const SampleLimits& limits) {
  Expectation expected;
  expected.sample = choose_sample(bound, seed, limits);
  require_memory("its inputs and truth take", bytes_for_truth(bound, expected.sample));
  expected.inputs = bound.inputs(seed, phase);
  evaluate_inputs(bound, expected);
  if (expected.invalid.empty()) {
    Admission admission = admit(bound, expected);
    expected.told_apart = std::move(admission.told_apart);
    expected.invalid = std::move(admission.invalid);
  }
  // the framework saw the recorded values, which are those of phase 0
  if (bound.golden && phase == 0 && expected.invalid.empty()) hold_against_golden(bound, expected);
  return expected;
}

}  // namespace

Truth evaluate_oracle(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
                      Slots widened, std::span<const Shape> shapes) {
  Truth truth = empty_truth(instance, shapes);
  op.oracle(params, widened, truth.outputs.slots(), truth.scale);
  truth.scale.sort_open();
  return truth;
}

Truth truth_of(const BoundCase& bound, const TensorPack& inputs, std::span<const Shape> shapes, TensorPack* widened) {
  const OperatorEntry& op = *bound.op;
  TensorPack wide = widen(bound.instance->inputs, inputs);
  const auto slots = wide.slots();
  if (op.validate != nullptr) op.validate(bound.params, slots);
  Truth truth = evaluate_oracle(op, *bound.instance, bound.params, slots, shapes);
  if (op.judge != nullptr && widened != nullptr) *widened = std::move(wide);
  return truth;
}

Evaluation evaluate(const BoundCase& bound, const TensorPack& inputs) {
  Evaluation made = evaluate_shapes(bound, inputs);
  made.truth = truth_of(bound, inputs, made.shapes, &made.widened);
  return made;
}

std::vector<Shape> Expectation::shapes_of_truth() const {
  std::vector<Shape> found;
  for (std::size_t i = 0; i < truth.outputs.size(); ++i) found.push_back(truth.outputs[i][0].shape);
  return found;
}

Judgement ask_judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results) {
  const std::vector<FieldInfo>& outputs = bound.instance->outputs;
  const auto tau = [&](std::size_t output, std::int64_t element) {
    return Tolerance(outputs[output]).at(expected.truth.scale[output][static_cast<std::size_t>(element)]);
  };
  return bound.op->judge(bound.params, expected.widened.slots(), widen(outputs, results).slots(),
                         expected.truth.outputs.slots(), ElementTolerance{bound.instance->dtype, tau});
}

Expectation expect(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase, const SampleLimits& limits) {
  Expectation without;
  try {
    return expect_with_memory(bound, seed, phase, limits);
  } catch (const Unavailable& problem) {
    without.unavailable = problem.what();
  } catch (const std::bad_alloc&) {
    without.unavailable = memory_ran_out();
  }
  return without;
}

std::unique_ptr<const Companion> expect_companion(const BoundCase& bound, std::uint64_t seed) {
  auto companion = std::make_unique<Companion>();
  companion->bound = companion_of(bound, seed);
  try {
    require_memory("its companion's inputs and truth take", bytes_for_truth(companion->bound));
    companion->expected.inputs = companion->bound.inputs(seed, 0);
    evaluate_inputs(companion->bound, companion->expected);
  } catch (const Unavailable&) {
    return nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  if (!companion->expected.invalid.empty()) return nullptr;
  return companion;
}

std::optional<Expectation> expect_varied(const BoundCase& bound, const Expectation& expected) {
  if (!expected.invalid.empty() || !expected.unavailable.empty()) return std::nullopt;
  std::optional<TensorPack> rolled = rolled_inputs(bound, expected.inputs);
  if (!rolled) return std::nullopt;
  Expectation varied;
  varied.inputs = *std::move(rolled);
  varied.sample = expected.sample;
  try {
    evaluate_inputs(bound, varied);
  } catch (const InvalidArgument&) {
    return std::nullopt;  // the operator may refuse these values: rolled costs may admit no assignment
  }
  if (!varied.invalid.empty()) return std::nullopt;
  return varied;
}

}  // namespace assay::bench
