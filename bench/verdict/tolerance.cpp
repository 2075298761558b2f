// Every test is written so that a NaN fails it.
#include "bench/verdict/tolerance.h"

#include <array>
#include <cmath>
#include <limits>

namespace assay::bench {
namespace {

struct PrecisionClass {
  std::string_view name;
  double u;
};
constexpr std::array<PrecisionClass, 4> precision_classes = {
    {{"f64", 0x1p-53}, {"f32", 0x1p-24}, {"tf32", 0x1p-11}, {"bf16", 0x1p-8}}};

}  // namespace

double Tolerance::roundoff_of(DType dtype) { return dtype == DType::f64 ? 0x1p-53 : 0x1p-24; }

Tolerance::Tolerance(const FieldInfo& field, double roundoff)
    : bound_(*field.bound), dtype_(field.dtype), factor_(field.bound->c * roundoff) {}

bool Tolerance::is_usable(double tolerance) { return tolerance >= 0 && std::isfinite(tolerance); }

bool Tolerance::admits(double got, double expected, double tolerance) { return std::abs(got - expected) <= tolerance; }

double Tolerance::share_used(double got, double expected, double tolerance) {
  const double error = std::abs(got - expected);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error / tolerance;
}

double Tolerance::rounded(double value) const {
  return dtype_ == DType::f32 ? static_cast<double>(static_cast<float>(value)) : value;
}

double Tolerance::roundoff_needed(double got, double expected, double scale) const {
  const double error = std::abs(got - expected);
  if (error <= tiny) return 0;
  const double needed = (error - tiny) / (bound_.c * scale);
  return needed >= 0 ? needed : std::numeric_limits<double>::infinity();
}

std::string_view precision_class_of(double roundoff) {
  for (const PrecisionClass& known : precision_classes)
    if (roundoff <= known.u) return known.name;
  return "worse";
}

}  // namespace assay::bench
