// relative_position_bias: Swin's bias, gathered from its table for each pair of tokens of a window.
#pragma once

#include "reference/operator.h"
#include "reference/window_attention/window.h"

namespace assay {

/// bias[head, i, j] = table[index(i, j), head]. The table is trained, hence an activation; the index may be prepared.
struct RelativePositionBias {
  static constexpr std::string_view name = "relative_position_bias";
  static constexpr std::string_view summary =
      "the bias of each head for each pair of tokens of a window, gathered from its table";
  static constexpr std::string_view formula = "bias[head, i, j] = table[index[i, j], head]";
  static constexpr std::string_view source = "microsoft/Swin-Transformer models/swin_transformer.py WindowAttention";

  using Params = window::Params;
  template <class T>
  struct Inputs {
    View<const T> table;  ///< [(2Wh − 1)(2Ww − 1), heads]
    static constexpr auto fields() { return std::tuple{Input{"table", &Inputs::table, "entries heads"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> bias;  ///< [heads, N, N]
    static constexpr auto fields() { return std::tuple{Output{"bias", &Outputs::bias, "heads N N"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<RelativePositionBias>> cases();
  static Domain domain();
};

}  // namespace assay
