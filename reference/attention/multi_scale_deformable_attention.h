// multi_scale_deformable_attention: each query looks at a few places of several feature maps, and nowhere else.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Deformable attention over several feature maps (Zhu et al. 2021, §4.1). A location (x, y) in 0..1 is the pixel
/// (x·W − ½, y·H − ½) of each level, sampled bilinearly and zero outside; the samples of all levels and points are
/// weighted and summed. Locations outside 0..1 are ordinary. `value` holds the levels' tokens one level after the
/// other.
struct MultiScaleDeformableAttention {
  static constexpr std::string_view name = "multi_scale_deformable_attention";
  static constexpr std::string_view summary = "bilinear samples at a few places of several feature maps, weighted";
  static constexpr std::string_view formula =
      "out[b, q, h] = sum over levels l and points p of attention_weights[b, q, h, l, p] * bilinear sample of level l "
      "of value[b, :, h] at pixel (x * W_l - 1/2, y * H_l - 1/2), zero outside";
  static constexpr std::string_view source =
      "fundamentalvision/Deformable-DETR models/ops/functions/ms_deform_attn_func.py ms_deform_attn_core_pytorch; "
      "transformers models/deformable_detr/modeling_deformable_detr.py MultiScaleDeformableAttention";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    View<const T> value;                      ///< [B, S, h, d], S = Σ H·W over the levels
    View<const std::int64_t> spatial_shapes;  ///< [levels, 2]: height, width
    View<const T> sampling_locations;         ///< [B, Q, h, levels, P, 2]: x, y
    View<const T> attention_weights;          ///< [B, Q, h, levels, P]
    static constexpr auto fields() {
      return std::tuple{Input{"value", &Inputs::value, "B S h d"},
                        Input{"spatial_shapes", &Inputs::spatial_shapes, "levels 2", Role::shape},
                        Input{"sampling_locations", &Inputs::sampling_locations, "B Q h levels P 2"},
                        Input{"attention_weights", &Inputs::attention_weights, "B Q h levels P"}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> out;  ///< [B, Q, h·d]
    static constexpr auto fields() {
      return std::tuple{
          Output{"out", &Outputs::out, "B Q h·d",
                 ErrorBound{.c = 16,
                            .derivation = "S = sum |w| (|v| (1 + sqrt(min(n, 4096)) / 4) + slope in x * (|x| W + W/2 + "
                                          "1) + the same in y), n samples; c = 16, four times the roundings of a "
                                          "location as 2x - 1 and grid_sample take it"}}};
    }
  };

  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void validate(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<MultiScaleDeformableAttention>> cases();
  static Domain domain();
};

}  // namespace assay
