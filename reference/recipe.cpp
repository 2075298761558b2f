// The generator behind the recipes, and each recipe's values.
#include "reference/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace assay {
namespace {

/// A real in [0, 1) from the 53 bits a double holds.
double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

double normal(std::uint64_t key, std::uint64_t index) {
  const double u = 1.0 - unit(random_bits(key, 2 * index));  // in (0, 1], so that the logarithm is finite
  const double v = unit(random_bits(key, 2 * index + 1));
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

/// A real number as an element; integers keep within their range, and have no NaN.
template <class T>
T stored(double value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_integral_v<T>) {
    const double low = static_cast<double>(std::numeric_limits<T>::min());
    if (!(value > low)) return std::numeric_limits<T>::min();
    return value < static_cast<double>(std::numeric_limits<T>::max()) ? static_cast<T>(value)
                                                                      : std::numeric_limits<T>::max();
  } else {
    return static_cast<T>(value);
  }
}

[[noreturn]] void unsuitable(std::string_view recipe, DType dtype) {
  throw InvalidArgument(fmt::format("the recipe {} does not make {} elements", recipe, name_of(dtype)));
}

/// The cost of query q and target t, of which `pairs` can be matched at most.
double cost_of_pair(const MatchingCosts& recipe, std::int64_t q, std::int64_t t, std::int64_t pairs,
                    std::uint64_t bits) {
  if (recipe.forbidden && bits % 2 == 0 && q != t) return std::numeric_limits<double>::infinity();
  if (recipe.large == 0) return 5 * unit(bits) - 1;
  if (q >= pairs || t < 0 || t >= pairs) return 8 * recipe.large;  // never matched
  const auto kind = static_cast<std::int64_t>(bits / 2 % 8);
  if (const auto off = static_cast<double>(q % 3 - t % 3); off != 0)
    return (off + 0x1p-20 * static_cast<double>(kind + 1)) * recipe.large;  // and more than any small one
  return kind == 0 ? 0 : (static_cast<double>(bits / 16 % 1024) - 512) * 0x1p-6;
}

/// The middle of token `q` of all levels' tokens, beginning again behind the last: x and y in 0..1.
std::pair<double, double> middle_of_token(const AroundTokens& recipe, std::int64_t q) {
  std::int64_t tokens = 0;
  for (const auto& [height, width] : recipe.levels) tokens += height * width;
  std::int64_t token = q % tokens;
  for (const auto& [height, width] : recipe.levels) {
    if (token < height * width)
      return {(static_cast<double>(token % width) + 0.5) / static_cast<double>(width),
              (static_cast<double>(token / width) + 0.5) / static_cast<double>(height)};
    token -= height * width;
  }
  return {};  // unreached: a token lies in one of the levels
}

template <class T>
struct Filler {
  T* data;
  const Shape& shape;
  std::uint64_t key;

  std::uint64_t count() const { return static_cast<std::uint64_t>(shape.elements()); }
  template <class F>
  void each(F value) const {
    for (std::uint64_t i = 0; i < count(); ++i) data[i] = stored<T>(static_cast<double>(value(i)));
  }

  void operator()(const Uniform& r) const {
    each([&](std::uint64_t i) { return r.low + (r.high - r.low) * unit(random_bits(key, i)); });
  }
  void operator()(const Normal& r) const {
    if (r.deviation == 0) return each([&](std::uint64_t) { return r.mean; });
    each([&](std::uint64_t i) { return r.mean + r.deviation * normal(key, i); });
  }
  void operator()(const Pixels&) const {
    if constexpr (std::is_same_v<T, std::uint8_t>) {
      each([&](std::uint64_t i) { return random_bits(key, i) & 0xff; });
    } else {
      // (0 − 0.485)/0.229 to (1 − 0.406)/0.225: the extremes of ImageNet's normalisation over its three channels
      (*this)(Uniform{-2.118, 2.640});
    }
  }
  void operator()(const Values& r) const {
    if (r.elements.size() != count())
      throw InvalidArgument(
          fmt::format("{} values cannot fill a tensor of shape {}", r.elements.size(), to_string(shape)));
    each([&](std::uint64_t i) { return r.elements[i]; });
  }
  void operator()(const Choice& r) const {
    each([&](std::uint64_t i) { return r.elements[random_bits(key, i) % r.elements.size()]; });
  }
  void operator()(const Boxes& r) const {
    constexpr double smallest = 0x1p-10, largest = 0.5;
    if (shape.rank() == 0 || shape[shape.rank() - 1] != 4)
      throw InvalidArgument(fmt::format("boxes cannot fill a tensor of shape {}", to_string(shape)));
    for (std::uint64_t box = 0; box < count() / 4; ++box)
      for (std::uint64_t axis = 0; axis < 2; ++axis) {
        const std::uint64_t drawn = r.distinct == 0 ? box : box % static_cast<std::uint64_t>(r.distinct);
        const std::uint64_t bits = random_bits(key, 4 * drawn + 2 * axis);
        const double extent = bits % 16 == 0 ? 0 : smallest + (largest - smallest) * unit(bits);
        const double centre = unit(random_bits(key, 4 * drawn + 2 * axis + 1));
        data[4 * box + axis] = stored<T>((r.centre_and_size ? centre : centre - extent / 2) * r.scale);
        data[4 * box + 2 + axis] = stored<T>((r.centre_and_size ? extent : centre + extent / 2) * r.scale);
      }
  }
  void operator()(const PaddingOf& r) const {
    if constexpr (!std::is_same_v<T, bool>) {
      unsuitable("PaddingOf", DTypeOf<T>::value);
    } else {
      if (shape.rank() != 3 || static_cast<std::int64_t>(r.valid.size()) != shape[0])
        throw InvalidArgument(
            fmt::format("{} valid rectangles cannot fill a mask of shape {}", r.valid.size(), to_string(shape)));
      T* element = data;
      for (const auto& [height, width] : r.valid)
        for (std::int64_t y = 0; y < shape[1]; ++y)
          for (std::int64_t x = 0; x < shape[2]; ++x) *element++ = y >= height || x >= width;
    }
  }
  void operator()(const Outlier& r) const {
    (*this)(r.base);
    const std::uint64_t n = count(), from_end = static_cast<std::uint64_t>(-r.index);
    if (r.index >= 0 && static_cast<std::uint64_t>(r.index) < n) data[r.index] = stored<T>(r.value);
    if (r.index < 0 && from_end <= n) data[n - from_end] = stored<T>(r.value);
  }
  void operator()(const Ramp& r) const {
    const std::uint64_t row = shape.rank() == 0 ? 1 : static_cast<std::uint64_t>(shape[shape.rank() - 1]);
    each([&](std::uint64_t i) { return r.first + r.step * static_cast<double>(i % row); });
  }
  void operator()(const Border& r) const {
    if constexpr (!std::is_same_v<T, bool>) {
      unsuitable("Border", DTypeOf<T>::value);
    } else {
      if (shape.rank() != 3)
        throw InvalidArgument(fmt::format("a border cannot fill a mask of shape {}", to_string(shape)));
      const auto is_within = [&](std::int64_t i, std::int64_t n) { return i >= r.first && i < n - r.last; };
      T* element = data;
      for (std::int64_t b = 0; b < shape[0]; ++b)
        for (std::int64_t y = 0; y < shape[1]; ++y)
          for (std::int64_t x = 0; x < shape[2]; ++x) *element++ = !is_within(y, shape[1]) || !is_within(x, shape[2]);
    }
  }
  void operator()(const MatchingCosts& r) const {
    if (shape.rank() != 3 || static_cast<std::int64_t>(r.sizes.size()) != shape[0])
      throw InvalidArgument(
          fmt::format("costs of {} images cannot fill a tensor of shape {}", r.sizes.size(), to_string(shape)));
    std::uint64_t at = 0;
    std::int64_t before = 0;
    for (const std::int64_t size : r.sizes) {
      for (std::int64_t q = 0; q < shape[1]; ++q)
        for (std::int64_t t = 0; t < shape[2]; ++t, ++at)
          data[at] = stored<T>(cost_of_pair(r, q, t - before, std::min(size, shape[1]), random_bits(key, at)));
      before += size;
    }
  }
  void operator()(const Picks& r) const {
    std::vector<double> picked;
    Draw draw(key);
    for (const auto& [count, among] : r.groups) {
      if (count < 0 || count > among)
        throw InvalidArgument(fmt::format("{} different integers cannot be picked of {}", count, among));
      std::vector<double> all(static_cast<std::size_t>(among));
      std::iota(all.begin(), all.end(), 0.0);
      for (std::int64_t i = 0; i < count && !r.first; ++i)
        std::swap(all[static_cast<std::size_t>(i)], all[static_cast<std::size_t>(draw.integer(i, among - 1))]);
      all.resize(static_cast<std::size_t>(count));
      if (r.order == Picks::Order::ascending) std::sort(all.begin(), all.end());
      if (r.order == Picks::Order::descending) std::sort(all.rbegin(), all.rend());
      picked.insert(picked.end(), all.begin(), all.end());
    }
    (*this)(Values{std::move(picked)});
  }
  void operator()(const AroundTokens& r) const {
    if (shape.rank() != 6 || shape[3] != std::ssize(r.levels) || shape[5] != 2)
      throw InvalidArgument(
          fmt::format("locations on {} levels cannot fill a tensor of shape {}", r.levels.size(), to_string(shape)));
    std::uint64_t at = 0;
    for (std::int64_t query = 0; query < shape[0] * shape[1]; ++query) {
      const auto [x, y] = middle_of_token(r, query % shape[1]);
      for (std::int64_t head = 0; head < shape[2]; ++head)
        for (const auto& [height, width] : r.levels)
          for (std::int64_t point = 0; point < shape[4]; ++point, at += 2) {
            const auto offset = [&](std::uint64_t i) { return r.reach * (2 * unit(random_bits(key, i)) - 1); };
            data[at] = stored<T>(x + offset(at) / static_cast<double>(width));
            data[at + 1] = stored<T>(y + offset(at + 1) / static_cast<double>(height));
          }
    }
  }
  void operator()(const Scattered& r) const {
    if constexpr (!std::is_same_v<T, bool>) {
      unsuitable("Scattered", DTypeOf<T>::value);
    } else {
      each([&](std::uint64_t i) { return unit(random_bits(key, i)) < r.probability; });
    }
  }
};

template <class T>
void fill_typed(const TensorRef& to, const Recipe& recipe, std::uint64_t key) {
  std::visit(Filler<T>{static_cast<T*>(to.data), to.shape, key}, recipe);
}

}  // namespace

std::uint64_t derive_key(std::uint64_t key, std::string_view name) {
  for (const char c : name) key = random_bits(key, static_cast<unsigned char>(c));
  return random_bits(key, name.size());
}

bool is_drawn(const Recipe& recipe) {
  const auto is = [&](auto tag) { return std::holds_alternative<decltype(tag)>(recipe); };
  return !is(Values{}) && !is(PaddingOf{}) && !is(Ramp{}) && !is(Border{});
}

void fill(const TensorRef& to, const Recipe& recipe, std::uint64_t key) {
  with_type(to.dtype, [&](auto tag) { fill_typed<typename decltype(tag)::type>(to, recipe, key); });
}

std::int64_t Draw::integer(std::int64_t low, std::int64_t high) {
  const auto range = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int64_t>(random_bits(key_, next_++) % range);
}
bool Draw::chance(double probability) { return unit(random_bits(key_, next_++)) < probability; }
double Draw::real(double low, double high) { return low + (high - low) * unit(random_bits(key_, next_++)); }

}  // namespace assay
