// Making mutants from a contract, and trying them on cases.
#include "bench/planted/mutants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "bench/planted/oracle_kernel.h"
#include "bench/planted/rounding.h"
#include "bench/verdict/guard.h"
#include "bench/verdict/judge.h"

namespace assay::bench {
namespace {

constexpr std::uint64_t stale_seed = 0x57A1E;  // of what memory holds before a kernel writes

bool equal(const Scalar& a, const Scalar& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Scalar::Kind::absent: return true;
    case Scalar::Kind::boolean: return a.boolean == b.boolean;
    case Scalar::Kind::integer: return a.integer == b.integer;
    case Scalar::Kind::real: return a.real == b.real;
  }
  return false;
}

// ---- tensors, slice by slice ----

/// A tensor seen along one axis: `outer` times `extent` slices of `bytes` bytes.
struct Along {
  std::byte* data;
  std::int64_t outer, extent, bytes;

  Along(const TensorRef& tensor, std::size_t axis)
      : data(static_cast<std::byte*>(tensor.data)), outer(1), extent(tensor.shape[axis]) {
    bytes = static_cast<std::int64_t>(size_of(tensor.dtype));
    for (std::size_t d = 0; d < axis; ++d) outer *= tensor.shape[d];
    for (std::size_t d = axis + 1; d < tensor.shape.rank(); ++d) bytes *= tensor.shape[d];
  }
  std::byte* slice(std::int64_t block, std::int64_t i) const { return data + (block * extent + i) * bytes; }
  std::byte* end(std::int64_t block) const { return slice(block, extent); }
};

void zero_last_slice(const TensorRef& tensor, std::size_t axis) {
  const Along along(tensor, axis);
  for (std::int64_t block = 0; block < along.outer && along.extent > 0; ++block)
    std::fill(along.slice(block, along.extent - 1), along.end(block), std::byte{0});
}

void swap_last_slices(const TensorRef& tensor, std::size_t axis) {
  const Along along(tensor, axis);
  for (std::int64_t block = 0; block < along.outer && along.extent > 1; ++block)
    std::swap_ranges(along.slice(block, along.extent - 2), along.slice(block, along.extent - 1),
                     along.slice(block, along.extent - 1));
}

void roll_by_one(const TensorRef& tensor, std::size_t axis) {
  const Along along(tensor, axis);
  for (std::int64_t block = 0; block < along.outer && along.extent > 1; ++block)
    std::rotate(along.slice(block, 0), along.slice(block, along.extent - 1), along.end(block));
}

/// Swaps two axes of one extent in memory.
void transpose(const TensorRef& tensor, std::size_t first, std::size_t second) {
  if (tensor.shape[first] != tensor.shape[second]) return;
  const auto size = size_of(tensor.dtype);
  const std::int64_t elements = tensor.shape.elements();
  std::vector<std::byte> from(static_cast<std::size_t>(elements) * size);
  if (!from.empty()) std::memcpy(from.data(), tensor.data, from.size());
  for (std::int64_t i = 0; i < elements; ++i) {
    Shape index = tensor.shape;
    std::int64_t rest = i, at = 0;
    for (std::size_t d = index.rank(); d-- > 0; rest /= tensor.shape[d]) index[d] = rest % tensor.shape[d];
    std::swap(index[first], index[second]);
    for (std::size_t d = 0; d < index.rank(); ++d) at = at * tensor.shape[d] + index[d];
    std::memcpy(static_cast<std::byte*>(tensor.data) + static_cast<std::size_t>(i) * size,
                from.data() + static_cast<std::size_t>(at) * size, size);
  }
}

void round_to(const TensorRef& tensor, planted::Format format) {
  for (std::int64_t i = 0; i < tensor.shape.elements(); ++i)
    set_value(tensor, i, planted::rounded(format, value_at(tensor, i)));
}

/// One element in the middle, one unit in its last place away.
void shift_one_element(const TensorRef& tensor) {
  if (tensor.shape.elements() == 0) return;
  const std::int64_t i = tensor.shape.elements() / 2;
  const double value = value_at(tensor, i);
  if (tensor.dtype == DType::f32) {
    set_value(tensor, i, std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity()));
  } else {
    set_value(tensor, i, tensor.dtype == DType::boolean ? 1 - value : value + 1);
  }
}

/// Puts back what memory held before, from byte `first` of the last slice along an axis on.
void make_stale(const TensorRef& tensor, std::int64_t first, std::int64_t last) {
  fill_with_pattern(stale_seed, static_cast<std::byte*>(tensor.data), static_cast<std::size_t>(first),
                    static_cast<std::size_t>(last));
}

void make_last_slice_stale(const TensorRef& tensor, std::size_t axis) {
  const Along along(tensor, axis);
  for (std::int64_t block = 0; block < along.outer && along.extent > 0; ++block)
    make_stale(tensor, along.slice(block, along.extent - 1) - along.data, along.end(block) - along.data);
}

void make_last_element_stale(const TensorRef& tensor) {
  const std::int64_t bytes = bytes_of(tensor);
  if (bytes > 0) make_stale(tensor, bytes - static_cast<std::int64_t>(size_of(tensor.dtype)), bytes);
}

bool same_bytes(const TensorRef& a, const TensorRef& b) {
  const std::int64_t bytes = bytes_of(a);
  return a.shape == b.shape && (bytes == 0 || std::memcmp(a.data, b.data, static_cast<std::size_t>(bytes)) == 0);
}

/// Changes copies of a field's tensors; whether anything is another value now.
template <class Change>
bool change_field(TensorPack& pack, std::size_t field, Change change) {
  bool changed = false;
  for (TensorRef& tensor : pack[field]) {
    const TensorRef before = tensor;
    tensor = copy_of(pack, before);
    change(tensor);
    changed = changed || !same_bytes(tensor, before);
  }
  return changed;
}

// ---- making them ----

std::vector<std::string> axis_names(std::string_view axes) {
  std::vector<std::string> names;
  for (const std::string_view word : words_of(axes))
    if (word != "…") names.push_back(fmt::format("axis {} ({})", names.size(), word));
  return names;
}

struct FormatName {
  planted::Format format;
  std::string_view name;
};
constexpr FormatName formats[] = {
    {planted::Format::tf32, "TF32"}, {planted::Format::bfloat16, "bf16"}, {planted::Format::half, "f16"}};

class Maker {
 public:
  explicit Maker(const OperatorEntry& op) : op_(op), instance_(op.instances.front()) {}

  std::vector<Mutant> make() {
    for (std::size_t i = 0; i < op_.params.size(); ++i) parameter(i);
    for (std::size_t field = 0; field < instance_.inputs.size(); ++field) input(field);
    for (std::size_t field = 0; field < instance_.outputs.size(); ++field) output(field);
    return std::move(made_);
  }

 private:
  template <class Change>
  void on_params(std::string_view field, std::string change, Change apply) {
    const auto changed = [apply](MutantRun& run) {
      const Scalars before = run.params;
      apply(run.params);
      return !std::equal(before.begin(), before.end(), run.params.begin(), equal);
    };
    made_.push_back({std::string(field), std::move(change), changed, nullptr});
  }
  template <class Change>
  void on_input(std::size_t field, std::string change, Change apply) {
    const auto changed = [=](MutantRun& run) { return change_field(run.inputs, field, apply); };
    made_.push_back({std::string(instance_.inputs[field].name), std::move(change), changed, nullptr});
  }
  /// `apply` changes the list of a field's tensors; whether it did.
  template <class Change>
  void on_list(std::size_t field, std::string change, Change apply) {
    made_.push_back({std::string(instance_.inputs[field].name), std::move(change),
                     [=](MutantRun& run) { return apply(run.inputs[field]); }, nullptr});
  }
  template <class Change>
  void on_output(std::size_t field, std::string change, Change apply) {
    const auto changed = [=](MutantRun& run) { return change_field(run.outputs, field, apply); };
    made_.push_back({std::string(instance_.outputs[field].name), std::move(change), nullptr, changed});
  }

  void parameter(std::size_t i) {
    const ParamInfo& param = op_.params[i];
    if (!param.required)
      on_params(param.name, "left at its default",
                [i, value = param.default_value](Scalars& params) { params[i] = value; });
    if (param.kind == Scalar::Kind::boolean) {
      on_params(param.name, "flipped", [i](Scalars& params) { params[i].boolean = !params[i].boolean; });
    } else {
      on_params(param.name, "doubled", [i](Scalars& params) { scale(params[i], 2); });
      on_params(param.name, "negated", [i](Scalars& params) { scale(params[i], -1); });
    }
    for (std::size_t j = i + 1; j < op_.params.size(); ++j)
      if (op_.params[j].kind == param.kind)
        on_params(param.name, fmt::format("swapped with {}", op_.params[j].name),
                  [i, j](Scalars& params) { std::swap(params[i], params[j]); });
  }

  static void scale(Scalar& value, int factor) {
    if (value.kind == Scalar::Kind::real) value.real *= factor;
    if (value.kind == Scalar::Kind::integer) {
      std::int64_t scaled = 0;
      if (!__builtin_mul_overflow(value.integer, factor, &scaled)) value.integer = scaled;
    }
  }

  bool has_inexact_output() const {
    return std::any_of(instance_.outputs.begin(), instance_.outputs.end(),
                       [](const FieldInfo& field) { return field.bound.has_value(); });
  }

  void input(std::size_t field) {
    const FieldInfo& info = instance_.inputs[field];
    if (info.arity == Arity::optional)
      on_list(field, "ignored", [](std::vector<TensorRef>& tensors) { return !std::exchange(tensors, {}).empty(); });
    if (info.arity == Arity::list) lists(field);
    if (info.role == Role::weight) on_input(field, "taken as zero", zero_all);
    const std::vector<std::string> axes = axis_names(info.axes);
    for (std::size_t d = 0; d < axes.size(); ++d) {
      on_input(field, fmt::format("last slice of {} taken as zero", axes[d]),
               [d](const TensorRef& tensor) { zero_last_slice(tensor, d); });
      on_input(field, fmt::format("last two slices of {} swapped", axes[d]),
               [d](const TensorRef& tensor) { swap_last_slices(tensor, d); });
      for (std::size_t e = d + 1; e < axes.size(); ++e)
        on_input(field, fmt::format("{} and {} transposed", axes[d], axes[e]),
                 [d, e](const TensorRef& tensor) { transpose(tensor, d, e); });
    }
    swaps(field);
    if (!info.carries_dtype || !has_inexact_output()) return;
    for (const FormatName& to : formats)
      on_input(field, fmt::format("rounded to {}", to.name),
               [format = to.format](const TensorRef& tensor) { round_to(tensor, format); });
  }

  static void zero_all(const TensorRef& tensor) {
    auto* bytes = static_cast<std::byte*>(tensor.data);
    std::fill(bytes, bytes + bytes_of(tensor), std::byte{0});
  }

  void lists(std::size_t field) {
    on_list(field, "reversed", [](std::vector<TensorRef>& tensors) {
      std::reverse(tensors.begin(), tensors.end());
      return tensors.size() > 1;
    });
    on_list(field, "its first element for all", [](std::vector<TensorRef>& tensors) {
      std::fill(tensors.begin(), tensors.end(), TensorRef(tensors.front()));
      return tensors.size() > 1;
    });
  }

  /// With each later input of one role and dtype; a case whose shapes differ there leaves nothing to swap.
  void swaps(std::size_t field) {
    const FieldInfo& info = instance_.inputs[field];
    for (std::size_t other = field + 1; other < instance_.inputs.size(); ++other) {
      const FieldInfo& twin = instance_.inputs[other];
      if (twin.role != info.role || twin.dtype != info.dtype) continue;
      made_.push_back({std::string(info.name), fmt::format("swapped with {}", twin.name),
                       [field, other](MutantRun& run) { return swap_fields(run.inputs, field, other); }, nullptr});
    }
  }

  static bool swap_fields(TensorPack& inputs, std::size_t field, std::size_t other) {
    const auto of_one_shape = [](const TensorRef& a, const TensorRef& b) { return a.shape == b.shape; };
    const auto &a = inputs[field], &b = inputs[other];
    if (a.empty() || !std::equal(a.begin(), a.end(), b.begin(), b.end(), of_one_shape)) return false;
    const bool differ = !std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bytes);
    std::swap(inputs[field], inputs[other]);
    return differ;
  }

  void output(std::size_t field) {
    const FieldInfo& info = instance_.outputs[field];
    on_output(field, "last element left stale", make_last_element_stale);
    const std::vector<std::string> axes = axis_names(info.axes);
    for (std::size_t d = 0; d < axes.size(); ++d) {
      on_output(field, fmt::format("last slice of {} left stale", axes[d]),
                [d](const TensorRef& tensor) { make_last_slice_stale(tensor, d); });
      on_output(field, fmt::format("rolled by one along {}", axes[d]),
                [d](const TensorRef& tensor) { roll_by_one(tensor, d); });
    }
    if (!info.bound) return on_output(field, "one element off by one unit in the last place", shift_one_element);
    for (const FormatName& to : formats)
      on_output(field, fmt::format("rounded to {}", to.name),
                [format = to.format](const TensorRef& tensor) { round_to(tensor, format); });
  }

  const OperatorEntry& op_;
  const OperatorInstance& instance_;
  std::vector<Mutant> made_;
};

// ---- trying them ----

/// The right kernel's results on what the mutant feeds it; none where the operator refuses that or gives other shapes.
bool run_right_kernel(const BoundCase& bound, const Expectation& expected, MutantRun& run) {
  try {
    if (infer(*bound.op, *bound.instance, run.params, run.inputs.slots()) != expected.shapes) return false;
    validate(*bound.op, *bound.instance, run.params, run.inputs);
  } catch (const InvalidArgument&) {
    return false;
  }
  run.outputs = TensorPack(expected.shapes.size());
  for (std::size_t i = 0; i < expected.shapes.size(); ++i)
    run.outputs[i].push_back(new_host_tensor(run.outputs, bound.instance->outputs[i].dtype, expected.shapes[i]));
  oracle_kernel(*bound.op, *bound.instance)(run.params, run.inputs.slots(), run.outputs.slots());
  return true;
}

std::string declared_equivalent(const OperatorEntry& op, const Mutant& mutant) {
  if (op.equivalents == nullptr) return {};
  for (const Equivalent& equivalent : op.equivalents())
    if (equivalent.field == mutant.field && equivalent.change == mutant.change) return std::string(equivalent.reason);
  return {};
}

void try_on_case(std::vector<MutantFate>& fates, const BoundCase& bound, const Expectation& expected) {
  for (MutantFate& fate : fates) {
    if (fate.killed()) continue;
    const std::optional<std::string> failure = failure_of(fate.mutant, bound, expected);
    if (!failure) continue;
    ++fate.cases;
    if (failure->empty()) continue;
    fate.killed_by = bound.name;
    fate.reason = *failure;
  }
}

}  // namespace

std::string Mutant::label() const { return fmt::format("{}: {}", field, change); }

std::vector<Mutant> mutants_of(const OperatorEntry& op) { return Maker(op).make(); }

std::optional<std::string> failure_of(const Mutant& mutant, const BoundCase& bound, const Expectation& expected) {
  MutantRun run{bound.params, expected.inputs, {}};
  if (mutant.change_inputs != nullptr && !mutant.change_inputs(run)) return std::nullopt;
  if (!run_right_kernel(bound, expected, run)) return std::nullopt;
  if (mutant.change_outputs != nullptr && !mutant.change_outputs(run)) return std::nullopt;
  return judge_outputs(bound, expected, run.outputs).reason();
}

std::vector<const BoundCase*> mutant_cases(const OperatorEntry& op, const std::vector<BoundCase>& all) {
  std::vector<const BoundCase*> cases;
  for (const BoundCase& bound : all)
    if (bound.op == &op && bound.instance == &op.instances.front() && bound.tier != Tier::large)
      cases.push_back(&bound);
  return cases;
}

std::vector<MutantFate> try_mutants(const OperatorEntry& op, const std::vector<const BoundCase*>& cases,
                                    std::uint64_t seed, const std::function<bool(const std::string&)>& wanted,
                                    const std::function<bool()>& stop) {
  std::vector<MutantFate> fates;
  for (Mutant& mutant : mutants_of(op)) {
    if (!wanted(mutant.label())) continue;
    std::string equivalent = declared_equivalent(op, mutant);
    fates.push_back({std::move(mutant), 0, "", "", std::move(equivalent)});
  }
  std::vector<const BoundCase*> smallest_first = cases;
  std::stable_sort(smallest_first.begin(), smallest_first.end(),
                   [](const BoundCase* a, const BoundCase* b) { return a->output_bytes < b->output_bytes; });
  const auto killed = [](const MutantFate& fate) { return fate.killed(); };
  for (const BoundCase* bound : smallest_first) {
    if (stop() || std::all_of(fates.begin(), fates.end(), killed)) break;
    const Expectation expected = expect(*bound, seed, 0);
    const bool is_whole = expected.invalid.empty() && expected.unavailable.empty() && !expected.sample;
    if (is_whole) try_on_case(fates, *bound, expected);
  }
  std::erase_if(fates, [](const MutantFate& fate) { return fate.cases == 0; });
  return fates;
}

}  // namespace assay::bench
