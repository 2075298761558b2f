// Mistakes that kernels of any operator make, each put over a right kernel: what it is given is changed, or what it
// writes. An operator's file names those that apply to it, one line each.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/planted/oracle_kernel.h"
#include "bench/planted/values.h"

namespace assay::bench::planted {

// Parts of the reason of a FAILED row, so that a mistake counts as found for what it is, never for a crash or an
// exception.
inline constexpr std::string_view wrong_value = "are wrong; the first: ";
inline constexpr std::string_view wrote_beyond = "it wrote beyond output ";
inline constexpr std::string_view read_beyond = "it read beyond input ";
inline constexpr std::string_view changed_input = "it wrote to input ";

/// Makes a wrong kernel of a right one.
using Spoil = std::function<ErasedKernel(ErasedKernel right, const OperatorInstance& instance)>;

struct Common {
  std::string name, words;
  Spoil spoil;
  std::string_view expected = {};  ///< a part of the reason; empty: wrong values, as the operator's judge tells them
};
using Commons = std::vector<Common>;

/// Which element takes the place of element i of a tensor.
using Place = std::int64_t (*)(const Shape&, std::int64_t i);
std::int64_t first_slice(const Shape& shape, std::int64_t i);   ///< the first image for all
std::int64_t slice_before(const Shape& shape, std::int64_t i);  ///< the image before; the first has its own
std::int64_t last_axes_swapped(const Shape& shape, std::int64_t i);
std::int64_t first_axis_innermost(const Shape& shape, std::int64_t i);
std::int64_t innermost_axis_first(const Shape& shape, std::int64_t i);  ///< the other way round
std::int64_t first_axis_reversed(const Shape& shape, std::int64_t i);

// ---- what goes in ----

Commons input(std::string name, std::string words, std::string_view field, Value value);
Commons input_from(std::string name, std::string words, std::string_view field, Place place);
/// Through TF32, float16 and bfloat16: three mistakes.
Commons rounded_input(std::string_view field);
Commons without_input(std::string name, std::string words, std::string_view optional_field);
Commons list_reversed(std::string_view field);
/// I64 read as int32.
Commons int32_input(std::string_view field);

/// Parameters of another value than was asked for.
template <class Op>
Commons params(std::string name, std::string words, void (*change)(typename Op::Params&)) {
  return {{std::move(name), std::move(words), [change](ErasedKernel right, const OperatorInstance&) -> ErasedKernel {
             return [=](std::span<const Scalar> given, Slots inputs, Slots outputs) {
               auto changed = detail::bind_params<Op>(given);
               change(changed);
               right(detail::to_scalars<Op>(changed), inputs, outputs);
             };
           }}};
}

// ---- what comes out ----

Commons output(std::string name, std::string words, std::string_view field, Value value);
Commons output_from(std::string name, std::string words, std::string_view field, Place place);
Commons rounded_output(std::string_view field);
/// I64 written as int32, in all outputs.
Commons int32_outputs();
/// BOOL true written as 255.
Commons true_is_255(std::string_view field);

/// Only what `written` says is written, the rest left as memory held it; `right` is the value due there.
Commons partly(std::string name, std::string words, bool (*written)(const Shape&, std::int64_t i, double right));
Commons last_image_stale();
Commons last_column_stale();  ///< the last of the last axis
Commons tail_stale();         ///< on each line what is past the last whole vector
Commons zeros_stale();        ///< what is zero or false

// ---- memory that is not the kernel's ----

Commons overrun(std::string_view output);
Commons overread(std::string_view input);
Commons input_changed(std::string_view input);

}  // namespace assay::bench::planted
