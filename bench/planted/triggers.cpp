// Making triggers from a domain, and trying them on cases.
#include "bench/planted/triggers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "bench/planted/mutants.h"
#include "bench/planted/use_triggers.h"
#include "bench/verdict/admission.h"
#include "bench/verdict/compare.h"

namespace assay::bench {
namespace {

bool is_drawn_case(const BoundCase& bound) { return bound.name.starts_with(drawn_prefix) && !bound.golden; }

/// An extent by the name that the domain gives it: a parameter, or an axis of an input or output.
std::optional<std::int64_t> extent_of(const BoundCase& bound, const TensorPack& inputs, std::string_view name) {
  for (std::size_t i = 0; i < bound.op->params.size(); ++i)
    if (bound.op->params[i].name == name) return bound.params[i].integer;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (const auto place = place_of_axis(bound.instance->inputs[i], name); place && !inputs[i].empty())
      return inputs[i][0].shape[*place];
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i)
    if (const auto place = place_of_axis(bound.instance->outputs[i], name)) return bound.output_shapes[i][*place];
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

}  // namespace

std::vector<Trigger> triggers_of(const OperatorEntry& op) {
  std::vector<Trigger> triggers;
  const std::vector<Factor> factors = factors_of(*op.domain);
  for (std::size_t f = 0; f < factors.size(); ++f)
    for (std::size_t level = 0; level < factors[f].levels.size(); ++level)
      triggers.push_back(trigger_of(op, factors[f], f, level));
  return triggers;
}

double spoilt(const FieldInfo& field, double right) {
  if (field.judged) return right + 1;
  if (field.dtype == DType::boolean) return right != 0 ? 0 : 1;
  if (!std::isfinite(right)) return 0;
  if (field.bound) return right + std::max(1.0, std::abs(right)) / 16;
  return right == 0 ? 1 : right == 255 ? 254 : right * (1 + 0x1p-20) == right ? right + 1 : right * (1 + 0x1p-20);
}

bool refuses_one_wrong_element(const BoundCase& bound, const Expectation& expected) {
  for (std::size_t i = 0; i < expected.shapes.size(); ++i) {
    const std::int64_t elements = expected.shapes[i].elements();
    if (elements == 0) continue;
    const auto element =
        static_cast<std::int64_t>(derive_key(elements, bound.name) % static_cast<std::uint64_t>(elements));
    const FieldInfo& field = bound.instance->outputs[i];
    const auto with_one_wrong = [&](std::size_t output, std::int64_t at) {
      const double right = value_at(expected.truth.outputs[output][0], at);
      return output == i && at == element ? spoilt(field, right) : right;
    };
    if (field.judged) return judge_refuses(bound, expected, with_one_wrong);
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

std::size_t killed_of(const std::vector<TriggerFate>& fates) {
  return static_cast<std::size_t>(
      std::count_if(fates.begin(), fates.end(), [](const TriggerFate& fate) { return fate.killed(); }));
}

bool OperatorTriggers::is_too_large(std::size_t trigger) const {
  return std::count(too_large.begin(), too_large.end(), by_cover[trigger].trigger.label()) != 0;
}

OperatorTriggers try_all_triggers(const OperatorEntry& op, const std::vector<BoundCase>& by_default,
                                  const TriggerOptions& options) {
  OperatorTriggers tried;
  for (Trigger& trigger : triggers_of(op))
    if (options.wanted(trigger.label())) tried.by_verify.push_back({std::move(trigger)});
  tried.by_cover = tried.by_verify;
  SelectionOptions share, array;
  share.threads = array.threads = options.threads;
  share.cases.seed = array.cases.seed = options.seed;
  share.cases.drawn = Drawn::share;
  array.cases.drawn = Drawn::array;
  array.cases.drawn_only = true;
  if (!tried.by_cover.empty()) {
    try_triggers(tried.by_verify, mutant_cases(op, by_default), options.seed, options.stop);
    const CaseList drawn =
        collect_cases(array.cases, [&](std::string_view name, std::string_view) { return name == op.name; });
    try_triggers(tried.by_cover, mutant_cases(op, drawn.cases), options.seed, options.stop);
    tried.too_large = drawn.covers.front().count({}).too_large_levels;
  }
  const auto add = [&](std::vector<TriggerFate>& fates, const SelectionOptions& rows) {
    const std::vector<TriggerFate> of_use = try_use_triggers(op, rows, options.wanted, options.stop);
    fates.insert(fates.end(), of_use.begin(), of_use.end());
  };
  add(tried.by_verify, share);
  add(tried.by_cover, array);
  return tried;
}

}  // namespace assay::bench
