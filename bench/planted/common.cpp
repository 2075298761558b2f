// Wrong kernels made of a right one: copies of what goes in, scratch memory for what comes out.
#include "bench/planted/common.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace assay::bench::planted {
namespace {

std::size_t index_of(const std::vector<FieldInfo>& fields, std::string_view name) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == name) return i;
  throw std::logic_error(fmt::format("a planted mistake names a field {}, which the operator does not have", name));
}

std::byte* bytes(const TensorRef& tensor) { return static_cast<std::byte*>(tensor.data); }

/// A right kernel given another pack of inputs.
Spoil with_inputs(std::function<void(TensorPack&, const OperatorInstance&)> change) {
  return [change = std::move(change)](ErasedKernel right, const OperatorInstance& instance) -> ErasedKernel {
    return [=, &instance](std::span<const Scalar> params, Slots inputs, Slots outputs) {
      TensorPack given = pack_of(inputs);
      change(given, instance);
      right(params, given.slots(), outputs);
    };
  };
}

/// A change of the tensors of one input, made on copies: `change(copy, original)`.
template <class Change>
Spoil with_input(std::string_view name, Change change) {
  return with_inputs([=](TensorPack& given, const OperatorInstance& instance) {
    const std::size_t field = index_of(instance.inputs, name);
    for (TensorRef& tensor : given[field]) {
      const TensorRef original = tensor;
      tensor = copy_of(given, original);
      change(tensor, original);
    }
  });
}

/// A kernel whose right results lie in scratch memory; `write(right, out)` brings each to its place.
template <class Write>
Spoil with_scratch(Write write) {
  return [=](ErasedKernel right, const OperatorInstance& instance) -> ErasedKernel {
    return [=, &instance](std::span<const Scalar> params, Slots inputs, Slots outputs) {
      TensorPack out = pack_of(outputs), scratch(out.size());
      for (std::size_t i = 0; i < out.size(); ++i) scratch[i].push_back(copy_of(scratch, out[i][0]));
      right(params, inputs, scratch.slots());
      for (std::size_t i = 0; i < out.size(); ++i) write(instance.outputs[i], scratch[i][0], out[i][0]);
    };
  };
}

/// Something done to one tensor after the right results are there.
template <class Act>
Spoil afterwards(Act act) {
  return [=](ErasedKernel right, const OperatorInstance& instance) -> ErasedKernel {
    return [=, &instance](std::span<const Scalar> params, Slots inputs, Slots outputs) {
      right(params, inputs, outputs);
      act(instance, inputs, outputs);
    };
  };
}

template <class Act>
Spoil on_output(std::string_view name, Act act) {
  return afterwards([=](const OperatorInstance& instance, Slots, Slots outputs) {
    act(outputs[index_of(instance.outputs, name)].tensors[0]);
  });
}

/// Acts on the last tensor of the input.
template <class Act>
Spoil on_input(std::string_view name, Act act) {
  return afterwards([=](const OperatorInstance& instance, Slots inputs, Slots) {
    const Slot& slot = inputs[index_of(instance.inputs, name)];
    act(slot.tensors[slot.count - 1]);
  });
}

/// The bytes from the end of a tensor to the end of its last vector.
std::int64_t bytes_to_whole_vector(const TensorRef& tensor) {
  const std::int64_t beyond = (vector_lanes - tensor.shape.elements() % vector_lanes) % vector_lanes;
  return beyond * static_cast<std::int64_t>(size_of(tensor.dtype));
}

void narrow_to_int32(const TensorRef& from, std::byte* to) {
  for (std::int64_t i = 0; i < from.shape.elements(); ++i) {
    const auto narrow = static_cast<std::int32_t>(value_at(from, i));
    std::memcpy(to + i * 4, &narrow, sizeof narrow);
  }
}

/// The elements of one slice along the first axis.
std::int64_t slice(const Shape& shape) { return shape.elements() / shape[0]; }
std::int64_t last_extent(const Shape& shape) { return shape[shape.rank() - 1]; }

Commons in_each_format(std::string_view field, Commons (*make)(std::string, std::string, std::string_view, Value)) {
  Commons made;
  for (const auto& [name, words, value] : narrow_formats) {
    const Commons one = make(fmt::format("{}_{}", field, name), fmt::format("{} in {}", field, words), field, value);
    made.insert(made.end(), one.begin(), one.end());
  }
  return made;
}

}  // namespace

std::int64_t first_slice(const Shape& shape, std::int64_t i) { return i % slice(shape); }
std::int64_t slice_before(const Shape& shape, std::int64_t i) { return i < slice(shape) ? i : i - slice(shape); }
std::int64_t last_axes_swapped(const Shape& shape, std::int64_t i) {
  const std::int64_t H = shape[shape.rank() - 2], W = last_extent(shape), plane = i / (H * W), at = i % (H * W);
  return plane * H * W + at % H * W + at / H;
}
std::int64_t first_axis_innermost(const Shape& shape, std::int64_t i) {
  return i % slice(shape) * shape[0] + i / slice(shape);
}
std::int64_t innermost_axis_first(const Shape& shape, std::int64_t i) {
  return i % shape[0] * slice(shape) + i / shape[0];
}
std::int64_t first_axis_reversed(const Shape& shape, std::int64_t i) {
  return (shape[0] - 1 - i / slice(shape)) * slice(shape) + i % slice(shape);
}

Commons input(std::string name, std::string words, std::string_view field, Value value) {
  return {{std::move(name), std::move(words), with_input(field, [=](const TensorRef& to, const TensorRef& from) {
             for (std::int64_t i = 0; i < to.shape.elements(); ++i) set_value(to, i, value(value_at(from, i)));
           })}};
}

Commons input_from(std::string name, std::string words, std::string_view field, Place place) {
  return {{std::move(name), std::move(words), with_input(field, [=](const TensorRef& to, const TensorRef& from) {
             for (std::int64_t i = 0; i < to.shape.elements(); ++i)
               set_value(to, i, value_at(from, place(from.shape, i)));
           })}};
}

Commons rounded_input(std::string_view field) { return in_each_format(field, input); }

Commons without_input(std::string name, std::string words, std::string_view optional_field) {
  return {{std::move(name), std::move(words), with_inputs([=](TensorPack& given, const OperatorInstance& instance) {
             given[index_of(instance.inputs, optional_field)].clear();
           })}};
}

Commons list_reversed(std::string_view field) {
  return {{"reversed", fmt::format("{} in reverse", field),
           with_inputs([=](TensorPack& given, const OperatorInstance& instance) {
             std::vector<TensorRef>& list = given[index_of(instance.inputs, field)];
             std::reverse(list.begin(), list.end());
           })}};
}

Commons int32_input(std::string_view field) {
  return {{fmt::format("{}_int32", field), fmt::format("I64 {} read as int32", field),
           with_input(field, [](const TensorRef& to, const TensorRef& from) {
             for (std::int64_t i = 0; i < to.shape.elements(); ++i) {
               std::int32_t narrow = 0;
               std::memcpy(&narrow, bytes(from) + i * 4, sizeof narrow);
               set_value(to, i, narrow);
             }
           })}};
}

Commons output(std::string name, std::string words, std::string_view field, Value value) {
  return {{std::move(name), std::move(words), on_output(field, [=](const TensorRef& out) {
             for (std::int64_t i = 0; i < out.shape.elements(); ++i) set_value(out, i, value(value_at(out, i)));
           })}};
}

Commons output_from(std::string name, std::string words, std::string_view field, Place place) {
  return {{std::move(name), std::move(words),
           with_scratch([=](const FieldInfo& info, const TensorRef& right, const TensorRef& out) {
             for (std::int64_t i = 0; i < out.shape.elements(); ++i)
               set_value(out, i, value_at(right, info.name == field ? place(out.shape, i) : i));
           })}};
}

Commons rounded_output(std::string_view field) { return in_each_format(field, output); }

Commons int32_outputs() {
  return {{"int32", "I64 written as int32",
           with_scratch([](const FieldInfo&, const TensorRef& right, const TensorRef& out) {
             narrow_to_int32(right, bytes(out));
           })}};
}

Commons true_is_255(std::string_view field) {
  return {{fmt::format("{}_255", field), "true written as 255", on_output(field, [](const TensorRef& out) {
             for (std::int64_t i = 0; i < out.shape.elements(); ++i)
               if (value_at(out, i) != 0) bytes(out)[i] = std::byte{255};
           })}};
}

Commons partly(std::string name, std::string words, bool (*written)(const Shape&, std::int64_t i, double right)) {
  return {{std::move(name), std::move(words),
           with_scratch([=](const FieldInfo&, const TensorRef& right, const TensorRef& out) {
             for (std::int64_t i = 0; i < out.shape.elements(); ++i)
               if (written(out.shape, i, value_at(right, i))) set_value(out, i, value_at(right, i));
           })}};
}

Commons last_image_stale() {
  return partly("last_image", "the last of the first axis left out",
                [](const Shape& shape, std::int64_t i, double) { return i < shape.elements() - slice(shape); });
}
Commons last_column_stale() {
  return partly("last_column", "the last of the last axis left out", [](const Shape& shape, std::int64_t i, double) {
    return i % last_extent(shape) + 1 < last_extent(shape);
  });
}
Commons tail_stale() {
  return partly("tail", "what is past a line's last whole vector left out",
                [](const Shape& shape, std::int64_t i, double) {
                  return i % last_extent(shape) < last_extent(shape) / vector_lanes * vector_lanes;
                });
}
Commons zeros_stale() {
  return partly("stale", "zeros left as memory held them",
                [](const Shape&, std::int64_t, double right) { return right != 0; });
}

Commons overrun(std::string_view output) {
  return {{"overrun", "the last vector stored whole",
           on_output(output,
                     [](const TensorRef& out) {
                       std::memset(bytes(out) + bytes_of(out), 0, static_cast<std::size_t>(bytes_to_whole_vector(out)));
                     }),
           wrote_beyond}};
}

Commons overread(std::string_view input) {
  return {{"overread", "the last vector loaded whole",
           on_input(input,
                    [](const TensorRef& in) {
                      const volatile std::byte* end = bytes(in) + bytes_of(in);
                      for (std::int64_t i = 0; i < bytes_to_whole_vector(in); ++i)
                        [[maybe_unused]] const std::byte lost = end[i];
                    }),
           read_beyond}};
}

Commons input_changed(std::string_view input) {
  return {{"input", fmt::format("{} written to", input),
           on_input(input, [](const TensorRef& in) { *bytes(in) ^= std::byte{255}; }), changed_input}};
}

}  // namespace assay::bench::planted
