// padding_mask: where a padded batch holds no image. True means padding (DETR's polarity).
#pragma once

#include "reference/operator.h"

namespace assay {

/// Marks the padding of images placed at the top left of a common canvas: true where y ≥ height or x ≥ width.
struct PaddingMask {
  static constexpr std::string_view name = "padding_mask";
  static constexpr std::string_view summary = "true where a pixel of the canvas lies outside the image";
  static constexpr std::string_view formula = "mask[b, y, x] = y >= h_b or x >= w_b";
  static constexpr std::string_view source = "facebookresearch/detr util/misc.py nested_tensor_from_tensor_list";

  struct Params {
    std::int64_t height = 0, width = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"height", &Params::height, "of the canvas; 0 = the batch's maximum"},
                        Param{"width", &Params::width, "of the canvas; 0 = the batch's maximum"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const std::int64_t> sizes;  ///< [B, 2]: height, width
    static constexpr auto fields() { return std::tuple{Input{"sizes", &Inputs::sizes, "B 2", Role::shape}}; }
  };
  template <class T>
  struct Outputs {
    View<bool> mask;  ///< [B, H, W]
    static constexpr auto fields() { return std::tuple{Output{"mask", &Outputs::mask, "B H W"}}; }
  };

  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<PaddingMask>> cases();
  static Domain domain();
  static std::vector<Equivalent> equivalents();
};

}  // namespace assay
