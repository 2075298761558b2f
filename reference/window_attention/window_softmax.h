// window_softmax: attention probabilities within a window, from scores, relative position bias and shift mask.
#pragma once

#include "reference/operator.h"

namespace assay {

/// probs = softmax over the last axis of scores + bias + mask[w mod nW]. Windows vary fastest within an image.
struct WindowSoftmax {
  static constexpr std::string_view name = "window_softmax";
  static constexpr std::string_view summary =
      "softmax of window attention's scores plus relative position bias and shift mask";
  static constexpr std::string_view formula = "probs = softmax over the last axis of scores + bias + mask[w mod nW]";
  static constexpr std::string_view source =
      "microsoft/Swin-Transformer models/swin_transformer.py WindowAttention.forward";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    View<const T> scores;  ///< [B·nW, heads, N, N]
    Maybe<const T> bias;   ///< [heads, N, N]
    Maybe<const T> mask;   ///< [nW, N, N]
    static constexpr auto fields() {
      return std::tuple{Input{"scores", &Inputs::scores, "B·nW heads N N"}, Input{"bias", &Inputs::bias, "heads N N"},
                        Input{"mask", &Inputs::mask, "nW N N"}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> probs;  ///< [B·nW, heads, N, N]
    /// c = 10, four times what the worst honest implementation needed on ordinary scores: 2.4·u·S by a float32 loop
    /// that adds one term after the other (N = 1025), 2.0 by such a loop over 16 lanes, with a reciprocal (N = 64). On
    /// rows of three distinct scores the first needs up to 7.5, for every addition rounds the same way.
    static constexpr auto fields() {
      return std::tuple{
          Output{"probs", &Outputs::probs, "B·nW heads N N",
                 ErrorBound{.c = 10,
                            .low = 0,
                            .high = 1,
                            .derivation = "S = r(2 + 0.4 sqrt(min(N, 4096)) + |t - max| + what the additions leave in "
                                          "the logits); c = 10, four times the 2.4 of a sequential float32 loop"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<WindowSoftmax>> cases();
  static Domain domain();
};

}  // namespace assay
