// Planted mistakes: backends that compute one operator each with exactly one thing wrong, for the tests alone. Each
// must end in FAILED through `verify`, and the same kernel without a mistake in PASSED. An operator's file holds a
// kernel with replaceable parts, and a Plant object that lists its mistakes; planted_backends() makes the backends.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "backends/backend.h"
#include "bench/planted/common.h"

namespace assay::bench::planted {

/// One mistake of one operator, or a control, which has none.
struct Planting {
  std::string_view op;
  std::string name;
  std::string mistake;        ///< in words; empty for a control
  std::string expected;       ///< a part of the reason for which it must FAIL
  std::vector<DType> dtypes;  ///< empty: the operator's principal one
  std::function<ErasedKernel(const OperatorEntry&, const OperatorInstance&)> kernel;
};

/// All of them, as the files register them.
std::vector<Planting>& plantings();

/// Runs `run` on inputs widened to double and brings its results to the outputs' dtypes. What it leaves unwritten stays
/// as memory held it. Fields that do not carry the operator's dtype are the kernel's own memory.
template <class Op, class Run>
ErasedKernel on_doubles(const OperatorInstance& instance, Run run) {
  return [run, &instance](std::span<const Scalar> params, Slots inputs, Slots outputs) {
    const TensorPack in = pack_of(inputs), out = pack_of(outputs);
    const TensorPack wide = widen(instance.inputs, in), results = widen(instance.outputs, out);
    run(detail::bind_params<Op>(params), detail::bind_all<typename Op::template Inputs<double>>(wide.slots()),
        detail::bind_all<typename Op::template Outputs<double>>(results.slots()));
    for (std::size_t i = 0; i < out.size(); ++i)
      for (std::int64_t at = 0; instance.outputs[i].carries_dtype && at < out[i][0].shape.elements(); ++at)
        set_value(out[i][0], at, value_at(results[i][0], at));
  };
}

/// At which dtypes an operator's mistakes are planted, how they must be noticed, and over what.
struct Ground {
  std::vector<DType> dtypes = {};        ///< empty: the principal one
  std::string_view suffix = {};          ///< of all names, where an operator has several grounds
  std::string_view wrong = wrong_value;  ///< how the operator's judge begins, if it has one
  bool common_over_own = false;          ///< the common mistakes over the file's kernel instead of the oracle
};

/// A mistake of an operator's own: its file's kernel with one part replaced. `Mistake` is the file's struct of
/// replaceable parts, whose defaults are right.
template <class Mistake>
struct Own {
  std::string name, words;
  Mistake mistake;
};
template <class Mistake>
using Owns = std::vector<Own<Mistake>>;
template <class Mistake, class Part>
Owns<Mistake> wrong(std::string_view name, std::string_view words, Part Mistake::*part,
                    std::type_identity_t<Part> replacement) {
  Owns<Mistake> own{{std::string(name), std::string(words), {}}};
  own[0].mistake.*part = replacement;
  return own;
}
/// No mistake but another way to be right, which must end in PASSED like the control.
template <class Mistake, class Part>
Owns<Mistake> honest(std::string_view name, Part Mistake::*part, std::type_identity_t<Part> replacement) {
  return wrong(name, "", part, replacement);
}
/// A value on the way through TF32, float16 and bfloat16: three mistakes.
template <class Mistake>
Owns<Mistake> rounded(std::string_view name, std::string_view words, Value Mistake::*part) {
  Owns<Mistake> own;
  for (const NarrowFormat& format : narrow_formats) {
    const Owns<Mistake> one = wrong(fmt::format("{}_{}", name, format.name),
                                    fmt::format("{} in {}", words, format.words), part, format.value);
    own.insert(own.end(), one.begin(), one.end());
  }
  return own;
}

/// The mistakes of one operator, registered when made: those of its own, and those that any operator can make.
template <class Op>
class Plant {
 public:
  template <class Mistake>
  using Run = void (*)(const Mistake&, const typename Op::Params&, const typename Op::template Inputs<double>&,
                       const typename Op::template Outputs<double>&);

  template <class Mistake>
  Plant(Run<Mistake> run, std::initializer_list<std::type_identity_t<Owns<Mistake>>> own,
        std::initializer_list<Commons> common, const Ground& ground = {}) {
    const auto kernel = [run](const Mistake& mistake) {
      return [=](const OperatorEntry&, const OperatorInstance& instance) {
        return on_doubles<Op>(instance, [=](const auto&... fields) { run(mistake, fields...); });
      };
    };
    const auto right = [=, over_own = ground.common_over_own](const OperatorEntry& op, const OperatorInstance& at) {
      return over_own ? kernel(Mistake{})(op, at) : oracle_kernel(op, at);
    };
    add(ground, "control", "", {}, kernel(Mistake{}));
    for (const Owns<Mistake>& several : own)
      for (const auto& [name, words, mistake] : several) add(ground, name, words, {}, kernel(mistake));
    for (const Commons& several : common)
      for (const Common& one : several)
        add(ground, one.name, one.words, one.expected,
            [=](const OperatorEntry& op, const OperatorInstance& at) { return one.spoil(right(op, at), at); });
  }

 private:
  static void add(const Ground& ground, std::string_view name, std::string_view words, std::string_view expected,
                  decltype(Planting::kernel) kernel) {
    plantings().push_back({Op::name, std::string(name) + std::string(ground.suffix), std::string(words),
                           std::string(expected.empty() ? ground.wrong : expected), ground.dtypes, std::move(kernel)});
  }
};

/// A backend with one planting, at each of its dtypes. Its name is planted.<operator>.<name>.
class Planted final : public HostBackend {
 public:
  explicit Planted(const Planting& planting);

  std::string_view name() const override { return name_; }
  std::string_view description() const override {
    return is_control() ? std::string_view("a control") : planting_.mistake;
  }
  Claims claims() const override { return {.honours_threads = false}; }

  const Planting& planting() const { return planting_; }
  const std::vector<DType>& dtypes() const { return dtypes_; }
  bool is_control() const { return planting_.mistake.empty(); }

 private:
  const Planting& planting_;
  std::string name_;
  std::vector<DType> dtypes_;
};

/// One for each planting. They live as long as the program; a deque, because backends are known by their addresses.
std::deque<Planted>& planted_backends();

}  // namespace assay::bench::planted
