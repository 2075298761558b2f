// What a case expects: the truth of one set of input values, whether the case can fail at all, and what its golden file
// adds. Start with expect().
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases/cases.h"
#include "bench/cases/row.h"
#include "bench/verdict/compare.h"
#include "bench/verdict/sampling.h"

namespace assay::bench {

/// What the operator says of one set of inputs.
struct Evaluation {
  std::vector<Shape> shapes;  ///< of the outputs, whole
  TensorPack widened;         ///< the inputs that the truth is of, as doubles; kept only if the operator judges results
  Cost cost;
  Truth truth;  ///< of all outputs, or of their sampled slices
};

/// A case with one set of input values: the truth for every backend.
struct Expectation : Evaluation {
  TensorPack inputs;
  std::optional<Sample> sample;              ///< the slices that the truth is of; without one it is whole
  TensorPack sampled_inputs;                 ///< what those slices depend on
  std::string invalid;                       ///< why the case is no test; empty if it is one
  std::string unavailable;                   ///< why there is no truth here, for lack of memory; empty if there is one
  std::vector<std::string_view> told_apart;  ///< the wrong candidates that differ from the truth; all are refused
  std::string witness;  ///< f64 or f32: what the golden file confirmed the oracle with; empty without one
  std::shared_ptr<const RecordedOutputs> recorded;  ///< null without a golden file, or if it is invalid

  const TensorPack& inputs_of_truth() const { return sample ? sampled_inputs : inputs; }
  std::vector<Shape> shapes_of_truth() const;
};

/// The oracle's outputs, which have these shapes, and their error scales.
Truth evaluate_oracle(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
                      Slots widened, std::span<const Shape> shapes);

/// Widens `inputs` and asks the operator about them. Throws InvalidArgument if the operator refuses the values.
/// `inputs` must outlive the result.
Evaluation evaluate(const BoundCase& bound, const TensorPack& inputs);

/// The truth of `inputs` alone, for outputs of these shapes: infer() is not asked, since sampled slices may be of
/// another shape than what it would say of them. Keeps the widened inputs in `widened` if the operator judges results.
Truth truth_of(const BoundCase& bound, const TensorPack& inputs, std::span<const Shape> shapes,
               TensorPack* widened = nullptr);

/// What the operator's judge says of `results` on the host; the operator has one.
Judgement ask_judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results);

/// Evaluates the oracle, of slices alone where the whole truth is beyond `limits` or the memory; asks whether the case
/// can fail at all, and judges the outputs of its golden file if it has one.
Expectation expect(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase, const SampleLimits& limits = {});

/// A companion of a case, and the truth of it.
struct Companion {
  BoundCase bound;
  Expectation expected;
};

/// A companion, without admission: that its case can fail is not asked. Nothing if it leaves no test or no memory is
/// left for it.
std::unique_ptr<const Companion> expect_companion(const BoundCase& bound, std::uint64_t seed);

/// The same case on other values: the elements of every activation move along by a third. Nothing if that changes no
/// value or leaves no test.
std::optional<Expectation> expect_varied(const BoundCase& bound, const Expectation& expected);

}  // namespace assay::bench
