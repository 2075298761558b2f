// window_reverse: windows put together to a feature map again, which is rolled back.
#pragma once

#include "reference/operator.h"

namespace assay {

/// The inverse of window_partition: puts the windows of each image in their places and rolls it by (shift_h, shift_w).
struct WindowReverse {
  static constexpr std::string_view name = "window_reverse";
  static constexpr std::string_view summary = "windows put together to feature maps and rolled back by the shift";
  static constexpr std::string_view formula =
      "x[b, (p * Wh + y + shift_h) mod H, (q * Ww + x + shift_w) mod W, c] = windows[(b * H/Wh + p) * W/Ww + q, y, x, "
      "c]";
  static constexpr std::string_view source =
      "microsoft/Swin-Transformer models/swin_transformer.py window_reverse, and the roll after it";

  struct Params {
    std::int64_t height = 0, width = 0, window_h = 0, window_w = 0, shift_h = 0, shift_w = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"height", &Params::height, "height of the feature map", Presence::required},
                        Param{"width", &Params::width, "width of the feature map", Presence::required},
                        Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                        Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required},
                        Param{"shift_h", &Params::shift_h, "tokens the map is rolled down by"},
                        Param{"shift_w", &Params::shift_w, "tokens the map is rolled right by"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> windows;  ///< [B·nW, Wh, Ww, C]
    static constexpr auto fields() { return std::tuple{Input{"windows", &Inputs::windows, "B·nW Wh Ww C"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> x;  ///< [B, H, W, C]
    static constexpr auto fields() { return std::tuple{Output{"x", &Outputs::x, "B H W C"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<WindowReverse>> cases();
  static Domain domain();
};

}  // namespace assay
