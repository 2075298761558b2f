// flatten_tokens: a feature map's cells in a row, as the transformer takes them.
#pragma once

#include "reference/operator.h"

namespace assay {

/// tokens[y·W + x, b, c] = features[b, c, y, x]: cells row by row, the batch second.
struct FlattenTokens {
  static constexpr std::string_view name = "flatten_tokens";
  static constexpr std::string_view summary = "feature maps as sequences of tokens, batch second";
  static constexpr std::string_view formula = "tokens[y * W + x, b, c] = features[b, c, y, x]";
  static constexpr std::string_view source =
      "facebookresearch/detr models/transformer.py Transformer.forward: src.flatten(2).permute(2, 0, 1)";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    View<const T> features;  ///< [B, C, H, W]
    static constexpr auto fields() { return std::tuple{Input{"features", &Inputs::features, "B C H W"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> tokens;  ///< [H·W, B, C]
    static constexpr auto fields() { return std::tuple{Output{"tokens", &Outputs::tokens, "H·W B C"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<FlattenTokens>> cases();
  static Domain domain();
};

}  // namespace assay
