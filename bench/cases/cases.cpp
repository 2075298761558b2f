// Gathering the cases of a run, and making their inputs.
#include "bench/cases/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>

#include "bench/base/interrupt.h"
#include "bench/cases/beyond_32_bits.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

constexpr double large_bytes = 64e6;  // inputs or outputs of 64 MB: more than most last-level caches hold

double bytes_of_all(const TensorPack& pack) {
  double sum = 0;
  for (std::size_t field = 0; field < pack.size(); ++field)
    for (const TensorRef& tensor : pack[field]) sum += static_cast<double>(bytes_of(tensor));
  return sum;
}

/// Sets the size of a case, and its tier to large where the inputs or the outputs take 64 MB and more.
void measure(BoundCase& bound) {
  const TensorPack described =
      bound.golden ? bound.golden->inputs : described_inputs(*bound.op, *bound.instance, bound.name, bound.recipe);
  bound.output_shapes = infer(*bound.op, *bound.instance, bound.params, described.slots());
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i)
    bound.output_bytes += static_cast<double>(bound.output_shapes[i].elements()) *
                          static_cast<double>(size_of(bound.instance->outputs[i].dtype));
  if (std::max(bound.output_bytes, bytes_of_all(described)) >= large_bytes) bound.tier = Tier::large;
}

BoundCase bind_golden(GoldenCase&& made) {
  const auto golden = std::make_shared<GoldenCase>(std::move(made));
  BoundCase bound{golden->op, golden->instance, golden->name, golden->source, Tier::small, golden->params, {}, golden,
                  0};
  measure(bound);
  return bound;
}

using Key = std::tuple<std::string_view, std::string, DType>;
Key key_of(const BoundCase& bound) { return {bound.op->name, bound.name, bound.instance->dtype}; }

/// Cases of an operator drawn from its domain. Adds the cover that a share or array of them is of.
std::vector<Case> drawn_cases(const OperatorEntry& op, const CaseOptions& options, const WantedCases& wanted,
                              std::vector<Cover>& covers) {
  const auto is_wanted = [&](std::string_view name) { return wanted == nullptr || wanted(op.name, name); };
  std::vector<Case> cases;
  if (options.drawn == Drawn::one) cases = random_cases(op, options.seed, 1);
  if ((options.drawn == Drawn::share || options.drawn == Drawn::array) && is_wanted("")) {
    const Cover& cover = covers.emplace_back(op, options.element_budget, options.seed);
    const std::vector<Choices> all = options.drawn == Drawn::array ? cover.array() : cover.share(default_share);
    for (const Choices& choices : all)
      if (is_wanted(name_of(choices))) cases.push_back(make_case(op, choices, options.seed));
  }
  const auto add = [&](const Choices& choices) {
    const auto is_there = [&, name = name_of(choices)](const Case& made) { return made.name == name; };
    if (std::none_of(cases.begin(), cases.end(), is_there)) cases.push_back(make_case(op, choices, options.seed));
  };
  if (options.beyond_32_bits && is_wanted(""))
    if (const auto choices = smallest_beyond_32_bits(op); choices && is_wanted(name_of(*choices))) add(*choices);
  for (const NamedCase& named : options.named)
    if (named.op == op.name) add(choices_of(op, named.name));
  return cases;
}

std::vector<BoundCase> built_in_cases(const CaseOptions& options, const WantedCases& wanted,
                                      std::vector<Cover>& covers) {
  std::vector<BoundCase> bound;
  for (const OperatorEntry& op : operators()) {
    const std::vector<Case> drawn = drawn_cases(op, options, wanted, covers);
    for (const OperatorInstance& instance : op.instances) {
      if (!options.drawn_only)
        for (Case& made : op.cases()) bound.push_back(bind_case(op, instance, std::move(made)));
      for (const Case& made : drawn) bound.push_back(bind_case(op, instance, Case(made)));
    }
  }
  return bound;
}

void refuse_duplicates(const std::vector<BoundCase>& cases) {
  std::set<Key> seen;
  for (const BoundCase& bound : cases)
    if (!seen.insert(key_of(bound)).second)
      throw InvalidArgument(fmt::format("the case {}/{} exists twice at dtype {}", bound.op->name, bound.name,
                                        name_of(bound.instance->dtype)));
}

/// Gives each image, window or query the values of the next along the first axis.
void roll_first_axis(const TensorRef& tensor) {
  const Shape& shape = tensor.shape;
  if (shape.rank() == 0 || shape[0] < 2 || shape.elements() == 0) return;
  auto* bytes = static_cast<std::byte*>(tensor.data);
  const std::int64_t all = bytes_of(tensor);
  std::rotate(bytes, bytes + all / shape[0], bytes + all);
}

/// A golden file's activations moved on by one image. The file's own where the operator refuses the others.
TensorPack moved_on(const BoundCase& bound) {
  const GoldenCase& golden = *bound.golden;
  TensorPack pack(golden.inputs.size());
  for (std::size_t field = 0; field < pack.size(); ++field)
    for (const TensorRef& given : golden.inputs[field]) {
      pack[field].push_back(copy_of(pack, given));
      if (bound.instance->inputs[field].role == Role::activation) roll_first_axis(pack[field].back());
    }
  try {
    validate(*bound.op, *bound.instance, bound.params, pack);
  } catch (const InvalidArgument&) {
    return golden.inputs;
  }
  return pack;
}

/// Reading cannot be asked to stop, and nothing has been done yet that could be lost.
GoldenFolder read_golden(const std::string& folder, bool manifest_required, const WantedCases& wanted) {
  const EndsAtOnce reading;
  return open_golden(folder, manifest_required, wanted);
}

}  // namespace

BoundCase bind_case(const OperatorEntry& op, const OperatorInstance& instance, Case&& made) {
  BoundCase bound{&op,
                  &instance,
                  std::move(made.name),
                  std::move(made.source),
                  made.tier,
                  std::move(made.params),
                  std::move(made.inputs),
                  nullptr,
                  0};
  measure(bound);
  return bound;
}

TensorPack BoundCase::inputs(std::uint64_t seed, std::uint64_t phase) const {
  if (golden) return phase == 0 ? golden->inputs : moved_on(*this);
  TensorPack pack(instance->inputs.size());
  const std::uint64_t key = derive_key(derive_key(random_bits(seed, phase), op->name), name);
  for (std::size_t i = 0; i < recipe.size(); ++i) {
    const std::size_t index = place_of_input(*op, *instance, name, recipe[i].field);
    const FieldInfo& field = instance->inputs[index];
    pack[index].push_back(new_host_tensor(pack, field.dtype, recipe[i].shape));
    fill(pack[index].back(), recipe[i].recipe, random_bits(key, i));
    if (phase != 0 && field.role == Role::activation && !is_drawn(recipe[i].recipe))
      roll_first_axis(pack[index].back());
  }
  return pack;
}

CaseList collect_cases(const CaseOptions& options, const WantedCases& wanted) {
  CaseList list;
  if (options.drawn_only) {
    list.cases = built_in_cases(options, wanted, list.covers);
    return list;
  }
  const bool users_own = options.golden.has_value();
  GoldenFolder folder = read_golden(users_own ? *options.golden : default_golden_folder(), !users_own, wanted);
  list.damaged = std::move(folder.damaged);
  list.unread = std::move(folder.unread);
  for (GoldenCase& made : folder.cases) list.cases.push_back(bind_golden(std::move(made)));
  refuse_duplicates(list.cases);
  if (users_own) return list;
  std::map<Key, BoundCase*> recorded;
  for (BoundCase& bound : list.cases) recorded.emplace(key_of(bound), &bound);
  std::vector<BoundCase> built_in = built_in_cases(options, wanted, list.covers), added;
  refuse_duplicates(built_in);
  for (BoundCase& bound : built_in) {
    const auto stands_in = recorded.find(key_of(bound));
    if (stands_in == recorded.end()) {
      added.push_back(std::move(bound));
    } else {
      stands_in->second->tier = std::max(stands_in->second->tier, bound.tier);  // a workload stays one
    }
  }
  std::move(added.begin(), added.end(), std::back_inserter(list.cases));
  return list;
}

std::string default_golden_folder() {
  const char* given = std::getenv("ASSAY_GOLDEN");
  return given != nullptr && *given != '\0' ? given : ASSAY_GOLDEN_FOLDER;
}

}  // namespace assay::bench
