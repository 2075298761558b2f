// Counting bytes from shapes.
#include "bench/verdict/room.h"

#include <fmt/format.h>

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

/// From the shapes alone: a recipe's inputs are not made yet.
Bytes bytes_of_inputs(const BoundCase& bound) {
  Bytes sum;
  const std::vector<FieldInfo>& fields = bound.instance->inputs;
  if (bound.golden)
    for (std::size_t field = 0; field < fields.size(); ++field)
      for (const TensorRef& tensor : bound.golden->inputs[field]) add(sum, fields[field], tensor.shape);
  for (const CaseInput& input : bound.recipe)
    for (const FieldInfo& field : fields)
      if (field.name == input.field) add(sum, field, input.shape);
  return sum;
}

double bytes_of_outputs(const BoundCase& bound) {
  Bytes sum;
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i)
    add(sum, bound.instance->outputs[i], bound.output_shapes[i]);
  return sum.as_they_are;
}

double bytes_of_truth(const BoundCase& bound) {
  double sum = 0;
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i) {
    const FieldInfo& field = bound.instance->outputs[i];
    const double scale = field.bound ? sizeof(double) : 0;
    sum += elements(bound.output_shapes[i]) * (static_cast<double>(size_of(field.oracle_dtype)) + scale);
  }
  return sum;
}

}  // namespace

double bytes_for_truth(const BoundCase& bound) {
  const Bytes inputs = bytes_of_inputs(bound);
  return 2 * (inputs.as_they_are + inputs.widened + bytes_of_truth(bound));
}

double bytes_for_trial(const BoundCase& bound) {
  // of the outputs: on the device, guarded, the results, and the results of the guarded run or a poison
  return 2 * bytes_of_inputs(bound).as_they_are + 4 * bytes_of_outputs(bound);
}

double bytes_for_run(const BoundCase& bound) {
  return bytes_of_inputs(bound).as_they_are + 3 * bytes_of_outputs(bound);
}

void require_memory(std::string_view what, double bytes) {
  constexpr double worth_asking = 32 << 20;  // asking takes 0.1 ms, and a smaller allocation that fails is caught
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
