// Where a token stands in the image, told to the transformer: DETR's sine encoding and its descendants.
#pragma once

#include <numbers>

#include "reference/operator.h"

namespace assay {

/// Sine position encoding of DETR (Carion et al. 2020, §A.4; facebookresearch/detr models/position_encoding.py).
///
/// y and x are the cumulative sums of ¬mask along H and W, so that they start at 1. With `normalize`,
/// v ← (v + offset)/(last + eps)·scale, `last` being the sum over the whole line; without it offset, eps and scale play
/// no part. dim_t[i] = T^(2⌊i/2⌋/F); even i gives sin(v/dim_t[i]), odd i cos(v/dim_t[i]). Channels are y, then x.
struct SinePositionEncoding {
  static constexpr std::string_view name = "sine_position_encoding";
  static constexpr std::string_view summary =
      "sines and cosines of each valid pixel's place, over a range of wavelengths";
  static constexpr std::string_view formula =
      "sin(v / T^(2i/F)) and cos(v / T^(2i/F)) interleaved, v = the cumulative sum of valid cells along H, then W; "
      "normalised: v = (v + offset) / (last + eps) * scale";
  static constexpr std::string_view source = "facebookresearch/detr models/position_encoding.py PositionEmbeddingSine";

  struct Params {
    std::int64_t num_pos_feats = 64;
    double temperature_h = 10000, temperature_w = 10000;
    bool normalize = false;
    double scale = 2 * std::numbers::pi;
    double eps = 1e-6;
    double offset = 0;
    bool channels_last = false;
    static constexpr auto fields() {
      return std::tuple{
          Param{"num_pos_feats", &Params::num_pos_feats, "F, channels for each of y and x; even"},
          Param{"temperature_h", &Params::temperature_h, "base of the wavelengths of y"},
          Param{"temperature_w", &Params::temperature_w, "base of the wavelengths of x"},
          Param{"normalize", &Params::normalize, "bring each line to 0..scale"},
          Param{"scale", &Params::scale, "length of a normalised line, in radians"},
          Param{"eps", &Params::eps, "added to a line's length before dividing by it"},
          Param{"offset", &Params::offset, "added to a position before normalising; -0.5 in Deformable-DETR"},
          Param{"channels_last", &Params::channels_last, "[B, H, W, 2F] instead of [B, 2F, H, W]"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const bool> mask;  ///< [B, H, W], true = padding
    static constexpr auto fields() { return std::tuple{Input{"mask", &Inputs::mask, "B H W"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> encoding;  ///< [B, 2F, H, W], or [B, H, W, 2F] with channels_last
    /// c = 16: DETR's formula in float32, PyTorch eager, needed 3.6 (the reciprocal and the recurrence forms less);
    /// four times that is 14.4.
    static constexpr auto fields() {
      return std::tuple{
          Output{"encoding", &Outputs::encoding, "B 2F H W",
                 ErrorBound{.c = 16,
                            .low = -1,
                            .high = 1,
                            .derivation = "S = the argument of sin or cos as its roundings leave it, plus |r|; c = 16, "
                                          "four times the 3.6 of PyTorch eager in float32"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<SinePositionEncoding>> cases();
  static Domain domain();
};

}  // namespace assay
