// How far a result may lie from the oracle's value. This is the only place that makes a tolerance of an error scale:
// verdicts, margins, precision classes, the golden witness and the admission of cases all ask a Tolerance.
//
//     τ = c·u·S + 2⁻¹²⁴        u = 2⁻²⁴ at f32, 2⁻⁵³ at f64; S is the oracle's error scale of the element
#pragma once

#include <cmath>
#include <string_view>

#include "reference/operator.h"

namespace assay::bench {

/// The bound of one inexact output at its dtype.
class Tolerance {
 public:
  /// The bound that a result must keep. `field` is an output with an ErrorBound.
  explicit Tolerance(const FieldInfo& field) : Tolerance(field, roundoff_of(field.dtype)) {}

  /// The bound that a framework's float64 result must keep at every dtype: c·2⁻²⁴·S/64 + 2⁻¹²⁴. Oracle and framework
  /// both compute in float64, so only a difference in meaning comes near it.
  static Tolerance of_witness(const FieldInfo& field) { return Tolerance(field, roundoff_of(DType::f32) / 64); }

  /// τ of an element whose error scale is `scale`; see is_usable().
  double at(double scale) const { return scale * factor_ + tiny; }

  /// A negative, infinite or NaN tolerance is an error of the oracle: no value can pass it.
  static bool is_usable(double tolerance);

  /// Whether `got` is within `tolerance` of the finite value `expected`. False for NaN.
  static bool admits(double got, double expected, double tolerance);

  /// The smallest share of `tolerance` that admits `got`: at most 1 where admits() says yes, infinite for NaN.
  static double share_used(double got, double expected, double tolerance);

  /// `value` as the output's dtype stores it.
  double rounded(double value) const;

  /// The smallest roundoff u with |got − expected| ≤ c·u·S + 2⁻¹²⁴; infinite where no u is large enough.
  double roundoff_needed(double got, double expected, double scale) const;

  /// The tolerances of an output tell right from wrong only if RMS(r) is more than this many times RMS(τ).
  double least_contrast() const { return least_contrast_; }

  /// What every right result keeps, whatever its τ: the operator's range, widened at both ends by the τ of a
  /// well-conditioned element there (S = |end|). Infinite where the operator declares no range.
  double lowest() const { return bound_.low - at(std::abs(bound_.low)); }
  double highest() const { return bound_.high + at(std::abs(bound_.high)); }

 private:
  Tolerance(const FieldInfo& field, double roundoff);
  static double roundoff_of(DType dtype);

  // An honest kernel may flush a result below the smallest normal float32, 2⁻¹²⁶, to zero: Eigen's exp does with
  // AVX-512. This is four times that value, as each c is four times what the worst honest kernel needs.
  static constexpr double tiny = 0x1p-124;

  ErrorBound bound_;
  DType dtype_;
  double factor_;  ///< c·u
  double least_contrast_ = 100;
};

/// The best class whose u is at least `roundoff`: f64, f32, tf32, bf16 or worse.
std::string_view precision_class_of(double roundoff);

}  // namespace assay::bench
