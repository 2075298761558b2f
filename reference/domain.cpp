// Making cases from choices, and choices from names.
#include "reference/domain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>

#include "reference/operator.h"
#include "reference/registry.h"

namespace assay {
namespace {

/// The extents at which vectors, tiles, cache lines and tables end: 2^k for k = 2…10, each with its neighbours.
constexpr std::int64_t largest_power = 1024;
/// Extents that one long axis has: beside what 16 bits count, and what float32 counts exactly.
constexpr std::int64_t long_extents[] = {65535, 65537, (1 << 24) + 1};
/// Primes that no class above has, of every length of line.
constexpr std::int64_t some_primes[] = {11,  13,  19,  23,  29,  37,  41,  53,  67,  97, 101,
                                        131, 199, 251, 263, 307, 401, 499, 601, 797, 997};

/// The powers of two from `first` on, each with the valid extents beside it, but those that are there.
void add_powers(ExtentRange& range, std::int64_t first) {
  for (std::int64_t power = first; power <= largest_power; power *= 2)
    for (const std::int64_t extent : {power - range.step, power, power + range.step})
      if (std::find(range.levels.begin(), range.levels.end(), extent) == range.levels.end())
        range.levels.push_back(extent);
}

template <class Value>
ParameterRange constants(std::string_view name, const std::vector<Value>& values) {
  ParameterRange range{name, {}};
  for (const Value value : values)
    range.classes.push_back({fmt::format("{}", value), [value](const Choices&) { return Scalar(value); }});
  return range;
}

/// An axis that is a number: "4".
std::optional<std::int64_t> fixed_extent(std::string_view axis) {
  std::int64_t number = 0;
  const auto [stop, error] = std::from_chars(axis.data(), axis.data() + axis.size(), number);
  if (error == std::errc() && stop == axis.data() + axis.size()) return number;
  return std::nullopt;
}

/// "B·nW" is the product of two extents, a number is itself.
std::int64_t extent_of_axis(const Choices& choices, std::string_view axis) {
  constexpr std::string_view times = "·";
  if (const std::size_t at = axis.find(times); at != std::string_view::npos) {
    const std::int64_t first = extent_of_axis(choices, axis.substr(0, at));
    return first * extent_of_axis(choices, axis.substr(at + times.size()));
  }
  if (axis.ends_with('*')) axis.remove_suffix(1);
  const std::optional<std::int64_t> fixed = fixed_extent(axis);
  return fixed ? *fixed : choices.extent(axis);
}

Shape shape_of(const Choices& choices, std::string_view axes) {
  Shape shape;
  for (const std::string_view axis : words_of(axes)) shape.push_back(extent_of_axis(choices, axis));
  return shape;
}

std::string shapes_factor(const ListRange& list) { return fmt::format("{}.shapes", list.field); }

/// The shapes of a list's elements: along each axis spread under the extent chosen for it.
std::vector<Shape> list_shapes(const Choices& choices, const FieldInfo& field, const ListRange& list) {
  const std::string factor = shapes_factor(list);
  const std::vector<std::string_view> axes = words_of(field.axes);
  const std::int64_t count = choices.extent(list.count);
  std::vector<Shape> shapes(static_cast<std::size_t>(count));
  for (std::size_t axis = 0; axis < list.most.size(); ++axis) {
    const std::string_view most = list.most[axis];
    const auto first = std::find(list.most.begin(), list.most.end(), most) - list.most.begin();
    const std::uint64_t key = random_bits(derive_key(choices.key(), factor), static_cast<std::uint64_t>(first));
    const std::string_view how = list.alike || fixed_extent(most) ? "equal" : choices.level(factor);
    const std::int64_t least = axis < axes.size() && axes[axis].ends_with('*') ? 0 : 1;
    const auto along = spread(how, count, least, extent_of_axis(choices, most), key);
    for (std::size_t i = 0; i < shapes.size(); ++i) shapes[i].push_back(along[i]);
  }
  return shapes;
}

const ListRange* list_of(const Domain& domain, std::string_view field) {
  for (const ListRange& list : domain.lists)
    if (list.field == field) return &list;
  return nullptr;
}

const FieldRange& range_of(const Domain& domain, std::string_view field) {
  for (const FieldRange& range : domain.fields)
    if (range.field == field) return range;
  throw std::logic_error(fmt::format("the domain says nothing of the field {}", field));
}

/// Which inputs get their recipes. One that lists its values takes their memory: a case that is only measured gets
/// recipes of those alone that its outputs' shapes depend on.
enum class Recipes : std::uint8_t { of_all, of_shape_inputs };

void add_input(const Choices& choices, const FieldInfo& field, Recipes recipes, std::vector<CaseInput>& inputs) {
  const FieldRange& range = range_of(choices.domain(), field.name);
  const std::string_view level = choices.level(field.name);
  const auto chosen = std::find_if(range.classes.begin(), range.classes.end(),
                                   [&](const ValueClass& known) { return known.name == level; });
  if (chosen->recipe == nullptr) return;
  const ListRange* list = list_of(choices.domain(), field.name);
  const std::vector<Shape> shapes =
      list != nullptr ? list_shapes(choices, field, *list) : std::vector<Shape>{shape_of(choices, field.axes)};
  const std::uint64_t key = derive_key(choices.key(), field.name);
  const bool has_recipe = recipes == Recipes::of_all || field.role == Role::shape;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const std::uint64_t own = list == nullptr ? key : random_bits(key, i);
    inputs.push_back({field.name, shapes[i], has_recipe ? chosen->recipe(choices, shapes[i], own) : Recipe()});
  }
}

Scalar parameter_of(const Choices& choices, const ParamInfo& param) {
  const Domain& domain = choices.domain();
  for (const ParameterRange& range : domain.parameters)
    if (range.name == param.name)
      for (const ParameterClass& known : range.classes)
        if (known.label == choices.level(param.name)) return known.value(choices);
  return {choices.extent(param.name)};
}

/// The case with shapes and recipes; not yet known to be valid.
Case build(const OperatorEntry& op, const Choices& choices, Recipes recipes) {
  Case made{"", "drawn from the operator's domain", {}, {}, Tier::small};
  for (const ParamInfo& param : op.params) made.params.push_back(parameter_of(choices, param));
  for (const FieldInfo& field : op.instances.front().inputs) add_input(choices, field, recipes, made.inputs);
  return made;
}

/// In floating point: the product of extents that nobody has checked may be beyond 63 bits.
double elements_in(const Shape& shape) {
  double elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<double>(extent);
  return elements;
}

/// Elements of all tensors. Throws InvalidArgument where the operator refuses the case.
double elements_of(const OperatorEntry& op, const Case& made) {
  const OperatorInstance& instance = op.instances.front();
  const TensorPack pack = described_inputs(op, instance, made.name, made.inputs);
  double elements = 0;
  for (const CaseInput& input : made.inputs) elements += elements_in(input.shape);
  for (const Shape& shape : infer(op, instance, made.params, pack.slots())) elements += elements_in(shape);
  return elements;
}

[[noreturn]] void refuse_name(const OperatorEntry& op, std::string_view name, const std::string& why) {
  throw InvalidArgument(fmt::format("the case {}/{} cannot be drawn: {}", op.name, name, why));
}

void read_choice(const OperatorEntry& op, std::string_view name, std::string_view part, Choices& choices) {
  const std::size_t equals = part.find('=');
  if (equals == std::string_view::npos)
    refuse_name(op, name, fmt::format("'{}' is not of the form factor=level", part));
  const std::string_view factor = part.substr(0, equals), level = part.substr(equals + 1);
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < choices.factors().size(); ++i) {
    const Factor& candidate = choices.factors()[i];
    known.push_back(candidate.name);
    if (candidate.name != factor) continue;
    if (candidate.range != nullptr) {
      std::int64_t extent = 0;
      const auto [stop, error] = std::from_chars(level.data(), level.data() + level.size(), extent);
      const bool valid = error == std::errc() && stop == level.data() + level.size() &&
                         extent >= candidate.range->low && extent % candidate.range->step == 0;
      if (!valid)
        refuse_name(op, name,
                    fmt::format("{} is '{}', but a multiple of {} from {} is needed", factor, level,
                                candidate.range->step, candidate.range->low));
      choices[i] = extent;
      return;
    }
    const auto found = std::find(candidate.levels.begin(), candidate.levels.end(), level);
    if (found == candidate.levels.end())
      refuse_name(op, name,
                  fmt::format("{} is '{}', but it is one of {}", factor, level, fmt::join(candidate.levels, ", ")));
    choices[i] = found - candidate.levels.begin();
    return;
  }
  refuse_name(op, name, fmt::format("there is no {}{}", factor, nearest_name(factor, known)));
}

}  // namespace

std::optional<std::size_t> place_of_axis(const FieldInfo& field, std::string_view axis) {
  const std::vector<std::string_view> words = words_of(field.axes);
  for (std::size_t place = 0; place < words.size(); ++place)
    if (words[place] == axis ||
        (words[place].ends_with('*') && words[place].substr(0, words[place].size() - 1) == axis))
      return place;
  return std::nullopt;
}

bool counts_list(const Domain& domain, const FieldInfo& field, std::string_view axis) {
  return std::any_of(domain.lists.begin(), domain.lists.end(),
                     [&](const ListRange& list) { return list.field == field.name && list.count == axis; });
}

// ---- ranges ----

ExtentRange extents(std::string_view name, std::int64_t least) {
  ExtentRange range{name, {3, 1, 2}, {std::begin(some_primes), std::end(some_primes)}, least};
  add_powers(range, 4);
  range.levels.insert(range.levels.end(), std::begin(long_extents), std::end(long_extents));
  if (least == 0) range.levels.push_back(0);
  return range;
}

ExtentRange even_extents(std::string_view name) {
  ExtentRange range{name, {4, 2}, {}, 2, 2};
  add_powers(range, 8);
  return range;
}

ExtentRange counts(std::string_view name, std::int64_t least) {
  ExtentRange range{name, {2, 1, 3, 17, 33, 129, 257}, {}, least};
  if (least == 0) range.levels.push_back(0);
  return range;
}

ParameterRange reals(std::string_view name, const std::vector<double>& values) { return constants(name, values); }
ParameterRange integers(std::string_view name, const std::vector<std::int64_t>& values) {
  return constants(name, values);
}
ParameterRange flag(std::string_view name) {
  return {
      name,
      {{"false", [](const Choices&) { return Scalar(false); }}, {"true", [](const Choices&) { return Scalar(true); }}}};
}

std::optional<std::size_t> level_of(const ExtentRange& range, std::int64_t extent) {
  const auto found = std::find(range.levels.begin(), range.levels.end(), extent);
  if (found != range.levels.end()) return static_cast<std::size_t>(found - range.levels.begin());
  if (std::find(range.primes.begin(), range.primes.end(), extent) != range.primes.end()) return range.levels.size();
  return std::nullopt;
}

// ---- factors and choices ----

std::vector<Factor> factors_of(const Domain& domain) {
  std::vector<Factor> factors;
  for (const ExtentRange& range : domain.extents) {
    Factor factor{std::string(range.name), {}, &range};
    for (const std::int64_t level : range.levels) factor.levels.push_back(fmt::format("{}", level));
    if (!range.primes.empty()) factor.levels.push_back("prime");
    factors.push_back(std::move(factor));
  }
  for (const ListRange& list : domain.lists)
    if (!list.alike) factors.push_back({shapes_factor(list), {std::begin(spreads), std::end(spreads)}});
  for (const ParameterRange& range : domain.parameters) {
    factors.push_back({std::string(range.name), {}});
    for (const ParameterClass& known : range.classes) factors.back().levels.push_back(known.label);
  }
  for (const FieldRange& range : domain.fields) {
    factors.push_back({std::string(range.field), {}});
    for (const ValueClass& known : range.classes) factors.back().levels.emplace_back(known.name);
  }
  return factors;
}

std::size_t smallest_level(const Factor& factor) {
  if (factor.range == nullptr) return 0;
  const std::vector<std::int64_t>& levels = factor.range->levels;
  std::size_t smallest = 0;
  for (std::size_t i = 0; i < levels.size(); ++i)
    if (levels[i] > 0 && (levels[i] < levels[smallest] || levels[smallest] == 0)) smallest = i;
  return smallest;
}

Choices::Choices(const Domain& domain)
    : domain_(&domain), factors_(std::make_shared<const std::vector<Factor>>(factors_of(domain))) {
  for (const Factor& factor : *factors_) values_.push_back(factor.range != nullptr ? factor.range->levels.front() : 0);
}

std::int64_t Choices::extent(std::string_view factor) const {
  for (std::size_t i = 0; i < factors_->size(); ++i)
    if ((*factors_)[i].range != nullptr && (*factors_)[i].name == factor) return values_[i];
  for (const DerivedExtent& derived : domain_->derived)
    if (derived.name == factor) return derived.extent(*this);
  throw std::logic_error(fmt::format("the domain has no extent {}", factor));
}

std::string_view Choices::level(std::string_view factor) const {
  for (std::size_t i = 0; i < factors_->size(); ++i)
    if ((*factors_)[i].range == nullptr && (*factors_)[i].name == factor)
      return (*factors_)[i].levels[static_cast<std::size_t>(values_[i])];
  throw std::logic_error(fmt::format("the domain has no factor {}", factor));
}

void Choices::choose(std::size_t factor, std::size_t level, std::uint64_t key) {
  const ExtentRange* range = (*factors_)[factor].range;
  if (range == nullptr) {
    values_[factor] = static_cast<std::int64_t>(level);
  } else if (level < range->levels.size()) {
    values_[factor] = range->levels[level];
  } else {
    values_[factor] = range->primes[random_bits(key, factor) % range->primes.size()];
  }
}

std::optional<std::size_t> Choices::level_of(std::size_t factor) const {
  const ExtentRange* range = (*factors_)[factor].range;
  if (range == nullptr) return static_cast<std::size_t>(values_[factor]);
  return assay::level_of(*range, values_[factor]);
}

// ---- names ----

std::string name_of(const Choices& choices) {
  std::string name(drawn_prefix);
  for (std::size_t i = 0; i < choices.factors().size(); ++i) {
    const Factor& factor = choices.factors()[i];
    if (factor.range == nullptr && choices[i] == 0) continue;
    if (name.size() != drawn_prefix.size()) name += ',';
    name += factor.range != nullptr
                ? fmt::format("{}={}", factor.name, choices[i])
                : fmt::format("{}={}", factor.name, factor.levels[static_cast<std::size_t>(choices[i])]);
  }
  return name;
}

Choices choices_of(const OperatorEntry& op, std::string_view name) {
  Choices choices(*op.domain);
  std::string_view rest = name.starts_with(drawn_prefix) ? name.substr(drawn_prefix.size()) : "";
  if (!name.starts_with(drawn_prefix))
    refuse_name(op, name, fmt::format("its name does not begin with {}", drawn_prefix));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    read_choice(op, name, rest.substr(0, end), choices);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return choices;
}

// ---- cases ----

Case make_case(const OperatorEntry& op, Choices choices, std::uint64_t seed) {
  const std::string name = name_of(choices);
  choices.set_key(derive_key(derive_key(seed, op.name), name));
  Case made = build(op, choices, Recipes::of_all);
  made.name = name;
  constexpr double few_elements = 1 << 18;  // 1 MB of float32: beyond it not every guard is worth its time
  if (elements_of(op, made) > few_elements) made.tier = Tier::workload;
  return made;
}

std::vector<Case> random_cases(const OperatorEntry& op, std::uint64_t seed, std::int64_t count) {
  constexpr double most_elements = 1 << 14;
  constexpr int tries = 300;  // one in ten or so is small enough and valid
  std::vector<Case> cases;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t key = random_bits(derive_key(seed, op.name), static_cast<std::uint64_t>(i));
    Draw draw(key);
    Choices choices(*op.domain), plain = choices;
    for (int attempt = 0; attempt < tries; ++attempt) {
      for (std::size_t f = 0; f < choices.factors().size(); ++f)
        choices.choose(f, static_cast<std::size_t>(draw.integer(0, std::ssize(choices.factors()[f].levels) - 1)),
                       random_bits(key, static_cast<std::uint64_t>(attempt)));
      const std::optional<double> work = work_of(op, choices);
      if (work && *work <= most_elements) break;
      choices = plain;
    }
    cases.push_back(make_case(op, choices, seed));
  }
  return cases;
}

std::optional<double> work_of(const OperatorEntry& op, const Choices& choices) {
  const Domain& domain = *op.domain;
  if (domain.valid != nullptr && !domain.valid(choices)) return std::nullopt;
  const double work = domain.work != nullptr ? domain.work(choices) : 0;
  constexpr double never = 1e12;  // far beyond any budget; the sizes of its lists need not be drawn
  if (work > never) return work;
  try {
    return std::max(work, elements_of(op, build(op, choices, Recipes::of_shape_inputs)));
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

namespace {

void check_independent_axis(const OperatorEntry& op, std::string_view axis) {
  const OperatorInstance& instance = op.instances.front();
  for (const FieldInfo& output : instance.outputs)
    if (!place_of_axis(output, axis))
      throw std::logic_error(fmt::format("{}: the domain calls the axis {} independent, but output {} does not have it",
                                         op.name, axis, output.name));
  const auto has_it = [&](const FieldInfo& input) {
    return place_of_axis(input, axis).has_value() || counts_list(*op.domain, input, axis);
  };
  if (std::none_of(instance.inputs.begin(), instance.inputs.end(), has_it))
    throw std::logic_error(
        fmt::format("{}: the domain calls the axis {} independent, but no input has it", op.name, axis));
}

/// A drawn case takes no value that a user could not give.
void check_values(const OperatorEntry& op, const ParameterRange& range) {
  const Choices plain(*op.domain);
  NamedScalars given;
  for (const ParamInfo& param : op.params)
    if (param.required) given[std::string(param.name)] = parameter_of(plain, param);
  for (const ParameterClass& known : range.classes) {
    const Scalar value = known.value(plain);
    try {
      given[std::string(range.name)] = value;
      if (value.kind != Scalar::Kind::absent) resolve(op, given);
    } catch (const InvalidArgument& refusal) {
      throw std::logic_error(
          fmt::format("the domain of {} has {}={}: {}", op.name, range.name, known.label, refusal.what()));
    }
  }
}

}  // namespace

void check_domain(const OperatorEntry& op) {
  const Domain& domain = *op.domain;
  const auto has = [](const auto& infos, std::string_view name) {
    return std::any_of(infos.begin(), infos.end(), [&](const auto& info) { return info.name == name; });
  };
  for (const ParameterRange& range : domain.parameters) {
    if (!has(op.params, range.name))
      throw std::logic_error(fmt::format("{}: the domain names a parameter {}", op.name, range.name));
    check_values(op, range);
  }
  for (const FieldRange& range : domain.fields)
    if (!has(op.instances.front().inputs, range.field))
      throw std::logic_error(fmt::format("{}: the domain names an input {}", op.name, range.field));
  if (!domain.independent.empty()) check_independent_axis(op, domain.independent);
  try {
    if (!work_of(op, Choices(domain))) throw std::logic_error("the operator refuses its plain case");
    make_case(op, Choices(domain), 0);
  } catch (const std::exception& problem) {
    throw std::logic_error(fmt::format("{}: the domain makes no plain case: {}", op.name, problem.what()));
  }
}

std::vector<std::int64_t> spread(std::string_view how, std::int64_t count, std::int64_t least, std::int64_t most,
                                 std::uint64_t key) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count), most);
  if (count == 0 || how == "equal") return numbers;
  Draw draw(key);
  if (how == "mixed" || how == "ascending" || how == "descending") {
    const auto reaches = static_cast<std::size_t>(draw.integer(0, count - 1));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const std::int64_t drawn = draw.integer(std::min(least, most), most);
      if (i != reaches) numbers[i] = drawn;
    }
    if (how == "ascending") std::sort(numbers.begin(), numbers.end());
    if (how == "descending") std::sort(numbers.rbegin(), numbers.rend());
    return numbers;
  }
  std::fill(numbers.begin(), numbers.end(), std::min(least, most));
  (how == "first" ? numbers.front() : numbers.back()) = most;
  return numbers;
}

}  // namespace assay
