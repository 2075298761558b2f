// hungarian_assignment: which query of DETR answers for which target.
#pragma once

#include "reference/operator.h"

namespace assay {

/// The assignment of least total cost, for each image on its own block of the flattened targets. Queries ascend within
/// an image and `target` counts within the image. Several assignments can be optimal, so the operator judges itself:
/// one to one, and |total − optimum| ≤ 2⁻⁴⁰·Σ|chosen| in float64. NaN and −∞ are errors; +∞ forbids a pair.
struct HungarianAssignment {
  static constexpr std::string_view name = "hungarian_assignment";
  static constexpr std::string_view summary = "the one-to-one matching of queries and targets of least total cost";
  static constexpr std::string_view formula =
      "of each image, the min(Q, T_b) pairs of a query and a target of least total cost";
  static constexpr std::string_view source =
      "facebookresearch/detr models/matcher.py HungarianMatcher (scipy linear_sum_assignment)";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    View<const T> cost;              ///< [B, Q, T]
    View<const std::int64_t> sizes;  ///< [B]: targets of each image, T in all
    static constexpr auto fields() {
      return std::tuple{Input{"cost", &Inputs::cost, "B Q T*"}, Input{"sizes", &Inputs::sizes, "B", Role::shape}};
    }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> query, target;  ///< [P], P = Σ min(Q, sizes_b)
    static constexpr auto fields() {
      return std::tuple{Output{"query", &Outputs::query, "P", Judged{}},
                        Output{"target", &Outputs::target, "P", Judged{}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void validate(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Judgement judge(const Params& params, const Inputs<double>& in, const Outputs<double>& got,
                         const Outputs<double>& truth, const ElementTolerance& tolerance);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<HungarianAssignment>> cases();
  static Domain domain();
};

}  // namespace assay
