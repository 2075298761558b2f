// The comparison itself. Every test is written so that a NaN fails it.
#include "bench/verdict/compare.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace assay::bench {
namespace {

constexpr std::size_t most_places = 10;
// Below the smallest normal float32, 2⁻¹²⁶, an honest kernel may flush its result to zero: Eigen's exp with AVX-512
// does. Four times that, as every constant is four times what the worst honest kernel needs.
constexpr double tiny = 0x1p-124;

constexpr double unit_roundoff(DType dtype) { return dtype == DType::f64 ? 0x1p-53 : 0x1p-24; }

struct PrecisionClass {
  std::string_view name;
  double u;
};
constexpr std::array<PrecisionClass, 4> precision_classes = {
    {{"f64", 0x1p-53}, {"f32", 0x1p-24}, {"tf32", 0x1p-11}, {"bf16", 0x1p-8}}};

Shape unravel(std::int64_t element, const Shape& shape) {
  Shape index = shape;
  for (std::size_t d = shape.rank(); d-- > 0;) {
    index[d] = element % shape[d];
    element /= shape[d];
  }
  return index;
}

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
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

/// A tolerance that is negative, infinite or NaN can pass nothing.
bool usable(double tolerance) { return tolerance >= 0 && std::isfinite(tolerance); }

/// NaN where the oracle has NaN, and the same infinity.
bool same_special(double value, double expected) {
  return std::isnan(expected) ? std::isnan(value) : value == expected;
}

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
      report_.places.push_back({unravel(element, report_.shape), got, expected, tolerance});
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
    report_.worst = Place{unravel(element, report_.shape), got, expected, tolerance};
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

/// The largest error in units of c·S over all elements, from which the precision class follows.
std::string_view classify(double worst, bool all_equal) {
  if (all_equal) return "exact";
  for (const PrecisionClass& known : precision_classes)
    if (worst <= known.u) return known.name;
  return "worse";
}

template <class T>
OutputReport compare_within(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
                            double share) {
  Tally tally(field, got);
  const auto* g = static_cast<const T*>(got.data);
  const auto* r = static_cast<const double*>(truth.outputs[output][0].data);
  const std::vector<double>& scale = truth.scale[output];
  const auto& open = truth.scale.open(output);
  const double u = unit_roundoff(field.dtype);
  std::size_t next_open = 0;
  double worst = 0;
  bool all_equal = true;
  const std::int64_t n = got.shape.elements();
  for (std::int64_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(g[i]);
    const double expected = r[i];
    tally.count_specials(value, expected);
    if (next_open < open.size() && open[next_open].element == i) {
      const ErrorScale::Open& range = open[next_open++];
      tally.unspecified();
      if (!(value >= range.low && value <= range.high)) tally.mismatch(i, value, expected, range.high - range.low);
      continue;
    }
    const double conditioned = field.bound->c * scale[static_cast<std::size_t>(i)];
    const double tolerance = share * (conditioned * u + tiny);
    if (!usable(tolerance)) {
      tally.ratio(i, std::numeric_limits<double>::quiet_NaN(), value, expected, tolerance);
      tally.mismatch(i, value, expected, tolerance);  // an oracle without a usable tolerance can pass nothing
      continue;
    }
    if (!std::isfinite(expected)) {
      if (same_special(value, expected)) continue;
      tally.ratio(i, std::numeric_limits<double>::infinity(), value, expected, tolerance);
      tally.mismatch(i, value, expected, tolerance);
      all_equal = false;
      continue;
    }
    const double error = std::abs(value - expected);
    tally.error(value, expected, ulp_distance(g[i], static_cast<T>(expected)));
    tally.ratio(i, std::isnan(error) ? std::numeric_limits<double>::infinity() : error / tolerance, value, expected,
                tolerance);
    if (!(error <= tolerance)) tally.mismatch(i, value, expected, tolerance);
    all_equal = all_equal && same_bits(g[i], static_cast<T>(expected));
    if (const double needed = (error - tiny) / conditioned; error > tiny && !(needed <= worst)) worst = needed;
  }
  return tally.finish(classify(worst, all_equal));
}

OutputReport shape_mismatch(const FieldInfo& field, const TensorRef& got) {
  OutputReport report = Tally(field, got).finish("worse");
  report.ok = false;
  report.max_error_ratio = std::numeric_limits<double>::infinity();
  return report;
}

}  // namespace

Truth evaluate_oracle(const OperatorEntry& op, const OperatorInstance& instance, std::span<const Scalar> params,
                      Slots widened, std::span<const Shape> shapes) {
  Truth truth{TensorPack(instance.outputs.size()), ErrorScale(instance.outputs.size())};
  for (std::size_t i = 0; i < instance.outputs.size(); ++i) {
    const FieldInfo& field = instance.outputs[i];
    truth.outputs[i].push_back(new_host_tensor(truth.outputs, field.oracle_dtype, shapes[i]));
    if (field.bound) truth.scale[i].resize(static_cast<std::size_t>(shapes[i].elements()));
  }
  op.oracle(params, widened, truth.outputs.slots(), truth.scale);
  truth.scale.sort_open();
  return truth;
}

OutputReport compare(const FieldInfo& field, const TensorRef& got, const Truth& truth, std::size_t output,
                     double share) {
  const TensorRef& expected = truth.outputs[output][0];
  if (!(got.shape == expected.shape)) return shape_mismatch(field, got);
  if (field.bound)
    return got.dtype == DType::f64 ? compare_within<double>(field, got, truth, output, share)
                                   : compare_within<float>(field, got, truth, output, share);
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

double tolerance_at(const FieldInfo& field, const Truth& truth, std::size_t output, std::int64_t element) {
  return field.bound->c * unit_roundoff(field.dtype) * truth.scale[output][static_cast<std::size_t>(element)] + tiny;
}

bool accepts(const FieldInfo& field, double value, const Truth& truth, std::size_t output, std::int64_t element) {
  const double expected = value_at(truth.outputs[output][0], element);
  const bool single = field.dtype == DType::f32;
  if (!field.bound) {
    if (std::isnan(expected)) return std::isnan(value);
    return single ? same_bits(static_cast<float>(value), static_cast<float>(expected)) : same_bits(value, expected);
  }
  const double rounded = single ? static_cast<double>(static_cast<float>(value)) : value;
  if (const ErrorScale::Open* range = truth.scale.find_open(output, element))
    return rounded >= range->low && rounded <= range->high;
  const double tolerance = tolerance_at(field, truth, output, element);
  if (!usable(tolerance)) return false;
  return std::isfinite(expected) ? std::abs(rounded - expected) <= tolerance : same_special(rounded, expected);
}

std::string inadmissible(const FieldInfo& field, const Truth& truth, std::size_t output) {
  if (!field.bound) return {};
  const TensorRef& expected = truth.outputs[output][0];
  const auto* r = static_cast<const double*>(expected.data);
  const auto& open = truth.scale.open(output);
  double max_truth = 0, max_tolerance = 0, truth_squared = 0, tolerance_squared = 0;
  std::size_t next_open = 0;
  std::int64_t held = 0;
  const std::int64_t n = expected.shape.elements();
  for (std::int64_t i = 0; i < n; ++i) {
    if (next_open < open.size() && open[next_open].element == i) {
      ++next_open;
      continue;
    }
    const double tolerance = tolerance_at(field, truth, output, i);
    if (!usable(tolerance))
      return fmt::format("output {} has the tolerance {} at {}", field.name, tolerance,
                         to_string(unravel(i, expected.shape)));
    ++held;
    if (!std::isfinite(r[i])) continue;
    max_truth = std::max(max_truth, std::abs(r[i]));
    max_tolerance = std::max(max_tolerance, tolerance);
    truth_squared += r[i] * r[i];
    tolerance_squared += tolerance * tolerance;
  }
  if (n > 0 && held == 0) return fmt::format("output {} has nothing but unspecified elements", field.name);
  if (max_truth == 0) return {};
  if (!(max_tolerance < max_truth))
    return fmt::format("output {} has a tolerance of {}, no smaller than its largest value {}", field.name,
                       max_tolerance, max_truth);
  constexpr double least_contrast = 100;
  const double contrast = std::sqrt(truth_squared / tolerance_squared);
  if (!(contrast > least_contrast))
    return fmt::format("the RMS of output {} is only {:.3g} times that of its tolerance; {} is needed", field.name,
                       contrast, least_contrast);
  return {};
}

}  // namespace assay::bench
