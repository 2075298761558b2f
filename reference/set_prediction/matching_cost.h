// matching_cost: what it costs to let a query of DETR answer for a target.
#pragma once

#include "reference/operator.h"

namespace assay {

/// cost[b, q, t] = bbox_weight·L1 of the boxes − class_weight·softmax(logits[b, q])[labels[t]] − giou_weight·GIoU, of
/// every query of the batch and every target of the batch. Boxes are centre and size; a pair whose union is zero costs
/// NaN.
struct MatchingCost {
  static constexpr std::string_view name = "matching_cost";
  static constexpr std::string_view summary = "the cost of matching each query with each target: class, L1 and GIoU";
  static constexpr std::string_view formula =
      "cost[b, q, t] = bbox_weight L1(boxes[b, q], target_boxes[t]) - class_weight softmax(logits[b, q])[labels[t]] - "
      "giou_weight GIoU of the same boxes by their corners";
  static constexpr std::string_view source = "facebookresearch/detr models/matcher.py HungarianMatcher.forward";

  struct Params {
    double class_weight = 1, bbox_weight = 5, giou_weight = 2;
    static constexpr auto fields() {
      return std::tuple{Param{"class_weight", &Params::class_weight, "of the probability of the target's class"},
                        Param{"bbox_weight", &Params::bbox_weight, "of the L1 distance of the boxes"},
                        Param{"giou_weight", &Params::giou_weight, "of the generalised IoU of the boxes"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> logits;             ///< [B, Q, K]
    View<const T> boxes;              ///< [B, Q, 4]: cx, cy, w, h
    View<const std::int64_t> labels;  ///< [T]: the classes of all images' targets, 0 ≤ label < K
    View<const T> target_boxes;       ///< [T, 4]
    static constexpr auto fields() {
      return std::tuple{Input{"logits", &Inputs::logits, "B Q K"}, Input{"boxes", &Inputs::boxes, "B Q 4"},
                        Input{"labels", &Inputs::labels, "T*"}, Input{"target_boxes", &Inputs::target_boxes, "T* 4"}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> cost;  ///< [B, Q, T]
    /// c = 4 over S, which holds each term's own c in quarters.
    static constexpr auto fields() {
      return std::tuple{
          Output{"cost", &Outputs::cost, "B Q T",
                 ErrorBound{.c = 4,
                            .derivation = "S = the weighted sum of 4 L1, 2.5 S of a softmax and 1.5 (2 + kappa_a + "
                                          "kappa_b), plus the terms' magnitudes; c = 4, so that L1 has 16, softmax 10, "
                                          "GIoU 6"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void validate(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<MatchingCost>> cases();
  static Domain domain();
};

}  // namespace assay
