// Of all pairs of extents the one with the fewest elements that is beyond.
#include "bench/cases/beyond_32_bits.h"

#include <algorithm>

#include "bench/cases/cases.h"

namespace assay::bench {
namespace {

bool is_beyond_32_bits(const OperatorEntry& op, const Choices& choices) {
  const OperatorInstance& instance = op.instances.front();
  const auto is_beyond = [](const Shape& shape, DType dtype) {
    const auto elements = static_cast<double>(shape.elements());
    return elements > 0x1p31 || elements * static_cast<double>(size_of(dtype)) > 0x1p32;
  };
  const BoundCase bound = bind_case(op, instance, make_case(op, choices, 0));
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i)
    if (is_beyond(bound.output_shapes[i], instance.outputs[i].dtype)) return true;
  return std::any_of(bound.recipe.begin(), bound.recipe.end(), [&](const CaseInput& input) {
    return is_beyond(input.shape, instance.inputs[place_of_input(op, instance, bound.name, input.field)].dtype);
  });
}

}  // namespace

std::optional<Choices> smallest_beyond_32_bits(const OperatorEntry& op) {
  if (op.domain->independent.empty()) return std::nullopt;
  constexpr double least = 0x1p29, most = 0x1p34;  // elements: less cannot be beyond, and more is never granted
  constexpr std::int64_t slices = 64;              // so that a few of them are a small part
  const std::vector<Factor> factors = factors_of(*op.domain);
  Choices smallest(*op.domain);
  for (std::size_t f = 0; f < factors.size(); ++f) smallest.choose(f, smallest_level(factors[f]), 0);
  std::vector<std::pair<double, Choices>> candidates;
  const auto try_pair = [&](std::size_t f, std::size_t g) {
    for (std::size_t i = 0; i < factors[f].levels.size(); ++i)
      for (std::size_t j = 0; j < factors[g].levels.size(); ++j) {
        Choices choices = smallest;
        choices.choose(f, i, 0);
        choices.choose(g, j, 0);
        if (choices.extent(op.domain->independent) < slices) continue;
        const std::optional<double> work = work_of(op, choices);
        if (work && *work >= least && *work <= most) candidates.emplace_back(*work, choices);
      }
  };
  for (std::size_t f = 0; f < factors.size(); ++f)
    for (std::size_t g = f + 1; g < factors.size(); ++g)
      if (factors[f].range != nullptr && factors[g].range != nullptr) try_pair(f, g);
  std::reverse(candidates.begin(), candidates.end());  // of equals the one with the longest rows
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [work, choices] : candidates)
    if (is_beyond_32_bits(op, choices)) return choices;
  return std::nullopt;
}

}  // namespace assay::bench
