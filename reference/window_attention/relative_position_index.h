// relative_position_index: which entry of the bias table two tokens of a window share. Tokens are numbered row by row.
#pragma once

#include "reference/operator.h"

namespace assay {

/// index(i, j) = (h_i − h_j + Wh − 1)(2Ww − 1) + (w_i − w_j + Ww − 1).
struct RelativePositionIndex {
  static constexpr std::string_view name = "relative_position_index";
  static constexpr std::string_view summary = "the row of the bias table for each pair of tokens of a window";
  static constexpr std::string_view source = "microsoft/Swin-Transformer models/swin_transformer.py WindowAttention";

  struct Params {
    std::int64_t window_h = 0, window_w = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                        Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> index;  ///< [N, N]
    static constexpr auto fields() { return std::tuple{Output{"index", &Outputs::index, "N N"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<RelativePositionIndex>> cases();
  static CaseOf<RelativePositionIndex> random_case(Draw& draw);
};

}  // namespace assay
