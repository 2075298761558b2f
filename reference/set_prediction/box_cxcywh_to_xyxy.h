// box_cxcywh_to_xyxy: DETR predicts a box by its centre and size; its corners are what overlaps are computed from.
#pragma once

#include "reference/operator.h"

namespace assay {

/// (cx, cy, w, h) → (cx − w/2, cy − h/2, cx + w/2, cy + h/2), box by box. Any numbers will do.
struct BoxCxcywhToXyxy {
  static constexpr std::string_view name = "box_cxcywh_to_xyxy";
  static constexpr std::string_view summary = "boxes by centre and size as boxes by their corners";
  static constexpr std::string_view formula = "(cx, cy, w, h) -> (cx - w/2, cy - h/2, cx + w/2, cy + h/2)";
  static constexpr std::string_view source = "facebookresearch/detr util/box_ops.py box_cxcywh_to_xyxy";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    View<const T> boxes;  ///< [N, 4]: cx, cy, w, h
    static constexpr auto fields() { return std::tuple{Input{"boxes", &Inputs::boxes, "N 4"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> boxes;  ///< [N, 4]: x0, y0, x1, y1
    /// c = 8: the formula rounds once (1.0), and x0 + w for x1 twice (2.0).
    static constexpr auto fields() {
      return std::tuple{Output{"boxes", &Outputs::boxes, "N 4",
                               ErrorBound{.c = 8,
                                          .derivation = "S = |cx| + |w|/2, or |cy| + |h|/2; c = 8, four times the two "
                                                        "roundings of x1 = x0 + w"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<BoxCxcywhToXyxy>> cases();
  static Domain domain();
};

}  // namespace assay
