// relative_position_index: which entry of the bias table two tokens of a window share. Tokens are numbered row by row.
#pragma once

#include "reference/operator.h"
#include "reference/window_attention/window.h"

namespace assay {

/// index(i, j) = (h_i − h_j + Wh − 1)(2Ww − 1) + (w_i − w_j + Ww − 1).
struct RelativePositionIndex {
  static constexpr std::string_view name = "relative_position_index";
  static constexpr std::string_view summary = "the row of the bias table for each pair of tokens of a window";
  static constexpr std::string_view formula = "index[i, j] = (h_i - h_j + Wh - 1) * (2Ww - 1) + (w_i - w_j + Ww - 1)";
  static constexpr std::string_view source = "microsoft/Swin-Transformer models/swin_transformer.py WindowAttention";

  using Params = window::Params;
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
  static Domain domain();
};

}  // namespace assay
