// The wrong candidates and how they are tried: element by element until one is refused, which nearly always is soon.
#include "bench/verdict/admission.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include "bench/cases/cases.h"
#include "bench/verdict/check.h"
#include "bench/verdict/compare.h"

namespace assay::bench {
namespace {

/// A candidate must be told from the truth where it is off by this share of the largest value; what is closer may be
/// what rounding leaves.
constexpr double visible_share = 0x1p-10;

/// The value of element i of output number `output`.
using Candidate = std::function<double(std::size_t output, std::int64_t i)>;

struct Outcome {
  bool refused = false, differs = false;
};

double largest(const TensorRef& tensor) {
  double most = 0;
  for (std::int64_t i = 0; i < tensor.shape.elements(); ++i)
    if (const double value = std::abs(value_at(tensor, i)); std::isfinite(value)) most = std::max(most, value);
  return most;
}

/// Whether a candidate that was accepted differs from the truth by more than rounding leaves.
bool differs_visibly(const Expectation& expected, std::size_t output, const Candidate& candidate) {
  const TensorRef& truth = expected.truth.outputs[output][0];
  const double visible = visible_share * largest(truth);
  for (std::int64_t i = 0; i < truth.shape.elements(); ++i)
    if (std::abs(candidate(output, i) - value_at(truth, i)) > visible &&
        expected.truth.scale.find_open(output, i) == nullptr)
      return true;
  return false;
}

bool refuses_an_element(const BoundCase& bound, const Expectation& expected, std::size_t output,
                        const Candidate& candidate) {
  const std::int64_t n = expected.shapes[output].elements();
  for (std::int64_t i = 0; i < n; ++i)
    if (!accepts(bound.instance->outputs[output], candidate(output, i), expected.truth, output, i)) return true;
  return false;
}

/// The operator's judge decides on whole results.
bool judge_refuses(const BoundCase& bound, const Expectation& expected, const Candidate& candidate) {
  TensorPack results(expected.shapes.size());
  for (std::size_t output = 0; output < expected.shapes.size(); ++output) {
    TensorRef made = new_host_tensor(results, bound.instance->outputs[output].dtype, expected.shapes[output]);
    for (std::int64_t i = 0; i < made.shape.elements(); ++i) set_value(made, i, candidate(output, i));
    results[output].push_back(made);
  }
  return !(ask_judge(bound, expected, results).error_ratio <= 1);
}

/// A judged output differs exactly where its judge refuses it.
Outcome try_candidate(const BoundCase& bound, const Expectation& expected, const Candidate& candidate) {
  const auto& outputs = bound.instance->outputs;
  if (bound.op->judge != nullptr && judge_refuses(bound, expected, candidate)) return {true, true};
  for (std::size_t output = 0; output < outputs.size(); ++output)
    if (!outputs[output].judged && refuses_an_element(bound, expected, output, candidate)) return {true, true};
  Outcome outcome;  // nothing was refused: was there anything to refuse?
  for (std::size_t output = 0; output < outputs.size() && !outcome.differs; ++output)
    outcome.differs = !outputs[output].judged && differs_visibly(expected, output, candidate);
  return outcome;
}

/// The outputs of the operator without the last entry of each line of its activations: what a loop that ends too soon
/// computes. None where the operator refuses such inputs, or has no activation.
std::optional<Truth> without_last_entries(const BoundCase& bound, const Expectation& expected) {
  TensorPack inputs(expected.inputs.size());
  bool dropped = false;
  for (std::size_t field = 0; field < inputs.size(); ++field)
    for (const TensorRef& given : expected.inputs[field]) {
      if (bound.instance->inputs[field].role != Role::activation || given.shape.rank() == 0) {
        inputs[field].push_back(given);
        continue;
      }
      const TensorRef copy = new_host_tensor(inputs, given.dtype, given.shape);
      if (bytes_of(given) != 0) std::memcpy(copy.data, given.data, static_cast<std::size_t>(bytes_of(given)));
      const std::int64_t line = given.shape[given.shape.rank() - 1];
      for (std::int64_t i = line - 1; line > 0 && i < given.shape.elements(); i += line) {
        // a missing mask entry is the other one; a missing number adds nothing
        set_value(copy, i, given.dtype == DType::boolean ? 1 - value_at(given, i) : 0);
        dropped = true;
      }
      inputs[field].push_back(copy);
    }
  if (!dropped) return std::nullopt;
  try {
    const TensorPack widened = widen(bound.instance->inputs, inputs);
    if (bound.op->validate != nullptr) bound.op->validate(bound.params, widened.slots());
    return evaluate_oracle(*bound.op, *bound.instance, bound.params, widened.slots(), expected.shapes);
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

/// Where element i of a tensor lies once its last two axes are swapped in memory.
std::int64_t transposed(const Shape& shape, std::int64_t i) {
  if (shape.rank() < 2) return shape.elements() - 1 - i;  // a line has only its order to be mixed up
  const std::int64_t M = shape[shape.rank() - 2], N = shape[shape.rank() - 1], matrix = i / (M * N),
                     within = i % (M * N);
  return matrix * M * N + within % M * N + within / M;
}

class Trials {
 public:
  Trials(const BoundCase& bound, const Expectation& expected) : bound_(bound), expected_(expected) {}

  void try_one(std::string_view name, const Candidate& candidate) {
    const Outcome outcome = try_candidate(bound_, expected_, candidate);
    if (outcome.refused) admission_.told_apart.push_back(name);
    if (outcome.differs && !outcome.refused && admission_.invalid.empty())
      admission_.invalid = fmt::format(
          "the case cannot fail as it should: its tolerances accept {}, which differs from the truth by more than "
          "{:.2g} of the largest value",
          name, visible_share);
  }

  Admission finish() { return std::move(admission_); }

 private:
  const BoundCase& bound_;
  const Expectation& expected_;
  Admission admission_;
};

}  // namespace

Admission admit(const BoundCase& bound, const Expectation& expected) {
  Trials trials(bound, expected);
  const auto truth = [&](std::size_t output) -> const TensorRef& { return expected.truth.outputs[output][0]; };
  trials.try_one("zeros", [](std::size_t, std::int64_t) { return 0.0; });
  trials.try_one("a constant", [&](std::size_t output, std::int64_t) { return value_at(truth(output), 0); });
  for (std::size_t field = 0; field < expected.inputs.size(); ++field) {
    if (expected.inputs[field].empty() || expected.inputs[field][0].shape.elements() == 0) continue;
    const TensorRef& input = expected.inputs[field][0];
    trials.try_one("a copy of an input",
                   [&](std::size_t, std::int64_t i) { return value_at(input, i % input.shape.elements()); });
  }
  trials.try_one("the truth transposed", [&](std::size_t output, std::int64_t i) {
    return value_at(truth(output), transposed(truth(output).shape, i));
  });
  if (const std::optional<Truth> shorter = without_last_entries(bound, expected))
    trials.try_one("the truth without the inputs' last entries",
                   [&](std::size_t output, std::int64_t i) { return value_at(shorter->outputs[output][0], i); });
  return trials.finish();
}

}  // namespace assay::bench
