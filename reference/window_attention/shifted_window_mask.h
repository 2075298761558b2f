// shifted_window_mask: what Swin adds to the scores of shifted windows, so that tokens that the roll brought together
// do not attend to each other.
#pragma once

#include "reference/operator.h"

namespace assay {

/// `fill` between tokens of one window that come from different regions of the map, 0 between all others. The map was
/// rolled by (−shift_h, −shift_w) before it was cut: along each axis the last `shift` places are a region of their own.
/// `fill` is finite, not −∞: with large logits a masked key can still win.
struct ShiftedWindowMask {
  static constexpr std::string_view name = "shifted_window_mask";
  static constexpr std::string_view summary =
      "the mask that keeps tokens apart which the shift of windows brought together";
  static constexpr std::string_view formula =
      "mask[w, i, j] = fill where tokens i and j of window w are of different regions of the rolled map, else 0";
  static constexpr std::string_view source =
      "microsoft/Swin-Transformer models/swin_transformer.py SwinTransformerBlock attn_mask";

  struct Params {
    std::int64_t height = 0, width = 0, window_h = 0, window_w = 0, shift_h = 0, shift_w = 0;
    double fill = -100;
    static constexpr auto fields() {
      return std::tuple{Param{"height", &Params::height, "height of the feature map", Presence::required},
                        Param{"width", &Params::width, "width of the feature map", Presence::required},
                        Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                        Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required},
                        Param{"shift_h", &Params::shift_h, "tokens the map is rolled up by", Presence::required},
                        Param{"shift_w", &Params::shift_w, "tokens the map is rolled left by", Presence::required},
                        Param{"fill", &Params::fill, "value between tokens of different regions"}};
    }
  };
  template <class T>
  struct Inputs {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Outputs {
    View<T> mask;  ///< [nW, N, N]
    static constexpr auto fields() { return std::tuple{Output{"mask", &Outputs::mask, "nW N N"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<ShiftedWindowMask>> cases();
  static Domain domain();
};

}  // namespace assay
