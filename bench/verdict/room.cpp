// Counting bytes from shapes.
#include "bench/verdict/room.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "bench/base/units.h"
#include "bench/machine/memory.h"

namespace assay::bench {
namespace {

double elements(const Shape& shape) { return static_cast<double>(shape.elements()); }

struct Bytes {
  double as_they_are = 0;
  double widened = 0;  ///< beyond the above: a double for each element of the operator's dtype
};

void add(Bytes& sum, const FieldInfo& field, const Shape& shape) {
  sum.as_they_are += elements(shape) * static_cast<double>(size_of(field.dtype));
  if (field.carries_dtype) sum.widened += elements(shape) * sizeof(double);
}

/// A tensor of the field: all of it, or the slices of a sample.
Shape part_of(const FieldInfo& field, const Shape& whole, const Sample* sample) {
  const auto axis = sample != nullptr ? place_of_axis(field, sample->axis) : std::nullopt;
  Shape part = whole;
  if (axis) part[*axis] = std::ssize(sample->slices);
  return part;
}

/// From the shapes alone: a recipe's inputs are not made yet. Of a list, the share of its elements that are sampled.
Bytes bytes_of_inputs(const BoundCase& bound, const Sample* sample = nullptr) {
  Bytes sum;
  const auto count = [&](const FieldInfo& field, const Shape& shape) {
    Bytes one;
    add(one, field, part_of(field, shape, sample));
    const bool listed = sample != nullptr && counts_list(*bound.op->domain, field, sample->axis);
    const double share = listed ? static_cast<double>(sample->slices.size()) / static_cast<double>(sample->extent) : 1;
    sum.as_they_are += share * one.as_they_are;
    sum.widened += share * one.widened;
  };
  const std::vector<FieldInfo>& fields = bound.instance->inputs;
  if (bound.golden)
    for (std::size_t field = 0; field < fields.size(); ++field)
      for (const TensorRef& tensor : bound.golden->inputs[field]) count(fields[field], tensor.shape);
  for (const CaseInput& input : bound.recipe)
    for (const FieldInfo& field : fields)
      if (field.name == input.field) count(field, input.shape);
  return sum;
}

/// The outputs, and what an oracle gives for them.
struct OutputBytes {
  double results = 0, truth = 0;
};

OutputBytes bytes_of_outputs(const BoundCase& bound, const Sample* sample = nullptr) {
  OutputBytes sum;
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i) {
    const FieldInfo& field = bound.instance->outputs[i];
    const double n = elements(part_of(field, bound.output_shapes[i], sample));
    const double scale = field.bound ? sizeof(double) : 0;
    sum.results += n * static_cast<double>(size_of(field.dtype));
    sum.truth += n * (static_cast<double>(size_of(field.oracle_dtype)) + scale);
  }
  return sum;
}

bool has_activations(const BoundCase& bound) {
  const std::vector<FieldInfo>& fields = bound.instance->inputs;
  return std::any_of(fields.begin(), fields.end(),
                     [](const FieldInfo& field) { return field.role == Role::activation; });
}

const Sample* pointer_to(const std::optional<Sample>& sample) { return sample ? &*sample : nullptr; }

/// Of the results that are copied before they are judged.
double bytes_copied(const BoundCase& bound, const Sample* sample, bool on_host) {
  const double bytes = bytes_of_outputs(bound, sample).results;
  const bool in_place = sample == nullptr && on_host && bytes > static_cast<double>(most_bytes_copied);
  return in_place ? 0 : bytes;
}

// Asking takes 0.1 ms, and a smaller allocation that fails is caught.
constexpr double worth_asking = 32 << 20;

}  // namespace

double bytes_for_truth(const BoundCase& bound, const std::optional<Sample>& sample) {
  const Bytes inputs = bytes_of_inputs(bound), part = bytes_of_inputs(bound, pointer_to(sample));
  const double made = part.widened + bytes_of_outputs(bound, pointer_to(sample)).truth;
  const double of_candidate = has_activations(bound) ? part.as_they_are + made : 0;
  return inputs.as_they_are + (sample ? part.as_they_are : 0) + made + of_candidate;
}

double bytes_for_trial(const BoundCase& bound, const std::optional<Sample>& sample, bool on_host) {
  return 2 * bytes_of_inputs(bound).as_they_are + 2 * bytes_of_outputs(bound).results +
         2 * bytes_copied(bound, pointer_to(sample), on_host);
}

double bytes_for_run(const BoundCase& bound, bool on_host) {
  return bytes_of_inputs(bound).as_they_are + bytes_of_outputs(bound).results +
         2 * bytes_copied(bound, nullptr, on_host);
}

bool has_room(double bytes) { return bytes < worth_asking || bytes <= free_memory().bytes; }

void require_memory(std::string_view what, double bytes) {
  if (bytes < worth_asking) return;
  const FreeMemory left = free_memory();
  if (bytes <= left.bytes) return;
  throw Unavailable(fmt::format("{} about {}, and {} are left ({}): give it more memory, or choose smaller cases", what,
                                format_bytes(bytes), format_bytes(left.bytes), left.limited_by));
}

std::string memory_ran_out() {
  const FreeMemory left = free_memory();
  return fmt::format("memory ran out: {} are left ({}): give it more memory, or choose smaller cases",
                     format_bytes(left.bytes), left.limited_by);
}

std::thread start_thread(std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& problem) {
    throw Unavailable(fmt::format("no thread could be started for it: {}", problem.what()));
  }
}

}  // namespace assay::bench
