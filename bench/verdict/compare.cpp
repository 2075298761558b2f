// The comparison of one output. Every test is written so that a NaN fails it.
#include "bench/verdict/compare.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "bench/verdict/tolerance.h"

namespace assay::bench {
namespace {

constexpr std::size_t most_places = 10;

template <class T>
bool same_bits(T a, T b) {
  if constexpr (std::is_same_v<T, float>) return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  if constexpr (std::is_same_v<T, double>) return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  if constexpr (std::is_integral_v<T>) return a == b;
}

/// Numbers of representable values between a and b; 0 for equal ones, also ±0.
template <class T>
double ulp_distance(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    const auto ordered = [](T value) {
      const auto bits = std::bit_cast<Bits>(value);
      return static_cast<double>(bits < 0 ? std::numeric_limits<Bits>::min() - bits : bits);
    };
    return std::abs(ordered(a) - ordered(b));
  } else {
    return std::abs(static_cast<double>(a) - static_cast<double>(b));
  }
}

/// NaN where the oracle has NaN, and the same infinity.
bool same_special(double value, double expected) {
  return std::isnan(expected) ? std::isnan(value) : value == expected;
}

/// False for NaN.
bool is_within(double value, const ErrorScale::Open& range) { return value >= range.low && value <= range.high; }

/// Gathers an OutputReport element by element.
class Tally {
 public:
  Tally(const FieldInfo& field, const TensorRef& got) {
    report_.name = field.name;
    report_.dtype = got.dtype;
    report_.shape = got.shape;
    report_.elements = got.shape.elements();
  }

  void count_specials(double got, double expected) {
    report_.nan_got += std::isnan(got);
    report_.nan_expected += std::isnan(expected);
    report_.inf_got += std::isinf(got);
    report_.inf_expected += std::isinf(expected);
  }

  void mismatch(std::int64_t element, double got, double expected, double tolerance) {
    ++report_.mismatches;
    if (report_.places.size() < most_places)
      report_.places.push_back({index_of(element, report_.shape), got, expected, tolerance});
  }

  void error(double got, double expected, double ulp) {
    const double abs = std::abs(got - expected);
    if (!std::isfinite(abs)) return;  // counted among the specials
    report_.max_abs = std::max(report_.max_abs, abs);
    if (expected != 0) report_.max_rel = std::max(report_.max_rel, abs / std::abs(expected));
    report_.max_ulp = std::max(report_.max_ulp, ulp);
    squared_error_ += abs * abs;
    squared_truth_ += expected * expected;
  }

  /// The share of its tolerance that an element used.
  void ratio(std::int64_t element, double share, double got, double expected, double tolerance) {
    if (std::isnan(report_.max_error_ratio) || share <= report_.max_error_ratio) return;  // a NaN comes in and stays
    report_.max_error_ratio = share;
    report_.worst = Place{index_of(element, report_.shape), got, expected, tolerance};
  }

  void unspecified() { ++report_.unspecified; }

  OutputReport finish(std::string_view precision_class) {
    report_.ok = report_.mismatches == 0;
    report_.nmse = squared_error_ == 0 ? 0 : squared_error_ / squared_truth_;
    report_.precision_class = precision_class;
    return std::move(report_);
  }

 private:
  OutputReport report_;
  double squared_error_ = 0, squared_truth_ = 0;
};

template <class T, class R>
OutputReport compare_exact(const FieldInfo& field, const TensorRef& got, const TensorRef& truth) {
  Tally tally(field, got);
  const auto* g = static_cast<const T*>(got.data);
  const auto* r = static_cast<const R*>(truth.data);
  const std::int64_t n = got.shape.elements();
  if constexpr (std::is_integral_v<T> && std::is_same_v<T, R>)  // ten times as fast, and right results are the rule
    if (n == 0 || std::memcmp(g, r, static_cast<std::size_t>(n) * sizeof(T)) == 0) return tally.finish("exact");
  bool equal = true;
  for (std::int64_t i = 0; i < n; ++i) {
    const T expected = static_cast<T>(r[i]);
    if (same_bits(g[i], expected)) {
      if constexpr (std::is_floating_point_v<T>)
        tally.count_specials(static_cast<double>(g[i]), static_cast<double>(expected));
      continue;
    }
    const auto shown = static_cast<double>(g[i]), wanted = static_cast<double>(expected);
    if constexpr (std::is_floating_point_v<T>) tally.count_specials(shown, wanted);
    if (std::isnan(shown) && std::isnan(wanted)) continue;  // one NaN is as good as another
    tally.error(shown, wanted, ulp_distance(g[i], expected));
    tally.ratio(i, std::numeric_limits<double>::infinity(), shown, wanted, 0);
    tally.mismatch(i, shown, wanted, 0);
    equal = false;
  }
  return tally.finish(equal ? "exact" : "worse");
}

/// The comparison of one inexact output, one element after the other.
template <class T>
class Comparison {
 public:
  Comparison(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
             const Tolerance& tolerance)
      : tally_(field, got), tolerance_(tolerance), scale_(truth.scale[output]), open_(truth.scale.open(output)) {}

  void element(std::int64_t i, T got, double expected) {
    const auto value = static_cast<double>(got);
    tally_.count_specials(value, expected);
    if (next_open_ < open_.size() && open_[next_open_].element == i)
      return element_in_range(i, value, expected, open_[next_open_++]);
    const double scale = scale_[static_cast<std::size_t>(i)], tolerance = tolerance_.at(scale);
    if (!Tolerance::is_usable(tolerance)) return refuse(i, nan, value, expected, tolerance);
    if (!std::isfinite(expected)) {
      if (!same_special(value, expected)) refuse(i, infinity, value, expected, tolerance);
      return;
    }
    tally_.error(value, expected, ulp_distance(got, static_cast<T>(expected)));
    tally_.ratio(i, Tolerance::share_used(value, expected, tolerance), value, expected, tolerance);
    if (!Tolerance::admits(value, expected, tolerance)) tally_.mismatch(i, value, expected, tolerance);
    all_equal_ = all_equal_ && same_bits(got, static_cast<T>(expected));
    roundoff_ = std::max(roundoff_, tolerance_.roundoff_needed(value, expected, scale));
  }

  OutputReport finish() { return tally_.finish(all_equal_ ? "exact" : precision_class_of(roundoff_)); }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  void element_in_range(std::int64_t i, double got, double expected, const ErrorScale::Open& range) {
    tally_.unspecified();
    if (!is_within(got, range)) refuse(i, infinity, got, expected, range.high - range.low);
  }

  void refuse(std::int64_t i, double share, double got, double expected, double tolerance) {
    tally_.ratio(i, share, got, expected, tolerance);
    tally_.mismatch(i, got, expected, tolerance);
    all_equal_ = false;
    roundoff_ = infinity;
  }

  Tally tally_;
  const Tolerance& tolerance_;
  const std::vector<double>& scale_;
  const std::vector<ErrorScale::Open>& open_;
  std::size_t next_open_ = 0;
  double roundoff_ = 0;  ///< the smallest that all elements keep
  bool all_equal_ = true;
};

template <class T>
OutputReport compare_within(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
                            const Tolerance& tolerance) {
  Comparison<T> comparison(field, got, truth, output, tolerance);
  const auto* g = static_cast<const T*>(got.data);
  const auto* r = static_cast<const double*>(truth.outputs[output][0].data);
  const std::int64_t n = got.shape.elements();
  for (std::int64_t i = 0; i < n; ++i) comparison.element(i, g[i], r[i]);
  return comparison.finish();
}

OutputReport shape_mismatch(const FieldInfo& field, const TensorRef& got) {
  OutputReport report = Tally(field, got).finish("worse");
  report.ok = false;
  report.max_error_ratio = std::numeric_limits<double>::infinity();
  return report;
}

OutputReport compare_inexact(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
                             const Tolerance& tolerance) {
  return got.dtype == DType::f64 ? compare_within<double>(field, got, truth, output, tolerance)
                                 : compare_within<float>(field, got, truth, output, tolerance);
}

}  // namespace

OutputReport compare(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output) {
  const TensorRef& expected = truth.outputs[output][0];
  if (!(got.shape == expected.shape)) return shape_mismatch(field, got);
  if (field.bound) return compare_inexact(field, got, truth, output, Tolerance(field));
  switch (got.dtype) {
    case DType::boolean:
      return compare_exact<std::uint8_t, std::uint8_t>(field, got,
                                                       expected);  // as bytes: only 0 and 1 are equal to a BOOL
    case DType::i64: return compare_exact<std::int64_t, std::int64_t>(field, got, expected);
    case DType::u8:
      return expected.dtype == DType::u8 ? compare_exact<std::uint8_t, std::uint8_t>(field, got, expected)
                                         : compare_exact<std::uint8_t, double>(field, got, expected);
    case DType::f32: return compare_exact<float, double>(field, got, expected);
    case DType::f64: return compare_exact<double, double>(field, got, expected);
  }
  return shape_mismatch(field, got);
}

OutputReport compare_witness(const FieldInfo& field, const TensorRef& witness, const Truth& truth, std::size_t output) {
  if (!(witness.shape == truth.outputs[output][0].shape)) return shape_mismatch(field, witness);
  return compare_inexact(field, witness, truth, output, Tolerance::of_witness(field));
}

bool accepts(const FieldInfo& field, double value, const Truth& truth, std::size_t output, std::int64_t element) {
  const double expected = value_at(truth.outputs[output][0], element);
  if (!field.bound) {
    if (std::isnan(expected)) return std::isnan(value);
    return field.dtype == DType::f32 ? same_bits(static_cast<float>(value), static_cast<float>(expected))
                                     : same_bits(value, expected);
  }
  const Tolerance bound(field);
  const double got = bound.rounded(value);
  if (const ErrorScale::Open* range = truth.scale.find_open(output, element)) return is_within(got, *range);
  const double tolerance = bound.at(truth.scale[output][static_cast<std::size_t>(element)]);
  if (!Tolerance::is_usable(tolerance)) return false;
  return std::isfinite(expected) ? Tolerance::admits(got, expected, tolerance) : same_special(got, expected);
}

}  // namespace assay::bench
