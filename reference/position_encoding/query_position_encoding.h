// Where a query looks, told to the decoder: the sine encoding of Conditional-DETR, DAB-DETR and DINO.
#pragma once

#include <numbers>

#include "reference/operator.h"

namespace assay {

/// Sine encoding of each query's reference point (x, y) or box (x, y, w, h), in 0..1 (Conditional-DETR,
/// gen_sineembed_for_position). Each coordinate times `scale` is divided by dim_t[i] = T^(2⌊i/2⌋/F); even i gives the
/// sine, odd i the cosine. The blocks of F channels stand in the order y, x, then w, h.
struct QueryPositionEncoding {
  static constexpr std::string_view name = "query_position_encoding";
  static constexpr std::string_view summary = "sines and cosines of each query's reference point or box";
  static constexpr std::string_view formula =
      "sin(v / T^(2i/F)) and cos(v / T^(2i/F)) interleaved, v = scale * y, then x, w and h";
  static constexpr std::string_view source =
      "Atten4Vis/ConditionalDETR models/transformer.py gen_sineembed_for_position; IDEA-Research/DAB-DETR and DINO";

  struct Params {
    std::int64_t num_pos_feats = 128;
    double temperature = 10000;
    double scale = 2 * std::numbers::pi;
    static constexpr auto fields() {
      return std::tuple{Param{"num_pos_feats", &Params::num_pos_feats, "F, channels for each coordinate; even"},
                        Param{"temperature", &Params::temperature, "base of the wavelengths"},
                        Param{"scale", &Params::scale, "what coordinates are multiplied by, in radians"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> pos;  ///< [Q, B, n]: x, y, or x, y, w, h
    static constexpr auto fields() { return std::tuple{Input{"pos", &Inputs::pos, "Q B n"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> encoding;  ///< [Q, B, n·F]
    /// c = 16, as for the sine encoding: over its cover PyTorch eager in float32 needed 3.0, reciprocal
    /// wavelengths 2.8.
    static constexpr auto fields() {
      return std::tuple{
          Output{"encoding", &Outputs::encoding, "Q B n·F",
                 ErrorBound{.c = 16,
                            .low = -1,
                            .high = 1,
                            .derivation = "S = the argument of sin or cos as its roundings leave it, plus |r|; c = 16, "
                                          "more than four times the 3.0 of PyTorch eager in float32"}}};
    }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<QueryPositionEncoding>> cases();
  static Domain domain();
};

}  // namespace assay
