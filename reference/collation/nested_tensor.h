// How a batch is put together from images of unequal size.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Pads a list of images to their common size and marks the padding. The canvas is the maximum over the list in every
/// dimension, channels too; each image is copied to the top left and the rest is zero; the mask knows only height and
/// width. `size_divisible` rounds height and width up (torchvision batch_images, detectron2 ImageList).
struct NestedTensor {
  static constexpr std::string_view name = "nested_tensor";
  static constexpr std::string_view summary = "images padded to their common size, and the mask of the padding";
  static constexpr std::string_view formula =
      "tensors[b, c, y, x] = images.b[c, y, x] inside image b and 0 outside; mask[b, y, x] = y >= h_b or x >= w_b";
  static constexpr std::string_view source =
      "facebookresearch/detr util/misc.py nested_tensor_from_tensor_list; torchvision models/detection/transform.py "
      "batch_images";

  struct Params {
    std::int64_t size_divisible = 1;
    static constexpr auto fields() {
      return std::tuple{Param{"size_divisible", &Params::size_divisible, "H and W are rounded up to a multiple of it"}};
    }
  };
  template <class T>
  struct Inputs {
    List<const T> images;  ///< [C_i, h_i, w_i] each
    static constexpr auto fields() { return std::tuple{Input{"images", &Inputs::images, "C_i h_i w_i"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> tensors;  ///< [B, C, H, W]
    View<bool> mask;  ///< [B, H, W]
    static constexpr auto fields() {
      return std::tuple{Output{"tensors", &Outputs::tensors, "B C H W"}, Output{"mask", &Outputs::mask, "B H W"}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<NestedTensor>> cases();
  static Domain domain();
  static std::vector<Equivalent> equivalents();
};

}  // namespace assay
