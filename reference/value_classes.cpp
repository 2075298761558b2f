// How values of each class are made, and how they are recognised.
#include "reference/value_classes.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "reference/recipe.h"

namespace assay::values {
namespace {

using Holds = std::function<bool(const TensorRef&)>;

/// Whether some element is one.
template <class Is>
Holds any(Is is) {
  return [is](const TensorRef& tensor) {
    for (std::int64_t i = 0; i < tensor.shape.elements(); ++i)
      if (is(value_at(tensor, i))) return true;
    return false;
  };
}
/// Whether every element relates to the one before it on the last axis.
template <class Related>
Holds each_next(Related related) {
  return [related](const TensorRef& tensor) {
    const std::int64_t n = tensor.shape.elements(), row = tensor.shape.rank() == 0 ? 1 : *(tensor.shape.end() - 1);
    for (std::int64_t i = 1; i < n; ++i)
      if (i % row != 0 && !related(value_at(tensor, i - 1), value_at(tensor, i))) return false;
    return n > 0 && row > 1;
  };
}

bool are_equal(const TensorRef& tensor) {
  const std::int64_t n = tensor.shape.elements();
  for (std::int64_t i = 1; i < n; ++i)
    if (value_at(tensor, i) != value_at(tensor, 0)) return false;
  return n > 1;
}

/// At least eight elements of at most four values.
bool has_ties(const TensorRef& tensor) {
  std::vector<double> seen;
  for (std::int64_t i = 0; i < tensor.shape.elements(); ++i) {
    const double value = value_at(tensor, i);
    if (std::find(seen.begin(), seen.end(), value) == seen.end()) seen.push_back(value);
    if (seen.size() > 4) return false;
  }
  return tensor.shape.elements() >= 8 && seen.size() > 1;
}

bool has_outlier_last(const TensorRef& tensor) {
  const std::int64_t n = tensor.shape.elements();
  double others = 0;
  for (std::int64_t i = 0; i + 1 < n; ++i) others = std::max(others, std::abs(value_at(tensor, i)));
  return n > 1 && std::abs(value_at(tensor, n - 1)) > 100 * others;
}

/// Elements of subnormal size and ones. Among few there is a one for certain: what a bound allows at 0 is larger than
/// any subnormal number, so that a result of them alone would tell nothing.
Recipe subnormals(const Choices&, const Shape& shape, std::uint64_t key) {
  const std::vector<double> elements = {0x1p-149, -0x1p-130, 0x1.8p-127, 1};
  const std::int64_t n = shape.elements(), few = 64;
  if (n < 2 || n > few) return Choice{elements};
  Draw draw(key);
  Values made;
  for (std::int64_t i = 0; i < n; ++i) made.elements.push_back(elements[static_cast<std::size_t>(draw.integer(0, 3))]);
  const std::int64_t one = draw.integer(0, n - 1);
  made.elements[static_cast<std::size_t>(one)] = 1;
  made.elements[static_cast<std::size_t>((one + 1) % n)] = elements[0];
  return made;
}

std::vector<ValueClass> real_classes() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr std::int64_t last = -1;
  const auto outlier = [](double value) { return Outlier{{0, 1}, value, last}; };
  return {
      always("equal", Choice{{0.75}}, are_equal),
      always("ties", Choice{{0, 1, 2, 3}}, has_ties),
      always("ascending", Ramp{-4, 0x1p-6}, each_next([](double a, double b) { return a < b; })),
      always("descending", Ramp{4, -0x1p-6}, each_next([](double a, double b) { return a > b; })),
      always("large", Normal{0, 0x1p40}, [](const TensorRef& t) { return magnitude(t) >= 0x1p36; }),
      always("small", Normal{0, 0x1p-40},
             [](const TensorRef& t) { return magnitude(t) > 0 && magnitude(t) < 0x1p-36; }),
      always("outlier_last", outlier(1000), has_outlier_last),
      always("minus_zero", Choice{{0, -0.0, 1}}, any([](double v) { return v == 0 && std::signbit(v); })),
      {"subnormal", subnormals, any([](double v) { return v != 0 && std::abs(v) < FLT_MIN; })},
      always("largest", Choice{{FLT_MAX, -FLT_MAX, 1}}, any([](double v) { return std::abs(v) == FLT_MAX; })),
      always("infinite", Choice{{infinity, -infinity, 1}}, any([](double v) { return std::isinf(v); })),
      always("nan", Choice{{std::numeric_limits<double>::quiet_NaN(), 0, 1}},
             any([](double v) { return std::isnan(v); })),
  };
}

// ---- masks ----

/// A mask [B, H, W] and its cells.
struct MaskCells {
  const bool* cells;
  std::int64_t B, H, W;
  explicit MaskCells(const TensorRef& mask)
      : cells(static_cast<const bool*>(mask.data)), B(mask.shape[0]), H(mask.shape[1]), W(mask.shape[2]) {}
  std::int64_t count() const { return B * H * W; }
  std::int64_t padded() const { return std::count(cells, cells + count(), true); }
};

/// Whether each image's valid cells are a rectangle at its top left.
bool are_rectangles(const TensorRef& mask) {
  const MaskCells m(mask);
  for (std::int64_t b = 0; b < m.B; ++b) {
    const bool* image = m.cells + b * m.H * m.W;
    std::int64_t width = 0, height = 0;
    while (width < m.W && !image[width]) ++width;
    while (height < m.H && !image[height * m.W]) ++height;
    for (std::int64_t y = 0; y < m.H; ++y)
      for (std::int64_t x = 0; x < m.W; ++x)
        if (image[y * m.W + x] != (y >= height || x >= width)) return false;
  }
  return true;
}

template <bool at_start>
Recipe bordered(const Choices&, const Shape&, std::uint64_t) {
  return at_start ? Border{1, 0} : Border{0, 1};
}

/// Whether the first (or last) row and column of every image are padded, and something else is not.
template <bool at_start>
bool is_bordered(const TensorRef& mask) {
  const MaskCells m(mask);
  const std::int64_t row = at_start ? 0 : m.H - 1, column = at_start ? 0 : m.W - 1;
  for (std::int64_t b = 0; b < m.B; ++b) {
    const bool* image = m.cells + b * m.H * m.W;
    for (std::int64_t x = 0; x < m.W; ++x)
      if (!image[row * m.W + x]) return false;
    for (std::int64_t y = 0; y < m.H; ++y)
      if (!image[y * m.W + column]) return false;
  }
  return m.padded() < m.count();
}

/// Rectangles of any size within each image.
Recipe rectangles(const Choices&, const Shape& shape, std::uint64_t key) {
  Draw draw(key);
  PaddingOf padding;
  for (std::int64_t b = 0; b < shape[0]; ++b) {
    const std::int64_t height = draw.integer(1, shape[1]);
    padding.valid.emplace_back(height, draw.integer(1, shape[2]));
  }
  return padding;
}

// ---- sizes ----

/// The values of one column of a tensor [count, columns].
std::vector<double> column_of(const TensorRef& tensor, std::int64_t columns, std::int64_t column) {
  std::vector<double> values;
  for (std::int64_t i = column; i < tensor.shape.elements(); i += columns) values.push_back(value_at(tensor, i));
  return values;
}

bool is_spread(std::string_view how, const std::vector<double>& values) {
  if (how == "mixed") return true;
  if (values.size() < 2) return false;
  const double first = values.front(), last = values.back(), least = *std::min_element(values.begin(), values.end());
  const bool same = std::all_of(values.begin(), values.end(), [&](double v) { return v == first; });
  if (how == "equal") return same;
  if (same) return false;
  if (how == "ascending") return std::is_sorted(values.begin(), values.end());
  if (how == "descending") return std::is_sorted(values.rbegin(), values.rend());
  const bool of_first = how == "first";
  const double large = of_first ? first : last;
  return large > least &&
         std::count(values.begin(), values.end(), least) + 1 == static_cast<std::ptrdiff_t>(values.size());
}

}  // namespace

double magnitude(const TensorRef& tensor) {
  double most = 0;
  for (std::int64_t i = 0; i < tensor.shape.elements(); ++i)
    if (const double value = std::abs(value_at(tensor, i)); std::isfinite(value)) most = std::max(most, value);
  return most;
}

Holds has(double value) {
  return any([value](double v) { return v == value || (std::isnan(v) && std::isnan(value)); });
}
Holds all(double value) {
  return [other = any([value](double v) { return !(v == value); })](const TensorRef& t) { return !other(t); };
}
Holds repeats(std::int64_t period) {
  return [period](const TensorRef& tensor) {
    for (std::int64_t i = period; i < tensor.shape.elements(); ++i)
      if (value_at(tensor, i) != value_at(tensor, i - period)) return false;
    return tensor.shape.elements() > period;
  };
}

ValueClass always(std::string_view name, const Recipe& recipe, std::function<bool(const TensorRef&)> holds) {
  return {name, [recipe](const Choices&, const Shape&, std::uint64_t) { return recipe; }, std::move(holds)};
}

namespace {
ValueClass plain_class(const Recipe& recipe) {
  return always("plain", recipe, [](const TensorRef&) { return true; });
}
}  // namespace

ValueClass real(std::string_view name) {
  for (ValueClass& known : real_classes())
    if (known.name == name) return std::move(known);
  throw std::logic_error("there is no class of real numbers called " + std::string(name));
}

std::vector<ValueClass> reals(const Recipe& plain, std::initializer_list<std::string_view> names) {
  std::vector<ValueClass> classes = {plain_class(plain)};
  for (const std::string_view name : names) classes.push_back(real(name));
  return classes;
}

std::vector<ValueClass> moved(const Recipe& plain) {
  std::vector<ValueClass> classes = real_classes();
  classes.insert(classes.begin(), plain_class(plain));
  return classes;
}

ValueClass absent() { return {"absent", nullptr, nullptr}; }

std::vector<ValueClass> masks() {
  const auto with_padding = [](auto is) {
    return [is](const TensorRef& mask) { return is(MaskCells(mask).padded(), MaskCells(mask).count()); };
  };
  return {
      {"rectangles", rectangles, are_rectangles},
      always("none", Choice{{0}}, with_padding([](std::int64_t padded, std::int64_t) { return padded == 0; })),
      always("all", Choice{{1}}, with_padding([](std::int64_t padded, std::int64_t n) { return padded == n; })),
      always("one_padded", Outlier{{0, 0}, 1, -1},
             with_padding([](std::int64_t padded, std::int64_t) { return padded == 1; })),
      always("one_valid", Outlier{{1, 0}, 0, 0},
             with_padding([](std::int64_t padded, std::int64_t n) { return n > 1 && padded == n - 1; })),
      always("holes", Scattered{0.3}, [](const TensorRef& mask) { return !are_rectangles(mask); }),
      {"first", bordered<true>, is_bordered<true>},
      {"last", bordered<false>, is_bordered<false>},
  };
}

std::vector<ValueClass> within(std::initializer_list<std::string_view> extents, std::int64_t least) {
  const std::vector<std::string_view> columns(extents);
  std::vector<ValueClass> classes;
  for (const std::string_view how : spreads) {
    const auto recipe = [=](const Choices& choices, const Shape& shape, std::uint64_t key) -> Recipe {
      assay::Values values{std::vector<double>(static_cast<std::size_t>(shape.elements()))};
      for (std::size_t c = 0; c < columns.size(); ++c) {
        const auto numbers = spread(how, shape[0], least, choices.extent(columns[c]), random_bits(key, c));
        for (std::size_t i = 0; i < numbers.size(); ++i)
          values.elements[i * columns.size() + c] = static_cast<double>(numbers[i]);
      }
      return values;
    };
    const auto holds = [=](const TensorRef& tensor) {
      const auto n = static_cast<std::int64_t>(columns.size());
      for (std::int64_t c = 0; c < n; ++c)
        if (is_spread(how, column_of(tensor, n, c))) return true;
      return false;
    };
    classes.push_back({how, recipe, holds});
  }
  return classes;
}

std::vector<ValueClass> below(std::string_view extent) {
  const auto most = [extent](const Choices& choices) { return static_cast<double>(choices.extent(extent)); };
  const auto drawn = [most](const Choices& choices, const Shape&, std::uint64_t) -> Recipe {
    return Uniform{0, most(choices)};  // an integer keeps the whole part
  };
  const auto largest = [most](const Choices& choices, const Shape&, std::uint64_t) -> Recipe {
    return Choice{{most(choices) - 1}};
  };
  const auto are_largest = [](const TensorRef& tensor) {
    return tensor.shape.elements() > 0 && value_at(tensor, 0) > 0 && all(value_at(tensor, 0))(tensor);
  };
  return {{"plain", drawn, [](const TensorRef&) { return true; }},
          always("first", Choice{{0}}, all(0)),
          {"last", largest, are_largest}};
}

std::vector<std::int64_t> numbers_within(const Choices& choices, std::string_view field, std::string_view extent,
                                         std::int64_t count, std::int64_t least, std::uint64_t column) {
  const std::uint64_t key = random_bits(derive_key(choices.key(), field), column);
  return spread(choices.level(field), count, least, choices.extent(extent), key);
}

}  // namespace assay::values
