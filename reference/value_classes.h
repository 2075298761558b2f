// The classes of values that most fields have: real numbers of every kind, masks, sizes. An operator's domain picks
// from them, and adds its own where a field has a meaning of its own.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "reference/domain.h"

namespace assay::values {

/// `recipe` whatever the shape.
ValueClass always(std::string_view name, const Recipe& recipe, std::function<bool(const TensorRef&)> holds);

/// A class of real numbers by its name: equal, ties, ascending, descending, large (2⁴⁰), small (2⁻⁴⁰), outlier_last,
/// minus_zero, subnormal, largest, infinite, nan.
ValueClass real(std::string_view name);
/// The class `plain`, which `recipe` makes, then classes of real() by their names.
std::vector<ValueClass> reals(const Recipe& plain, std::initializer_list<std::string_view> names);
/// All of them: for operators that move values and do not compute.
std::vector<ValueClass> moved(const Recipe& plain);
/// Whether a tensor holds a value (NaN too), holds nothing else, is a repetition of its first `period` elements; and
/// its largest finite magnitude.
std::function<bool(const TensorRef&)> has(double value);
std::function<bool(const TensorRef&)> all(double value);
std::function<bool(const TensorRef&)> repeats(std::int64_t period);
double magnitude(const TensorRef& tensor);

/// An optional input that is not there.
ValueClass absent();

/// Masks [B, H, W], true is padding: rectangles (padding at the right and below), none, all, one_padded (the last
/// cell), one_valid (the first cell), holes, first (the first row and column padded: no rectangle at the top left),
/// last.
std::vector<ValueClass> masks();

/// Integers [count, names.size()], each column within an extent and spread as spread() says: sizes of images, numbers
/// of targets.
std::vector<ValueClass> within(std::initializer_list<std::string_view> extents, std::int64_t least);
/// Integers of 0 to one less than an extent (labels): plain, first (0 alone), last (the largest alone).
std::vector<ValueClass> below(std::string_view extent);
/// The numbers of column `column` of such a field, for what depends on them.
std::vector<std::int64_t> numbers_within(const Choices& choices, std::string_view field, std::string_view extent,
                                         std::int64_t count, std::int64_t least, std::uint64_t column = 0);

}  // namespace assay::values
