// log_position_bias: Swin V2's continuous bias, which a small network computes from the distance of two tokens.
#pragma once

#include "reference/operator.h"

namespace assay {

/// For each distance (dh, dw) of two tokens of a window: log-spaced coordinates x = sign(d)·log2(8|d|/(w − 1) + 1)/3
/// along each axis, w the window's extent or the one of pre-training; then linear, ReLU, linear, and 16·sigmoid. The
/// bias of tokens i and j is that of their distance. Along an axis of one token the distance is 0, and so is x.
///
/// All inputs are weights, but kernels run the network each time, as the model's forward does. They prepare what
/// depends on the window alone, as the model's constructor does.
struct LogPositionBias {
  static constexpr std::string_view name = "log_position_bias";
  static constexpr std::string_view summary =
      "the bias of each head for each pair of tokens of a window, computed from their log-spaced distance";
  static constexpr std::string_view formula =
      "bias[head, i, j] = 16 * sigmoid(mlp.2(relu(mlp.0(sign(d) * log2(8|d| / (w - 1) + 1) / 3)))), d = place of i - "
      "place of j";
  static constexpr std::string_view source = "microsoft/Swin-Transformer models/swin_transformer_v2.py WindowAttention";

  struct Params {
    std::int64_t window_h = 0, window_w = 0, pretrained_window_h = 0, pretrained_window_w = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                        Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required},
                        Param{"pretrained_window_h", &Params::pretrained_window_h,
                              "height of the window in pre-training; 0: the window's own"},
                        Param{"pretrained_window_w", &Params::pretrained_window_w,
                              "width of the window in pre-training; 0: the window's own"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> first_weight;   ///< mlp.0.weight [D, 2]: of x along h, of x along w
    View<const T> first_bias;     ///< mlp.0.bias [D]
    View<const T> second_weight;  ///< mlp.2.weight [heads, D]
    static constexpr auto fields() {
      return std::tuple{Input{"mlp.0.weight", &Inputs::first_weight, "D 2", Role::weight},
                        Input{"mlp.0.bias", &Inputs::first_bias, "D", Role::weight},
                        Input{"mlp.2.weight", &Inputs::second_weight, "heads D", Role::weight}};
    }
  };
  static constexpr double c = 5;
  template <class T>
  struct Outputs {
    View<T> bias;  ///< [heads, N, N]
    /// c = 5: float32 loops that add one term after the other, first to last, last to first or over 16 lanes, needed
    /// 0.87 on weights of every kind (random, positive, constant, ties, ascending) for D = 1 to 4096 and windows of 1x1
    /// to 16x16. TF32 needs 62 and more at D = 512 on random weights.
    static constexpr auto fields() {
      return std::tuple{Output{
          "bias", &Outputs::bias, "heads N N",
          ErrorBound{.c = LogPositionBias::c,
                     .low = 0,
                     .high = 16,
                     .derivation = "S = 3r + how far 16 sigmoid moves within the errors of its argument, propagated "
                                   "from the logarithms through both layers; c = 5, more than four times the 0.87 of "
                                   "sequential float32 loops"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<LogPositionBias>> cases();
  static Domain domain();
};

}  // namespace assay
