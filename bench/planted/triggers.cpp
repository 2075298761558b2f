// Making triggers from a domain, and trying them on cases.
#include "bench/planted/triggers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "bench/verdict/compare.h"
#include "bench/verdict/judge.h"

namespace assay::bench {
namespace {

bool is_drawn_case(const BoundCase& bound) { return bound.name.starts_with(drawn_prefix) && !bound.golden; }

/// The extent that a field's axes give a name; nothing if they do not.
std::optional<std::int64_t> extent_in(std::string_view axes, const Shape& shape, std::string_view name) {
  for (std::size_t d = 0; !axes.empty() && d < shape.rank(); ++d) {
    const std::size_t end = std::min(axes.find(' '), axes.size());
    if (axes.substr(0, end) == name) return shape[d];
    axes.remove_prefix(std::min(end + 1, axes.size()));
  }
  return std::nullopt;
}

/// An extent by the name that the domain gives it: a parameter, or an axis of an input or output.
std::optional<std::int64_t> extent_of(const BoundCase& bound, const TensorPack& inputs, std::string_view name) {
  for (std::size_t i = 0; i < bound.op->params.size(); ++i)
    if (bound.op->params[i].name == name) return bound.params[i].integer;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].empty())
      if (const auto found = extent_in(bound.instance->inputs[i].axes, inputs[i][0].shape, name)) return found;
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i)
    if (const auto found = extent_in(bound.instance->outputs[i].axes, bound.output_shapes[i], name)) return found;
  return std::nullopt;
}

bool has_level(const BoundCase& bound, std::size_t factor, std::size_t level) {
  return is_drawn_case(bound) && choices_of(*bound.op, bound.name).level_of(factor) == level;
}

Trigger of_extent(const Factor& factor, std::size_t number, std::size_t level) {
  return {factor.name, factor.levels[level],
          [range = *factor.range, number, level](const BoundCase& bound, const TensorPack& inputs) {
            if (is_drawn_case(bound)) return has_level(bound, number, level);
            const std::optional<std::int64_t> extent = extent_of(bound, inputs, range.name);
            return extent && level_of(range, *extent) == level;
          }};
}

/// A parameter's value has the level's label, or the case was drawn with a level that depends on its extents.
Trigger of_parameter(const Factor& factor, std::size_t number, std::size_t level, std::size_t parameter) {
  return {factor.name, factor.levels[level],
          [=, label = factor.levels[level]](const BoundCase& bound, const TensorPack&) {
            return to_string(bound.params[parameter]) == label || has_level(bound, number, level);
          }};
}

Trigger of_field(const Factor& factor, std::size_t level, std::size_t field, const ValueClass& known) {
  return {factor.name, factor.levels[level], [=](const BoundCase&, const TensorPack& inputs) {
            if (known.recipe == nullptr) return inputs[field].empty();
            return std::any_of(inputs[field].begin(), inputs[field].end(),
                               [&](const TensorRef& tensor) { return known.holds(tensor); });
          }};
}

/// How the shapes of a list are spread: only a drawn case says it.
Trigger of_drawing(const Factor& factor, std::size_t number, std::size_t level) {
  return {factor.name, factor.levels[level],
          [=](const BoundCase& bound, const TensorPack&) { return has_level(bound, number, level); }};
}

template <class Infos>
std::optional<std::size_t> number_of(const Infos& infos, std::string_view name) {
  for (std::size_t i = 0; i < infos.size(); ++i)
    if (infos[i].name == name) return i;
  return std::nullopt;
}

Trigger trigger_of(const OperatorEntry& op, const Factor& factor, std::size_t number, std::size_t level) {
  if (factor.range != nullptr) return of_extent(factor, number, level);
  if (const auto parameter = number_of(op.params, factor.name)) return of_parameter(factor, number, level, *parameter);
  for (const FieldRange& range : op.domain->fields)
    if (range.field == factor.name)
      return of_field(factor, level, *number_of(op.instances.front().inputs, factor.name), range.classes[level]);
  return of_drawing(factor, number, level);
}

/// A value that no bound admits beside `right`, unless its tolerance tells nothing.
double spoilt(const FieldInfo& field, double right) {
  if (field.dtype == DType::boolean) return right != 0 ? 0 : 1;
  if (!std::isfinite(right)) return 0;
  if (field.bound) return right + std::max(1.0, std::abs(right)) / 16;
  return right == 0 ? 1 : right == 255 ? 254 : right * (1 + 0x1p-20) == right ? right + 1 : right * (1 + 0x1p-20);
}

/// The truth as a kernel would give it, with one element of a judged output wrong.
bool judge_refuses(const BoundCase& bound, const Expectation& expected, std::size_t output, std::int64_t element) {
  TensorPack results(expected.shapes.size());
  for (std::size_t i = 0; i < expected.shapes.size(); ++i) {
    const TensorRef& truth = expected.truth.outputs[i][0];
    const TensorRef to = new_host_tensor(results, bound.instance->outputs[i].dtype, expected.shapes[i]);
    for (std::int64_t at = 0; at < to.shape.elements(); ++at) set_value(to, at, value_at(truth, at));
    results[i].push_back(to);
  }
  const TensorRef& wrong = results[output][0];
  set_value(wrong, element, value_at(wrong, element) + 1);
  return !judge_outputs(bound, expected, results).passed();
}

}  // namespace

std::vector<Trigger> triggers_of(const OperatorEntry& op) {
  std::vector<Trigger> triggers;
  const std::vector<Factor> factors = factors_of(*op.domain);
  for (std::size_t f = 0; f < factors.size(); ++f)
    for (std::size_t level = 0; level < factors[f].levels.size(); ++level)
      triggers.push_back(trigger_of(op, factors[f], f, level));
  return triggers;
}

bool refuses_one_wrong_element(const BoundCase& bound, const Expectation& expected) {
  for (std::size_t i = 0; i < expected.shapes.size(); ++i) {
    const std::int64_t elements = expected.shapes[i].elements();
    if (elements == 0) continue;
    const auto element =
        static_cast<std::int64_t>(derive_key(elements, bound.name) % static_cast<std::uint64_t>(elements));
    const FieldInfo& field = bound.instance->outputs[i];
    if (field.judged) return judge_refuses(bound, expected, i, element);
    const double right = value_at(expected.truth.outputs[i][0], element);
    return !accepts(field, spoilt(field, right), expected.truth, i, element);
  }
  return false;
}

void try_triggers(std::vector<TriggerFate>& fates, const std::vector<const BoundCase*>& cases, std::uint64_t seed,
                  const std::function<bool()>& stop) {
  std::vector<bool> on_empty(fates.size(), false), on_others(fates.size(), false);
  for (const BoundCase* bound : cases) {
    if (stop() || std::all_of(fates.begin(), fates.end(), [](const TriggerFate& fate) { return fate.killed(); })) break;
    const TensorPack inputs = bound->inputs(seed, 0);
    std::vector<TriggerFate*> hit;
    for (std::size_t i = 0; i < fates.size(); ++i) {
      if (fates[i].killed() || !fates[i].trigger.holds(*bound, inputs)) continue;
      (bound->output_bytes == 0 ? on_empty : on_others)[i] = true;
      hit.push_back(&fates[i]);
    }
    if (hit.empty() || bound->output_bytes == 0) continue;
    const Expectation expected = expect(*bound, seed, 0);
    if (!expected.invalid.empty() || !expected.unavailable.empty() || !refuses_one_wrong_element(*bound, expected))
      continue;
    for (TriggerFate* fate : hit) fate->killed_by = bound->name;
  }
  for (std::size_t i = 0; i < fates.size(); ++i) fates[i].is_one = on_others[i] || !on_empty[i];
}

}  // namespace assay::bench
