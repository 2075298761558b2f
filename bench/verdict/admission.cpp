// The contrast of tolerances, and the wrong candidates. A candidate is tried element by element until one is refused,
// which is soon in nearly every case.
#include "bench/verdict/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <optional>

#include "bench/cases/cases.h"
#include "bench/verdict/expectation.h"
#include "bench/verdict/tolerance.h"

namespace assay::bench {
namespace {

// ---- the contrast of tolerances ----

struct Element {
  std::int64_t at;
  double expected, tolerance;
};

/// Calls `visit` for each element that the operator specifies.
template <class Visit>
void visit_specified(const Tolerance& bound, const Truth& truth, std::size_t output, const Visit& visit) {
  const auto* r = static_cast<const double*>(truth.outputs[output][0].data);
  const std::vector<double>& scale = truth.scale[output];
  const std::vector<ErrorScale::Open>& open = truth.scale.open(output);
  std::size_t next_open = 0;
  for (std::size_t i = 0; i < scale.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (next_open < open.size() && open[next_open].element == at) {
      ++next_open;
    } else {
      visit(Element{at, r[i], bound.at(scale[i])});
    }
  }
}

/// How the finite values of an output compare with their tolerances.
class Contrast {
 public:
  void add(const Element& element) {
    ++elements_;
    if (!std::isfinite(element.expected)) return;
    ++finite_;
    max_value_ = std::max(max_value_, std::abs(element.expected));
    max_tolerance_ = std::max(max_tolerance_, element.tolerance);
    value_squared_ += element.expected * element.expected;
    tolerance_squared_ += element.tolerance * element.tolerance;
  }

  std::int64_t elements() const { return elements_; }
  bool all_zero() const { return max_value_ == 0; }
  double rms_value() const { return std::sqrt(value_squared_ / static_cast<double>(finite_)); }

  /// Why the tolerances tell nothing; empty if they do, or if there is no value but zero.
  std::string weakness(double least) const {
    if (all_zero()) return {};
    if (!(max_tolerance_ < max_value_))
      return fmt::format("a tolerance of {:.3g}, no smaller than its largest value {:.3g}", max_tolerance_, max_value_);
    const double contrast = std::sqrt(value_squared_ / tolerance_squared_);
    if (contrast > least) return {};
    return fmt::format("values whose RMS is only {:.3g} times that of their tolerances, where {} is needed", contrast,
                       least);
  }

 private:
  std::int64_t elements_ = 0, finite_ = 0;
  double max_value_ = 0, max_tolerance_ = 0, value_squared_ = 0, tolerance_squared_ = 0;
};

/// The elements whose tolerance tells nothing, and the contrast of the others.
struct Hopeless {
  std::int64_t count = 0;
  std::vector<ErrorScale::Open> elements;  ///< with the range that each is held to
  Element first{};
  Contrast others;
};

/// Takes the elements apart at the tolerance `limit`. Keeps at most `most` of the hopeless ones: beyond that the case
/// is no test.
Hopeless find_hopeless(const Tolerance& bound, const Truth& truth, std::size_t output, double limit,
                       std::int64_t most) {
  Hopeless found;
  visit_specified(bound, truth, output, [&](const Element& element) {
    if (!std::isfinite(element.expected) || element.tolerance < limit) return found.others.add(element);
    if (found.count++ == 0) found.first = element;
    if (found.count > most) return;
    found.elements.push_back({element.at, std::max(bound.lowest(), element.expected - element.tolerance),
                              std::min(bound.highest(), element.expected + element.tolerance)});
  });
  return found;
}

/// Why an output is no test without its hopeless elements; empty if it is one.
std::string weakness_without(const Hopeless& hopeless, double least) {
  if (hopeless.count > hopeless.others.elements()) return "they are more than half of the output";
  if (hopeless.others.all_zero()) return "all others are zero";
  const std::string weak = hopeless.others.weakness(least);
  return weak.empty() ? weak : fmt::format("the others have {}", weak);
}

// ---- the wrong candidates ----

/// A candidate must be told from the truth where it is off by this share of the largest value; what is closer may be
/// what rounding leaves.
constexpr double visible_share = 0x1p-10;

/// The value of element i of output number `output`.

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

/// Tries the elements of one output until one is refused. An element that equals the truth is accepted.
Outcome try_output(const FieldInfo& field, const Expectation& expected, std::size_t output,
                   const Candidate& candidate) {
  const TensorRef& truth = expected.truth.outputs[output][0];
  bool is_truth = true;
  const std::int64_t n = truth.shape.elements();
  for (std::int64_t i = 0; i < n; ++i) {
    const double value = candidate(output, i);
    if (std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(value_at(truth, i))) continue;
    is_truth = false;
    if (!accepts(field, value, expected.truth, output, i)) return {true, true};
  }
  return {false, !is_truth && differs_visibly(expected, output, candidate)};
}

Outcome try_candidate(const BoundCase& bound, const Expectation& expected, const Candidate& candidate) {
  const auto& outputs = bound.instance->outputs;
  if (bound.op->judge != nullptr && judge_refuses(bound, expected, candidate)) return {true, true};
  Outcome outcome;
  for (std::size_t output = 0; output < outputs.size() && !outcome.refused; ++output) {
    if (outputs[output].judged) continue;
    const Outcome of_output = try_output(outputs[output], expected, output, candidate);
    outcome = {of_output.refused, outcome.differs || of_output.differs};
  }
  return outcome;
}

/// The outputs of the operator without the last entry of each line of its activations: what a loop that ends too soon
/// computes. None where the operator refuses such inputs, or has no activation.
std::optional<Truth> without_last_entries(const BoundCase& bound, const Expectation& expected) {
  TensorPack inputs(expected.inputs.size());
  bool dropped = false;
  for (std::size_t field = 0; field < inputs.size(); ++field)
    for (const TensorRef& given : expected.inputs_of_truth()[field]) {
      if (bound.instance->inputs[field].role != Role::activation || given.shape.rank() == 0) {
        inputs[field].push_back(given);
        continue;
      }
      const TensorRef copy = copy_of(inputs, given);
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
    return truth_of(bound, inputs, expected.shapes_of_truth());
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

bool judge_refuses(const BoundCase& bound, const Expectation& expected, const Candidate& candidate) {
  const std::vector<Shape> shapes = expected.shapes_of_truth();
  TensorPack results(shapes.size());
  for (std::size_t output = 0; output < shapes.size(); ++output) {
    TensorRef made = new_host_tensor(results, bound.instance->outputs[output].dtype, shapes[output]);
    for (std::int64_t i = 0; i < made.shape.elements(); ++i) set_value(made, i, candidate(output, i));
    results[output].push_back(made);
  }
  return !(ask_judge(bound, expected, results).error_ratio <= 1);
}

/// A judged output differs exactly where its judge refuses it.

std::string admit_tolerances(const FieldInfo& field, Truth& truth, std::size_t output) {
  if (!field.bound) return {};
  const Tolerance bound(field);
  const Shape& shape = truth.outputs[output][0].shape;
  const auto place = [&](const Element& element) { return to_string(index_of(element.at, shape)); };
  std::string unusable;
  Contrast all;
  visit_specified(bound, truth, output, [&](const Element& element) {
    all.add(element);
    if (unusable.empty() && !Tolerance::is_usable(element.tolerance))
      unusable = fmt::format("output {} has the tolerance {} at {}", field.name, element.tolerance, place(element));
  });
  if (!unusable.empty()) return unusable;
  if (shape.elements() > 0 && all.elements() == 0)
    return fmt::format("output {} has nothing but unspecified elements", field.name);
  if (all.weakness(bound.least_contrast()).empty()) return {};

  const double limit = all.rms_value() / bound.least_contrast();
  const Hopeless hopeless = find_hopeless(bound, truth, output, limit, all.elements() / 2);
  const std::string weak = weakness_without(hopeless, bound.least_contrast());
  if (!weak.empty())
    return fmt::format(
        "the tolerances of output {} tell nothing: {} of its {} elements have one of {:.3g} (1/{} of its RMS) or more, "
        "and {}; the first: {}{} is {} with a tolerance of {:.3g}",
        field.name, hopeless.count, all.elements(), limit, bound.least_contrast(), weak, field.name,
        place(hopeless.first), hopeless.first.expected, hopeless.first.tolerance);
  for (const ErrorScale::Open& element : hopeless.elements) truth.scale.leave_open(output, element);
  truth.scale.sort_open();
  return {};
}

Admission admit(const BoundCase& bound, const Expectation& expected) {
  Trials trials(bound, expected);
  const auto truth = [&](std::size_t output) -> const TensorRef& { return expected.truth.outputs[output][0]; };
  trials.try_one("zeros", [](std::size_t, std::int64_t) { return 0.0; });
  trials.try_one("a constant", [&](std::size_t output, std::int64_t) { return value_at(truth(output), 0); });
  const TensorPack& inputs = expected.inputs_of_truth();
  for (std::size_t field = 0; field < inputs.size(); ++field) {
    if (inputs[field].empty() || inputs[field][0].shape.elements() == 0) continue;
    const TensorRef& input = inputs[field][0];
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
