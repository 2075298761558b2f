// The contract: what an operator says of itself, once. Verification, timing, golden files, the command line and plugins
// read it from here. An operator is a plain struct of types; reference/position_encoding/sine_position_encoding.h is a
// whole one. describe<Op, dtypes…>() turns it into an OperatorEntry, which the harness walks without knowing its name.
//
// The meaning is stated on doubles: the harness widens inputs of every dtype exactly. Only kernels are typed.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "reference/domain.h"
#include "reference/recipe.h"
#include "reference/tensor.h"

namespace assay {

// ---- fields: how names meet members ----

/// What a plan may see of an input: shapes always, the values only of weights and shape inputs (such as `sizes`, which
/// stay on the host for every backend because the outputs' shapes depend on them).
enum class Role : std::uint8_t { activation, weight, shape };

/// A required parameter has no default; the others have the one their member is initialised with.
enum class Presence : std::uint8_t { defaulted, required };

template <class Struct, class Member>
struct Param {
  std::string_view name;
  Member Struct::*member;  ///< bool, std::int64_t, double, or std::optional<double> where the default is computed
  std::string_view meaning;
  Presence presence = Presence::defaulted;
  constexpr Param(std::string_view n, Member Struct::*m, std::string_view doc, Presence p = Presence::defaulted)
      : name(n), member(m), meaning(doc), presence(p) {}
};

/// `axes` names the extents, as in "B H W". The rank is checked from it, and that equal names have equal extents in all
/// inputs. A number is a fixed extent. `T*` may be zero, other extents may not. A last `…` stands for any number of
/// further extents. In a list the names hold for one element of it.
template <class Struct, class Member>
struct Input {
  std::string_view name;
  Member Struct::*member;  ///< View<const T>, List<const T> or Maybe<const T>
  std::string_view axes;
  Role role = Role::activation;
  constexpr Input(std::string_view n, Member Struct::*m, std::string_view a, Role r = Role::activation)
      : name(n), member(m), axes(a), role(r) {}
};

/// The constant c of the bound |got − r| ≤ c·u·S + tiny for an output computed in floating point. `derivation` says in
/// a line what S is and where c comes from; a comment beside the oracle says it whole.
///
/// `low` and `high` are the range that every value of the output lies in, whatever the inputs (a probability: 0 and 1);
/// infinite where there is none. An element whose tolerance tells nothing is still held to it.
struct ErrorBound {
  double c;
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  std::string_view derivation = {};
};
/// Marks an output on which the operator's own judge decides.
struct Judged {};

/// An output is exact (equal bits) unless it has an ErrorBound or is Judged.
template <class Struct, class Member>
struct Output {
  std::string_view name;
  Member Struct::*member;  ///< View<T>
  std::string_view axes;
  std::optional<ErrorBound> bound;
  bool judged = false;
  constexpr Output(std::string_view n, Member Struct::*m, std::string_view a) : name(n), member(m), axes(a) {}
  constexpr Output(std::string_view n, Member Struct::*m, std::string_view a, ErrorBound b)
      : name(n), member(m), axes(a), bound(b) {}
  constexpr Output(std::string_view n, Member Struct::*m, std::string_view a, Judged)
      : name(n), member(m), axes(a), judged(true) {}
};

// ---- what an oracle, a cost model and a judge give back ----

/// How ill-conditioned each element is: the scale S of the bound, S ≥ |r|, for every element of every inexact output.
class ErrorScale {
 public:
  struct Open {
    std::int64_t element;
    double low, high;  ///< the value must be finite and within [low, high], whatever it is
  };

  explicit ErrorScale(std::size_t outputs) : scales_(outputs), open_(outputs) {}

  /// The scales of an output, in contract order; empty where the output is exact.
  std::vector<double>& operator[](std::size_t output) { return scales_[output]; }
  const std::vector<double>& operator[](std::size_t output) const { return scales_[output]; }

  /// Marks an element the operator leaves unspecified.
  void leave_open(std::size_t output, Open open) { open_[output].push_back(open); }
  const std::vector<Open>& open(std::size_t output) const { return open_[output]; }
  /// The range of an element that is left open, or null; after sort_open().
  const Open* find_open(std::size_t output, std::int64_t element) const;
  /// Puts the open elements in order; an oracle may visit elements in any.
  void sort_open();

 private:
  std::vector<std::vector<double>> scales_;
  std::vector<std::vector<Open>> open_;
};

/// What any correct implementation must do: bytes moved to and from memory, floating-point operations.
struct Cost {
  double bytes = 0, flops = 0;
};

/// What a judge may ask of the outputs that have a bound.
struct ElementTolerance {
  DType dtype;                                                          ///< the operator's T
  std::function<double(std::size_t output, std::int64_t element)> tau;  ///< τ of one element of such an output
};

/// What an operator decides on its judged outputs, where several answers are right.
struct Judgement {
  double error_ratio = 0;  ///< share of the tolerance used; anything not ≤ 1 fails
  std::string reason;      ///< of a failure: one sentence
};

/// A change to a kernel that the operator's meaning does not see, so that no case can tell it: see
/// bench/planted/mutants.h, whose names these are.
struct Equivalent {
  std::string_view field, change, reason;
};

/// A case of 64 MB and more of inputs or outputs becomes large by itself; any other only where kernels take too long.
enum class Tier : std::uint8_t { small, workload, large };
std::string_view name_of(Tier tier);
/// The tier of that name, or none.
std::optional<Tier> tier_named(std::string_view name);

struct CaseInput {
  std::string_view field;  ///< several with one name make a list
  Shape shape;
  Recipe recipe;
};

/// A named workload of Op, with its source.
template <class Op>
struct CaseOf {
  std::string name;
  std::string source;
  typename Op::Params params;
  std::vector<CaseInput> inputs;
  Tier tier = Tier::workload;
};

/// What every operator must say. Params, Inputs<T> and Outputs<T> have a static fields(); T is the element type of the
/// data tensors, the dtype axis.
template <class Op>
concept Operator = requires(const typename Op::Params& params, const typename Op::template Inputs<double>& inputs,
                            const typename Op::template Outputs<double>& truth, ErrorScale& scale, std::int64_t bytes) {
  { Op::name } -> std::convertible_to<std::string_view>;
  { Op::summary } -> std::convertible_to<std::string_view>;
  { Op::formula } -> std::convertible_to<std::string_view>;
  { Op::source } -> std::convertible_to<std::string_view>;
  Op::Params::fields();
  Op::template Inputs<double>::fields();
  Op::template Outputs<double>::fields();
  { Op::infer(params, inputs) } -> std::same_as<std::vector<Shape>>;
  { Op::oracle(params, inputs, truth, scale) } -> std::same_as<void>;
  { Op::cost(params, inputs, bytes) } -> std::same_as<Cost>;
  { Op::cases() } -> std::same_as<std::vector<CaseOf<Op>>>;
  { Op::domain() } -> std::same_as<Domain>;
};

/// An operator may refuse the values of its activations before anything runs on them (NaN costs, labels out of range).
template <class Op>
concept ValidatesValues = requires(const typename Op::Params& params,
                                   const typename Op::template Inputs<double>& inputs) {
  { Op::validate(params, inputs) } -> std::same_as<void>;
};

/// An operator with several right answers decides on its Judged outputs itself.
template <class Op>
concept JudgesItself = requires(const typename Op::Params& params, const typename Op::template Inputs<double>& inputs,
                                const typename Op::template Outputs<double>& got,
                                const typename Op::template Outputs<double>& truth, const ElementTolerance& tolerance) {
  { Op::judge(params, inputs, got, truth, tolerance) } -> std::same_as<Judgement>;
};

/// An operator may declare which mutants made from its contract are equal to it.
template <class Op>
concept DeclaresEquivalents = requires {
  { Op::equivalents() } -> std::same_as<std::vector<Equivalent>>;
};

// ---- the erased form: all that bench/, golden/ and a C ABI see ----

/// A parameter's value. `absent` stands for an optional one whose default the operator computes.
struct Scalar {
  enum class Kind : std::uint8_t { absent, boolean, integer, real };
  Kind kind = Kind::absent;
  union {
    bool boolean;
    std::int64_t integer = 0;
    double real;
  };
  constexpr Scalar() = default;
  constexpr Scalar(bool value) : kind(Kind::boolean), boolean(value) {}
  constexpr Scalar(std::int64_t value) : kind(Kind::integer), integer(value) {}
  constexpr Scalar(double value) : kind(Kind::real), real(value) {}
};
std::string to_string(const Scalar& value);
using Scalars = std::vector<Scalar>;                              ///< in contract order, defaults filled in
using NamedScalars = std::map<std::string, Scalar, std::less<>>;  ///< as files and the command line give them

struct ParamInfo {
  std::string_view name, meaning;
  Scalar::Kind kind;
  bool required, optional;
  Scalar default_value;
};

enum class Arity : std::uint8_t { one, list, optional };

struct FieldInfo {
  std::string_view name, axes;
  DType dtype = DType::f32;
  Arity arity = Arity::one;
  Role role = Role::activation;
  bool carries_dtype = false;       ///< its element type is the operator's dtype T
  std::optional<ErrorBound> bound;  ///< of an output computed in floating point
  bool judged = false;              ///< an output on which the operator's judge decides
  DType oracle_dtype = DType::f64;  ///< what the oracle writes for it
};

/// A case in erased form.
struct Case {
  std::string name, source;
  Scalars params;
  std::vector<CaseInput> inputs;
  Tier tier = Tier::small;
};

/// An operator's fields at one dtype.
struct OperatorInstance {
  DType dtype;
  std::vector<FieldInfo> inputs, outputs;
};

/// An operator. Its functions take host tensors in contract order and throw InvalidArgument; `widened` inputs and `got`
/// have f64 where the instance's field carries the dtype (see widen()).
struct OperatorEntry {
  std::string_view name, summary, formula, source;
  std::vector<ParamInfo> params;
  std::vector<OperatorInstance> instances;                             ///< one for each dtype, the principal one first
  std::vector<Shape> (*infer)(std::span<const Scalar>, Slots inputs);  ///< reads shape inputs alone, of any dtype
  void (*oracle)(std::span<const Scalar>, Slots widened, Slots truth, ErrorScale&);
  Cost (*cost)(std::span<const Scalar>, Slots widened, std::int64_t element_bytes);
  void (*validate)(std::span<const Scalar>, Slots widened);  ///< null: any values will do
  Judgement (*judge)(std::span<const Scalar>, Slots widened, Slots got, Slots truth,
                     const ElementTolerance&);  ///< null: no output is judged
  std::vector<Case> (*cases)();
  std::shared_ptr<const Domain> domain;      ///< what drawn cases are made from
  std::vector<Equivalent> (*equivalents)();  ///< null: none

  const OperatorInstance* find(DType dtype) const;
};

/// Parameters in contract order. Unknown, missing and mistyped ones are InvalidArgument; an integer serves for a real.
Scalars resolve(const OperatorEntry& op, const NamedScalars& given);

/// Validates dtypes, ranks, extents and the agreement of named axes, then asks the operator for the shapes of its
/// outputs. The activations' data may be null.
std::vector<Shape> infer(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
                         Slots inputs);

/// The tensors with those fields that carry the operator's dtype as f64, exactly. The others are shared, not copied,
/// and `tensors` must outlive the result.
TensorPack widen(std::span<const FieldInfo> fields, const TensorPack& tensors);

/// Throws std::logic_error if an output's bound has no derivation.
void check_derivations(const OperatorEntry& op);

/// Throws what the operator finds wrong with the inputs' values, of any dtype.
void validate(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
              const TensorPack& inputs);

/// The words of an axes string: "B", "2", "T*", "…".
std::vector<std::string_view> words_of(std::string_view axes);

/// The place of the input of that name among the instance's. Rejects a name that the operator does not have.
std::size_t place_of_input(const OperatorEntry& op, const OperatorInstance& instance, std::string_view case_name,
                           std::string_view name);

/// The inputs of a case by their shapes. Only what the outputs' shapes depend on is filled, so that a large case can be
/// sized without being made.
TensorPack described_inputs(const OperatorEntry& op, const OperatorInstance& instance, std::string_view case_name,
                            std::span<const CaseInput> inputs);

// ---- helpers for the operators' own files ----

/// Throws InvalidArgument "operator: message".
[[noreturn]] void reject(std::string_view op, const std::string& message);
/// Rejects a parameter that is not positive.
void require_positive(std::string_view op, std::string_view parameter, std::int64_t value);

// ---- the adapter from the erased to the typed form, for describe() and KernelTable ----

namespace detail {

template <class Member>
struct MemberTraits;
template <class T>
struct MemberTraits<View<T>> {
  using Element = T;
  static constexpr Arity arity = Arity::one;
};
template <class T>
struct MemberTraits<List<T>> {
  using Element = T;
  static constexpr Arity arity = Arity::list;
};
template <class T>
struct MemberTraits<Maybe<T>> {
  using Element = T;
  static constexpr Arity arity = Arity::optional;
};

template <class T>
View<T> typed(const TensorRef& tensor) {
  return {static_cast<T*>(tensor.data), tensor.shape};
}
template <class T>
void bind(View<T>& to, const Slot& from) {
  to = typed<T>(from.tensors[0]);
}
template <class T>
void bind(Maybe<T>& to, const Slot& from) {
  if (from.count != 0) to = typed<T>(from.tensors[0]);
}
template <class T>
void bind(List<T>& to, const Slot& from) {
  to.reserve(from.count);
  for (std::size_t i = 0; i < from.count; ++i) to.push_back(typed<T>(from.tensors[i]));
}

/// The struct of views over slots that have been validated.
template <class Struct>
Struct bind_all(Slots from) {
  Struct to;
  std::size_t i = 0;
  std::apply([&](const auto&... field) { (bind(to.*(field.member), from[i++]), ...); }, Struct::fields());
  return to;
}

template <class T>
T get(const Scalar& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.boolean;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return value.integer;
  } else if constexpr (std::is_same_v<T, double>) {
    return value.real;
  } else {
    return value.kind == Scalar::Kind::absent ? T{} : T{value.real};
  }
}
template <class T>
Scalar to_scalar(const T& value) {
  if constexpr (std::is_same_v<T, std::optional<double>>) {
    return value ? Scalar(*value) : Scalar();
  } else {
    return Scalar(value);
  }
}
template <class T>
constexpr Scalar::Kind kind_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return Scalar::Kind::boolean;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return Scalar::Kind::integer;
  } else {
    return Scalar::Kind::real;
  }
}

template <class Op>
typename Op::Params bind_params(std::span<const Scalar> from) {
  typename Op::Params to;
  std::size_t i = 0;
  std::apply(
      [&](const auto&... param) {
        ((to.*(param.member) = get<std::decay_t<decltype(to.*(param.member))>>(from[i++])), ...);
      },
      Op::Params::fields());
  return to;
}
template <class Op>
Scalars to_scalars(const typename Op::Params& params) {
  Scalars to;
  std::apply([&](const auto&... param) { (to.push_back(to_scalar(params.*(param.member))), ...); },
             Op::Params::fields());
  return to;
}

template <class Op>
std::vector<ParamInfo> param_infos() {
  std::vector<ParamInfo> infos;
  const typename Op::Params defaults{};
  const auto add = [&](const auto& param) {
    using Member = std::decay_t<decltype(defaults.*(param.member))>;
    infos.push_back({param.name, param.meaning, kind_of<Member>(), param.presence == Presence::required,
                     std::is_same_v<Member, std::optional<double>>, to_scalar(defaults.*(param.member))});
  };
  std::apply([&](const auto&... param) { (add(param), ...); }, Op::Params::fields());
  return infos;
}

template <class Struct, class Member>
constexpr DType element_dtype(Member Struct::*) {
  return DTypeOf<std::remove_const_t<typename MemberTraits<Member>::Element>>::value;
}
template <class Struct, class Member>
constexpr Arity arity_of(Member Struct::*) {
  return MemberTraits<Member>::arity;
}

template <class Struct>
std::vector<DType> element_dtypes() {
  std::vector<DType> dtypes;
  std::apply([&](const auto&... field) { (dtypes.push_back(element_dtype(field.member)), ...); }, Struct::fields());
  return dtypes;
}

/// A field follows the dtype T if its element type is another one with T = double.
template <class Field>
FieldInfo field_info(const Field& field, DType with_double) {
  FieldInfo info;
  info.name = field.name;
  info.axes = field.axes;
  info.dtype = element_dtype(field.member);
  info.arity = arity_of(field.member);
  info.carries_dtype = info.dtype != with_double;
  info.oracle_dtype = with_double;
  if constexpr (requires { field.role; }) info.role = field.role;
  if constexpr (requires { field.bound; }) {
    info.bound = field.bound;
    info.judged = field.judged;
  }
  return info;
}

template <class Struct, class StructOfDoubles>
std::vector<FieldInfo> field_infos() {
  const std::vector<DType> with_double = element_dtypes<StructOfDoubles>();
  std::vector<FieldInfo> infos;
  std::apply([&](const auto&... field) { (infos.push_back(field_info(field, with_double[infos.size()])), ...); },
             Struct::fields());
  return infos;
}

template <class Op, class T>
OperatorInstance instance() {
  static_assert(!std::is_same_v<T, double>, "f64 is the oracle's own dtype: no kernel is offered in it");
  return {DTypeOf<T>::value, field_infos<typename Op::template Inputs<T>, typename Op::template Inputs<double>>(),
          field_infos<typename Op::template Outputs<T>, typename Op::template Outputs<double>>()};
}

template <Operator Op>
void bind_functions(OperatorEntry& entry) {
  using Inputs = typename Op::template Inputs<double>;
  using Outputs = typename Op::template Outputs<double>;
  entry.infer = [](std::span<const Scalar> params, Slots in) {
    return Op::infer(bind_params<Op>(params), bind_all<Inputs>(in));
  };
  entry.oracle = [](std::span<const Scalar> params, Slots in, Slots truth, ErrorScale& scale) {
    Op::oracle(bind_params<Op>(params), bind_all<Inputs>(in), bind_all<Outputs>(truth), scale);
  };
  entry.cost = [](std::span<const Scalar> params, Slots in, std::int64_t element_bytes) {
    return Op::cost(bind_params<Op>(params), bind_all<Inputs>(in), element_bytes);
  };
  if constexpr (ValidatesValues<Op>) {
    entry.validate = [](std::span<const Scalar> params, Slots in) {
      Op::validate(bind_params<Op>(params), bind_all<Inputs>(in));
    };
  }
  if constexpr (JudgesItself<Op>) {
    entry.judge = [](std::span<const Scalar> params, Slots in, Slots got, Slots truth,
                     const ElementTolerance& tolerance) {
      return Op::judge(bind_params<Op>(params), bind_all<Inputs>(in), bind_all<Outputs>(got), bind_all<Outputs>(truth),
                       tolerance);
    };
  }
}

template <class Op>
Case erase(CaseOf<Op>&& typed) {
  return {std::move(typed.name), std::move(typed.source), to_scalars<Op>(typed.params), std::move(typed.inputs),
          typed.tier};
}

}  // namespace detail

/// The erased form of an operator over the dtypes it is offered in, the principal one first.
template <class Op, class... Ts>
OperatorEntry describe() {
  OperatorEntry entry{};
  entry.name = Op::name;
  entry.summary = Op::summary;
  entry.formula = Op::formula;
  entry.source = Op::source;
  entry.params = detail::param_infos<Op>();
  (entry.instances.push_back(detail::instance<Op, Ts>()), ...);
  detail::bind_functions<Op>(entry);
  entry.cases = [] {
    std::vector<Case> erased;
    for (CaseOf<Op>& typed : Op::cases()) erased.push_back(detail::erase<Op>(std::move(typed)));
    return erased;
  };
  if constexpr (DeclaresEquivalents<Op>) entry.equivalents = Op::equivalents;
  check_derivations(entry);
  entry.domain = std::make_shared<const Domain>(Op::domain());
  check_domain(entry);
  return entry;
}

}  // namespace assay
