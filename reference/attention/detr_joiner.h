// detr_joiner: what DETR's transformer is told of where the images lie, from the images as they are loaded.
#pragma once

#include "reference/operator.h"
#include "reference/position_encoding/sine_position_encoding.h"

namespace assay {

/// DETR's input path from a list of images to the mask and the position encoding of the last feature map:
/// nested_tensor, its mask brought to ceil(H/stride)×ceil(W/stride) by mask_downsample, and sine_position_encoding of
/// that, normalised (temperature 10000, scale 2π, eps 1e-6). The images' sizes alone matter, not their pixels.
struct DetrJoiner {
  static constexpr std::string_view name = "detr_joiner";
  static constexpr std::string_view summary = "mask and sine position encoding of a feature map, from a list of images";
  static constexpr std::string_view formula =
      "mask = mask_downsample(nested_tensor(images).mask, ceil(H / stride), ceil(W / stride)); encoding = "
      "sine_position_encoding(mask, num_pos_feats, normalize)";
  static constexpr std::string_view source =
      "facebookresearch/detr util/misc.py nested_tensor_from_tensor_list, models/backbone.py BackboneBase and Joiner";

  struct Params {
    std::int64_t stride = 32;
    std::int64_t num_pos_feats = 128;
    static constexpr auto fields() {
      return std::tuple{Param{"stride", &Params::stride, "pixels of the canvas for each cell of the feature map"},
                        Param{"num_pos_feats", &Params::num_pos_feats, "F, channels for each of y and x; even"}};
    }
  };
  template <class T>
  struct Inputs {
    List<const T> images;  ///< [C_i, h_i, w_i] each
    static constexpr auto fields() { return std::tuple{Input{"images", &Inputs::images, "C_i h_i w_i"}}; }
  };
  template <class T>
  struct Outputs {
    View<bool> mask;   ///< [B, h, w], true = padding
    View<T> encoding;  ///< [B, 2F, h, w]: y, then x
    static constexpr auto fields() {
      return std::tuple{
          Output{"mask", &Outputs::mask, "B h w"},
          Output{"encoding", &Outputs::encoding, "B 2F h w",
                 ErrorBound{.c = 16,
                            .low = -1,
                            .high = 1,
                            .derivation = "S and c are those of sine_position_encoding: the mask is exact, so that "
                                          "nothing else rounds"}}};
    }
  };

  /// What the encoding is asked for.
  static SinePositionEncoding::Params sine_params(const Params& params) {
    return {.num_pos_feats = params.num_pos_feats, .normalize = true};
  }

  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<DetrJoiner>> cases();
  static Domain domain();
  static std::vector<Equivalent> equivalents();
};

}  // namespace assay
