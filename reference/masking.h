// The masks that go with a padded batch: made from the images' sizes, and brought to the size of a feature map.
// True means padding (DETR's polarity).
#pragma once

#include "reference/operator.h"

namespace assay {

/// Marks the padding of images placed at the top left of a common canvas.
struct PaddingMask {
  static constexpr std::string_view name = "padding_mask";
  static constexpr std::string_view summary = "true where a pixel of the canvas lies outside the image";
  static constexpr std::string_view source = "facebookresearch/detr util/misc.py nested_tensor_from_tensor_list";

  struct Params {
    std::int64_t height = 0, width = 0;
  };
  template <class T>
  struct Inputs {
    View<const std::int64_t> sizes;  ///< [B, 2]: height, width
  };
  template <class T>
  struct Outputs {
    View<bool> mask;  ///< [B, H, W]
  };
  static constexpr auto params() {
    return std::tuple{Param{"height", &Params::height, "of the canvas; 0 = the batch's maximum"},
                      Param{"width", &Params::width, "of the canvas; 0 = the batch's maximum"}};
  }
  template <class T>
  static constexpr auto inputs() {
    return std::tuple{Input{"sizes", &Inputs<T>::sizes, "B 2", Role::shape}};
  }
  template <class T>
  static constexpr auto outputs() {
    return std::tuple{Output{"mask", &Outputs<T>::mask, "B H W"}};
  }
  template <class T>
  static std::vector<Shape> infer(const Params& params, const Inputs<T>& in);
  template <class T>
  static void oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& scale);
  template <class T>
  static Cost cost(const Params& params, const Inputs<T>& in);
  static std::vector<CaseOf<PaddingMask>> cases();
  static CaseOf<PaddingMask> random_case(Draw& draw);
};

/// Brings a mask to the size of a feature map by nearest interpolation, the index computed in float32:
/// src = min(floor(float32(i)·(float32(in)/float32(out))), in − 1). Exact integers differ on some sizes (26→22, i =
/// 11).
struct MaskDownsample {
  static constexpr std::string_view name = "mask_downsample";
  static constexpr std::string_view summary = "nearest interpolation of a mask to a feature map's size";
  static constexpr std::string_view source =
      "facebookresearch/detr models/backbone.py: F.interpolate(m[None].float(), size).to(bool)";

  struct Params {
    std::int64_t out_height = 0, out_width = 0;
  };
  template <class T>
  struct Inputs {
    View<const bool> mask;  ///< [B, H, W]
  };
  template <class T>
  struct Outputs {
    View<bool> mask;  ///< [B, out_height, out_width]
  };
  static constexpr auto params() {
    return std::tuple{Param{"out_height", &Params::out_height, "height of the result", Presence::required},
                      Param{"out_width", &Params::out_width, "width of the result", Presence::required}};
  }
  template <class T>
  static constexpr auto inputs() {
    return std::tuple{Input{"mask", &Inputs<T>::mask, "B H W"}};
  }
  template <class T>
  static constexpr auto outputs() {
    return std::tuple{Output{"mask", &Outputs<T>::mask, "B h w"}};
  }
  template <class T>
  static std::vector<Shape> infer(const Params& params, const Inputs<T>& in);
  template <class T>
  static void oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& scale);
  template <class T>
  static Cost cost(const Params& params, const Inputs<T>& in);
  static std::vector<CaseOf<MaskDownsample>> cases();
  static CaseOf<MaskDownsample> random_case(Draw& draw);

  /// The rows (or columns) of the result that still show the image: of `out` rows over `in`, those sampled above
  /// `valid`.
  static std::int64_t downsampled_extent(std::int64_t valid, std::int64_t in, std::int64_t out);
};

}  // namespace assay
