// set_criterion: the three losses that DETR trains on.
#pragma once

#include "reference/operator.h"

namespace assay {

/// DETR's losses over a batch whose queries have been matched with targets. Image b has min(Q, sizes[b]) pairs of
/// `query` and `target`, in any order; `target` counts within the image, whose targets follow those of the images
/// before it.
///
/// loss_ce is the cross entropy of all B·Q queries: a matched one is of its target's class, any other of the last. It
/// is the mean with the weights 1, and `eos_coef` for the last class. loss_bbox is Σ L1 of the pairs' boxes, loss_giou
/// Σ (1 − GIoU), both over max(T, 1). A pair whose union is zero makes loss_giou NaN; so does a sum of weights of 0
/// loss_ce.
struct SetCriterion {
  static constexpr std::string_view name = "set_criterion";
  static constexpr std::string_view summary = "DETR's losses: weighted cross entropy, L1 and GIoU of matched boxes";
  static constexpr std::string_view formula =
      "loss_ce = sum w (lse(logits) - logits[class]) / sum w; loss_bbox = sum of L1 / max(T, 1) and loss_giou = "
      "sum of (1 - GIoU) / max(T, 1) over the pairs";
  static constexpr std::string_view source =
      "facebookresearch/detr models/detr.py SetCriterion.loss_labels and loss_boxes";

  struct Params {
    double eos_coef = 0.1;
    static constexpr auto fields() {
      return std::tuple{Param{"eos_coef", &Params::eos_coef, "weight of no object, the last class; not negative"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> logits;                    ///< [B, Q, K], the last class is no object
    View<const T> boxes;                     ///< [B, Q, 4]: cx, cy, w, h
    View<const std::int64_t> labels;         ///< [T], 0 ≤ label < K
    View<const T> target_boxes;              ///< [T, 4]
    View<const std::int64_t> sizes;          ///< [B]: targets of each image, T in all
    View<const std::int64_t> query, target;  ///< [P], P = Σ min(Q, sizes_b), image after image
    static constexpr auto fields() {
      return std::tuple{Input{"logits", &Inputs::logits, "B Q K"},
                        Input{"boxes", &Inputs::boxes, "B Q 4"},
                        Input{"labels", &Inputs::labels, "T*"},
                        Input{"target_boxes", &Inputs::target_boxes, "T* 4"},
                        Input{"sizes", &Inputs::sizes, "B", Role::shape},
                        Input{"query", &Inputs::query, "P*"},
                        Input{"target", &Inputs::target, "P*"}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> loss_ce, loss_bbox, loss_giou;  ///< [1] each
    static constexpr auto fields() {
      return std::tuple{
          Output{
              "loss_ce", &Outputs::loss_ce, "1",
              ErrorBound{.c = 8,
                         .derivation = "S = sum w (|lse| + |x_t| + |lse - x_t|) / sum w, plus r sqrt(min(B Q, 4096)) "
                                       "for the two sums; c = 8, four times the 1.2 of PyTorch eager and more"}},
          Output{"loss_bbox", &Outputs::loss_bbox, "1",
                 ErrorBound{.c = 4,
                            .low = 0,
                            .derivation = "S = r (4 + sqrt(min(4 P, 4096))): 16 for each L1, and a sum of 4 P terms; "
                                          "c = 4"}},
          Output{
              "loss_giou", &Outputs::loss_giou, "1",
              ErrorBound{.c = 4,
                         .derivation = "S = 1.5 sum (2 + kappa_a + kappa_b) / max(T, 1) + r sqrt(min(P, 4096)): 6 for "
                                       "each GIoU, and a sum of P terms; c = 4"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void validate(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<SetCriterion>> cases();
  static Domain domain();
};

}  // namespace assay
