// What the contract checks for every operator alike: parameters by name, and inputs against their declared axes.
#include "reference/operator.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace assay {
namespace {

std::string_view name_of(Scalar::Kind kind) {
  switch (kind) {
    case Scalar::Kind::absent: return "none";
    case Scalar::Kind::boolean: return "a boolean";
    case Scalar::Kind::integer: return "an integer";
    case Scalar::Kind::real: return "a real number";
  }
  return "?";
}

/// Kernels may hold parameters in float32, where smaller values lose digits or become 0 and larger ones become
/// infinite.
void check_real(const OperatorEntry& op, const ParamInfo& param, double value) {
  using Float = std::numeric_limits<float>;
  if (!std::isfinite(value))
    reject(op.name, fmt::format("parameter {} is {}, but a finite number is needed", param.name, value));
  const double magnitude = std::abs(value);
  if (magnitude != 0 && !(magnitude >= Float::min() && magnitude <= Float::max())) {
    reject(op.name,
           fmt::format("parameter {} is {}, but it must be 0 or have a magnitude that float32 holds, from {} to {}",
                       param.name, value, Float::min(), Float::max()));
  }
}

Scalar convert(const OperatorEntry& op, const ParamInfo& param, const Scalar& given) {
  if (given.kind == Scalar::Kind::integer && param.kind == Scalar::Kind::real)
    return Scalar(static_cast<double>(given.integer));
  if (given.kind != param.kind) {
    reject(op.name, fmt::format("parameter {} is {} ({}), but {} is needed", param.name, to_string(given),
                                name_of(given.kind), name_of(param.kind)));
  }
  if (given.kind == Scalar::Kind::real) check_real(op, param, given.real);
  return given;
}

// ---- axes ----

struct Axis {
  std::string_view name;
  bool may_be_zero = false;
  std::optional<std::int64_t> fixed;
};

struct Axes {
  std::vector<Axis> named;
  bool open = false;  ///< any number of further extents may follow
};

Axes parse_axes(std::string_view text) {
  Axes axes;
  for (const std::string_view word : words_of(text)) {
    Axis axis{word, false, {}};
    if (axis.name == "…") {
      axes.open = true;
      continue;
    }
    if (axis.name.ends_with('*')) {
      axis.may_be_zero = true;
      axis.name.remove_suffix(1);
    }
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(axis.name.data(), axis.name.data() + axis.name.size(), number);
    if (error == std::errc() && stop == axis.name.data() + axis.name.size()) axis.fixed = number;
    axes.named.push_back(axis);
  }
  return axes;
}

/// The extents already bound to axis names, and which tensor bound each.
using Bindings = std::map<std::string_view, std::pair<std::int64_t, std::string>>;

void check_tensor(std::string_view op, const FieldInfo& field, const std::string& name, const TensorRef& tensor,
                  Bindings& bindings) {
  if (tensor.dtype != field.dtype)
    reject(op, fmt::format("input {} is {}, but {} is needed", name, name_of(tensor.dtype), name_of(field.dtype)));
  const Axes axes = parse_axes(field.axes);
  const Shape& shape = tensor.shape;
  if (axes.open ? shape.rank() < axes.named.size() : shape.rank() != axes.named.size()) {
    reject(op, fmt::format("input {} has shape {} of rank {}, but rank {}{} is needed: [{}]", name, to_string(shape),
                           shape.rank(), axes.named.size(), axes.open ? " or more" : "", field.axes));
  }
  for (std::size_t d = axes.named.size(); d < shape.rank(); ++d)
    if (shape[d] <= 0)
      reject(op, fmt::format("input {} has shape {}, but extent {} must be positive", name, to_string(shape), d));
  for (std::size_t d = 0; d < axes.named.size(); ++d) {
    const Axis& axis = axes.named[d];
    if (shape[d] < 0 || (shape[d] == 0 && !axis.may_be_zero && !axis.fixed))
      reject(op, fmt::format("input {} has shape {}, but extent {} of [{}] must be positive", name, to_string(shape),
                             axis.name, field.axes));
    if (axis.fixed && shape[d] != *axis.fixed)
      reject(op,
             fmt::format("input {} has shape {}, but extent {} must be {}", name, to_string(shape), d, *axis.fixed));
    if (axis.fixed) continue;
    const auto [bound, fresh] = bindings.try_emplace(axis.name, shape[d], name);
    if (!fresh && bound->second.first != shape[d]) {
      reject(op, fmt::format("input {} has shape {}, so that {} is {}, but {} has {} = {}", name, to_string(shape),
                             axis.name, shape[d], bound->second.second, axis.name, bound->second.first));
    }
  }
  if (!checked_elements(shape))
    reject(op, fmt::format("input {} has shape {}, more elements than can be addressed", name, to_string(shape)));
}

void check_field(std::string_view op, const FieldInfo& field, const Slot& slot, Bindings& bindings) {
  if (field.arity == Arity::list) {
    if (slot.count == 0) reject(op, fmt::format("{} is an empty list, but at least one tensor is needed", field.name));
    for (std::size_t i = 0; i < slot.count; ++i) {
      Bindings of_one_element;
      check_tensor(op, field, fmt::format("{}.{}", field.name, i), slot.tensors[i], of_one_element);
    }
    return;
  }
  if (slot.count == 0 && field.arity == Arity::optional) return;
  if (slot.count != 1) reject(op, fmt::format("input {} is missing", field.name));
  check_tensor(op, field, std::string(field.name), slot.tensors[0], bindings);
}

}  // namespace

void ErrorScale::sort_open() {
  for (auto& elements : open_)
    std::sort(elements.begin(), elements.end(), [](const Open& a, const Open& b) { return a.element < b.element; });
}

const ErrorScale::Open* ErrorScale::find_open(std::size_t output, std::int64_t element) const {
  const auto& open = open_[output];
  const auto found = std::lower_bound(open.begin(), open.end(), element,
                                      [](const Open& place, std::int64_t wanted) { return place.element < wanted; });
  return found != open.end() && found->element == element ? &*found : nullptr;
}

std::string_view name_of(Tier tier) {
  switch (tier) {
    case Tier::small: return "small";
    case Tier::workload: return "workload";
    case Tier::large: return "large";
  }
  return "?";
}

std::optional<Tier> tier_named(std::string_view name) {
  for (const Tier tier : {Tier::small, Tier::workload, Tier::large})
    if (name_of(tier) == name) return tier;
  return std::nullopt;
}

std::string to_string(const Scalar& value) {
  switch (value.kind) {
    case Scalar::Kind::absent: return "none";
    case Scalar::Kind::boolean: return value.boolean ? "true" : "false";
    case Scalar::Kind::integer: return fmt::format("{}", value.integer);
    case Scalar::Kind::real: return fmt::format("{}", value.real);
  }
  return "?";
}

const OperatorInstance* OperatorEntry::find(DType dtype) const {
  for (const OperatorInstance& instance : instances)
    if (instance.dtype == dtype) return &instance;
  return nullptr;
}

Scalars resolve(const OperatorEntry& op, const NamedScalars& given) {
  for (const auto& [name, value] : given) {
    const std::string& wanted = name;  // clang 14 does not let a lambda capture a structured binding
    const auto known =
        std::find_if(op.params.begin(), op.params.end(), [&](const ParamInfo& p) { return p.name == wanted; });
    if (known != op.params.end()) continue;
    std::vector<std::string_view> names;
    for (const ParamInfo& param : op.params) names.push_back(param.name);
    reject(op.name, names.empty() ? fmt::format("there is no parameter {}; it takes none", name)
                                  : fmt::format("there is no parameter {}; it takes {}", name, fmt::join(names, ", ")));
  }
  Scalars resolved;
  for (const ParamInfo& param : op.params) {
    const auto found = given.find(param.name);
    if (found == given.end() && param.required)
      reject(op.name, fmt::format("parameter {} is missing and has no default", param.name));
    resolved.push_back(found == given.end() ? param.default_value : convert(op, param, found->second));
  }
  return resolved;
}

std::vector<Shape> infer(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
                         Slots inputs) {
  Bindings bindings;
  for (std::size_t i = 0; i < instance.inputs.size(); ++i)
    check_field(op.name, instance.inputs[i], inputs[i], bindings);
  std::vector<Shape> shapes = op.infer(params, inputs);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (!checked_elements(shapes[i])) {
      reject(op.name, fmt::format("output {} would have shape {}, more elements than can be addressed",
                                  instance.outputs[i].name, to_string(shapes[i])));
    }
  }
  return shapes;
}

TensorPack widen(std::span<const FieldInfo> fields, const TensorPack& tensors) {
  TensorPack wide(tensors.size());
  for (std::size_t field = 0; field < tensors.size(); ++field)
    for (const TensorRef& tensor : tensors[field])
      wide[field].push_back(fields[field].carries_dtype ? widened(wide, tensor) : tensor);
  return wide;
}

void check_derivations(const OperatorEntry& op) {
  for (const FieldInfo& output : op.instances.front().outputs)
    if (output.bound && output.bound->derivation.empty())
      throw std::logic_error(fmt::format("{}: the bound of output {} has no derivation", op.name, output.name));
}

void validate(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
              const TensorPack& inputs) {
  if (op.validate != nullptr) op.validate(params, widen(instance.inputs, inputs).slots());
}

std::vector<std::string_view> words_of(std::string_view axes) {
  std::vector<std::string_view> words;
  while (!axes.empty()) {
    const std::size_t end = std::min(axes.find(' '), axes.size());
    words.push_back(axes.substr(0, end));
    axes.remove_prefix(std::min(end + 1, axes.size()));
  }
  return words;
}

std::size_t place_of_input(const OperatorEntry& op, const OperatorInstance& instance, std::string_view case_name,
                           std::string_view name) {
  for (std::size_t i = 0; i < instance.inputs.size(); ++i)
    if (instance.inputs[i].name == name) return i;
  reject(op.name, fmt::format("case {} makes an input {}, which the operator does not have", case_name, name));
}

TensorPack described_inputs(const OperatorEntry& op, const OperatorInstance& instance, std::string_view case_name,
                            std::span<const CaseInput> inputs) {
  TensorPack pack(instance.inputs.size());
  for (const CaseInput& input : inputs) {
    const std::size_t place = place_of_input(op, instance, case_name, input.field);
    const FieldInfo& field = instance.inputs[place];
    if (field.role != Role::shape) {
      pack[place].push_back({nullptr, field.dtype, input.shape});
      continue;
    }
    pack[place].push_back(new_host_tensor(pack, field.dtype, input.shape));
    fill(pack[place].back(), input.recipe, 0);
  }
  return pack;
}

void reject(std::string_view op, const std::string& message) {
  throw InvalidArgument(fmt::format("{}: {}", op, message));
}

void require_positive(std::string_view op, std::string_view parameter, std::int64_t value) {
  if (value <= 0) reject(op, fmt::format("{} is {}, but it must be positive", parameter, value));
}

}  // namespace assay
