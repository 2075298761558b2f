// mask_downsample: a batch's padding mask at the size of a feature map. True means padding (DETR's polarity).
#pragma once

#include "reference/operator.h"

namespace assay {

/// Brings a mask to the size of a feature map by nearest interpolation, the index computed in float32:
/// src = min(floor(float32(i)·(float32(in)/float32(out))), in − 1). Exact integers differ on some sizes (26→22, i =
/// 11).
struct MaskDownsample {
  static constexpr std::string_view name = "mask_downsample";
  static constexpr std::string_view summary = "nearest interpolation of a mask to a feature map's size";
  static constexpr std::string_view formula =
      "mask'[b, i, j] = mask[b, min(floor(i * (H / h)), H - 1), min(floor(j * (W / w)), W - 1)], computed in float32";
  static constexpr std::string_view source =
      "facebookresearch/detr models/backbone.py: F.interpolate(m[None].float(), size).to(bool)";

  struct Params {
    std::int64_t out_height = 0, out_width = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"out_height", &Params::out_height, "height of the result", Presence::required},
                        Param{"out_width", &Params::out_width, "width of the result", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    View<const bool> mask;  ///< [B, H, W]
    static constexpr auto fields() { return std::tuple{Input{"mask", &Inputs::mask, "B H W"}}; }
  };
  template <class T>
  struct Outputs {
    View<bool> mask;  ///< [B, out_height, out_width]
    static constexpr auto fields() { return std::tuple{Output{"mask", &Outputs::mask, "B h w"}}; }
  };

  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<MaskDownsample>> cases();
  static Domain domain();

  /// The rows (or columns) of the result that still show the image: of `out` rows over `in`, those sampled above
  /// `valid`.
  static std::int64_t downsampled_extent(std::int64_t valid, std::int64_t in, std::int64_t out);
};

}  // namespace assay
