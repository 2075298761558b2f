// DETR's set prediction: which query answers for which target.
#pragma once

#include "reference/operator.h"

namespace assay {

/// The assignment of least total cost, for each image on its own block of the flattened targets. Queries ascend within
/// an image and `target` counts within the image. Several assignments can be optimal, so the operator judges itself:
/// one to one, and |total − optimum| ≤ 2⁻⁴⁰·Σ|chosen| in float64. NaN and −∞ are errors; +∞ forbids a pair.
struct HungarianAssignment {
  static constexpr std::string_view name = "hungarian_assignment";
  static constexpr std::string_view summary = "the one-to-one matching of queries and targets of least total cost";
  static constexpr std::string_view source =
      "facebookresearch/detr models/matcher.py HungarianMatcher (scipy linear_sum_assignment)";

  struct Params {};
  template <class T>
  struct Inputs {
    View<const T> cost;              ///< [B, Q, T]
    View<const std::int64_t> sizes;  ///< [B]: targets of each image, T in all
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> query, target;  ///< [P], P = Σ min(Q, sizes_b)
  };
  static constexpr auto params() { return std::tuple{}; }
  template <class T>
  static constexpr auto inputs() {
    return std::tuple{Input{"cost", &Inputs<T>::cost, "B Q T*"}, Input{"sizes", &Inputs<T>::sizes, "B", Role::shape}};
  }
  template <class T>
  static constexpr auto outputs() {
    return std::tuple{Output{"query", &Outputs<T>::query, "P"}, Output{"target", &Outputs<T>::target, "P"}};
  }
  template <class T>
  static std::vector<Shape> infer(const Params& params, const Inputs<T>& in);
  template <class T>
  static void validate(const Params& params, const Inputs<T>& in);
  template <class T>
  static void oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& scale);
  template <class T>
  static Judgement judge(const Params& params, const Inputs<T>& in, const Outputs<T>& got,
                         const Outputs<double>& truth);
  template <class T>
  static Cost cost(const Params& params, const Inputs<T>& in);
  static std::vector<CaseOf<HungarianAssignment>> cases();
  static CaseOf<HungarianAssignment> random_case(Draw& draw);
};

}  // namespace assay
