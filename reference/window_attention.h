// The pieces of Swin's window attention: which entry of the bias table two tokens of a window share, the bias gathered
// from it, and the softmax over scores, bias and shift mask. N = window_h·window_w tokens, row-major.
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
  };
  template <class T>
  struct Inputs {};
  template <class T>
  struct Outputs {
    View<std::int64_t> index;  ///< [N, N]
  };
  static constexpr auto params() {
    return std::tuple{Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                      Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required}};
  }
  template <class T>
  static constexpr auto inputs() {
    return std::tuple{};
  }
  template <class T>
  static constexpr auto outputs() {
    return std::tuple{Output{"index", &Outputs<T>::index, "N N"}};
  }
  template <class T>
  static std::vector<Shape> infer(const Params& params, const Inputs<T>& in);
  template <class T>
  static void oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& scale);
  template <class T>
  static Cost cost(const Params& params, const Inputs<T>& in);
  static std::vector<CaseOf<RelativePositionIndex>> cases();
  static CaseOf<RelativePositionIndex> random_case(Draw& draw);
};

/// bias[head, i, j] = table[index(i, j), head]. The table is trained, hence an activation; the index may be prepared.
struct RelativePositionBias {
  static constexpr std::string_view name = "relative_position_bias";
  static constexpr std::string_view summary =
      "the bias of each head for each pair of tokens of a window, gathered from its table";
  static constexpr std::string_view source = "microsoft/Swin-Transformer models/swin_transformer.py WindowAttention";

  struct Params {
    std::int64_t window_h = 0, window_w = 0;
  };
  template <class T>
  struct Inputs {
    View<const T> table;  ///< [(2Wh − 1)(2Ww − 1), heads]
  };
  template <class T>
  struct Outputs {
    View<T> bias;  ///< [heads, N, N]
  };
  static constexpr auto params() {
    return std::tuple{Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                      Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required}};
  }
  template <class T>
  static constexpr auto inputs() {
    return std::tuple{Input{"table", &Inputs<T>::table, "entries heads"}};
  }
  template <class T>
  static constexpr auto outputs() {
    return std::tuple{Output{"bias", &Outputs<T>::bias, "heads N N"}};
  }
  template <class T>
  static std::vector<Shape> infer(const Params& params, const Inputs<T>& in);
  template <class T>
  static void oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& scale);
  template <class T>
  static Cost cost(const Params& params, const Inputs<T>& in);
  static std::vector<CaseOf<RelativePositionBias>> cases();
  static CaseOf<RelativePositionBias> random_case(Draw& draw);
};

/// probs = softmax over the last axis of scores + bias + mask[w mod nW]. Windows vary fastest within an image.
struct WindowSoftmax {
  static constexpr std::string_view name = "window_softmax";
  static constexpr std::string_view summary =
      "softmax of window attention's scores plus relative position bias and shift mask";
  static constexpr std::string_view source =
      "microsoft/Swin-Transformer models/swin_transformer.py WindowAttention.forward";

  struct Params {};
  template <class T>
  struct Inputs {
    View<const T> scores;  ///< [B·nW, heads, N, N]
    Maybe<const T> bias;   ///< [heads, N, N]
    Maybe<const T> mask;   ///< [nW, N, N]
  };
  template <class T>
  struct Outputs {
    View<T> probs;  ///< [B·nW, heads, N, N]
  };
  static constexpr auto params() { return std::tuple{}; }
  template <class T>
  static constexpr auto inputs() {
    return std::tuple{Input{"scores", &Inputs<T>::scores, "B·nW heads N N"},
                      Input{"bias", &Inputs<T>::bias, "heads N N"}, Input{"mask", &Inputs<T>::mask, "nW N N"}};
  }
  /// c = 10, four times what the worst honest implementation needed: ATen's softmax, whose float32 sum takes 2.4·u·S
  /// where the scores are only 0, 1 and −∞ and S is hardly more than r. PyTorch eager on ordinary scores and plain
  /// float32 loops needed up to 1.0.
  template <class T>
  static constexpr auto outputs() {
    return std::tuple{Output{"probs", &Outputs<T>::probs, "B·nW heads N N", ErrorBound{10}}};
  }
  template <class T>
  static std::vector<Shape> infer(const Params& params, const Inputs<T>& in);
  template <class T>
  static void oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& scale);
  template <class T>
  static Cost cost(const Params& params, const Inputs<T>& in);
  static std::vector<CaseOf<WindowSoftmax>> cases();
  static CaseOf<WindowSoftmax> random_case(Draw& draw);
};

}  // namespace assay
