// postprocess_detections: what DETR's predictions say of each image, in its own pixels.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Of each query the best class without the last (no object), its softmax probability over all classes, and the box by
/// its corners times (w, h, w, h) of its image. Any label is right whose probability is within the score's tolerance of
/// the best: the operator judges `labels` itself.
struct PostprocessDetections {
  static constexpr std::string_view name = "postprocess_detections";
  static constexpr std::string_view summary = "of each query the best class, its score, and the box in pixels";
  static constexpr std::string_view formula =
      "scores, labels = max over all classes but the last of softmax(logits); boxes = corners of boxes times "
      "(w, h, w, h) of target_sizes";
  static constexpr std::string_view source = "facebookresearch/detr models/detr.py PostProcess";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    View<const T> logits;                   ///< [B, Q, K], K ≥ 2
    View<const T> boxes;                    ///< [B, Q, 4]: cx, cy, w, h
    View<const std::int64_t> target_sizes;  ///< [B, 2]: height, width
    static constexpr auto fields() {
      return std::tuple{Input{"logits", &Inputs::logits, "B Q K"}, Input{"boxes", &Inputs::boxes, "B Q 4"},
                        Input{"target_sizes", &Inputs::target_sizes, "B 2", Role::shape}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> scores;             ///< [B, Q]
    View<std::int64_t> labels;  ///< [B, Q]
    View<T> boxes;              ///< [B, Q, 4]: x0, y0, x1, y1 in pixels
    static constexpr auto fields() {
      return std::tuple{
          Output{"scores", &Outputs::scores, "B Q",
                 ErrorBound{.c = 10,
                            .low = 0,
                            .high = 1,
                            .derivation = "S = r (2 + 0.4 sqrt(min(K, 4096)) + |x - max|), as of window_softmax; "
                                          "c = 10, four times the 2.4 of a sequential float32 loop"}},
          Output{"labels", &Outputs::labels, "B Q", Judged{}},
          Output{"boxes", &Outputs::boxes, "B Q 4",
                 ErrorBound{.c = 12,
                            .derivation = "S = (|cx| + |w|/2) width, or (|cy| + |h|/2) height; c = 12, four times the "
                                          "two roundings of x1 = x0 + w and the one of the product"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void validate(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Judgement judge(const Params& params, const Inputs<double>& in, const Outputs<double>& got,
                         const Outputs<double>& truth, const ElementTolerance& tolerance);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<PostprocessDetections>> cases();
  static Domain domain();
};

}  // namespace assay
