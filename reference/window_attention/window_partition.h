// window_partition: a feature map rolled and cut into the windows that attend within themselves.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Rolls each image by (−shift_h, −shift_w) and cuts it into windows. Windows vary fastest within an image, row by row;
/// the batch is outermost.
struct WindowPartition {
  static constexpr std::string_view name = "window_partition";
  static constexpr std::string_view summary = "feature maps rolled by the shift and cut into windows";
  static constexpr std::string_view formula =
      "windows[(b * H/Wh + p) * W/Ww + q, y, x, c] = x[b, (p * Wh + y + shift_h) mod H, (q * Ww + x + shift_w) mod W, "
      "c]";
  static constexpr std::string_view source =
      "microsoft/Swin-Transformer models/swin_transformer.py window_partition, and the roll before it";

  struct Params {
    std::int64_t window_h = 0, window_w = 0, shift_h = 0, shift_w = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                        Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required},
                        Param{"shift_h", &Params::shift_h, "tokens the map is rolled up by"},
                        Param{"shift_w", &Params::shift_w, "tokens the map is rolled left by"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> x;  ///< [B, H, W, C]
    static constexpr auto fields() { return std::tuple{Input{"x", &Inputs::x, "B H W C"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> windows;  ///< [B·nW, Wh, Ww, C]
    static constexpr auto fields() { return std::tuple{Output{"windows", &Outputs::windows, "B·nW Wh Ww C"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<WindowPartition>> cases();
  static Domain domain();
};

}  // namespace assay
