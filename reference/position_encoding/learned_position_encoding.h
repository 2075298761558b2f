// Where a token stands in the image, as DETR can learn it: a row of a table for each row and each column.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Learned position encoding of DETR. The first F channels are those of the column, the last F those of the row: x,
/// then y, the other way round than in the sine encoding. It is the same for all images and knows nothing of their
/// padding. The tables are trained, hence activations; they may have more rows than are asked for.
struct LearnedPositionEncoding {
  static constexpr std::string_view name = "learned_position_encoding";
  static constexpr std::string_view summary = "a learned vector for each column beside one for each row";
  static constexpr std::string_view formula =
      "encoding[b, c, y, x] = col_embed[x, c] for c < F, else row_embed[y, c - F]";
  static constexpr std::string_view source =
      "facebookresearch/detr models/position_encoding.py PositionEmbeddingLearned";

  struct Params {
    std::int64_t batch = 0, height = 0, width = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"batch", &Params::batch, "B, how many images", Presence::required},
                        Param{"height", &Params::height, "H, at most the rows of row_embed", Presence::required},
                        Param{"width", &Params::width, "W, at most the rows of col_embed", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    View<const T> row_embed;  ///< [R, F]
    View<const T> col_embed;  ///< [R', F]
    static constexpr auto fields() {
      return std::tuple{Input{"row_embed", &Inputs::row_embed, "R F"}, Input{"col_embed", &Inputs::col_embed, "R' F"}};
    }
  };
  template <class T>
  struct Outputs {
    View<T> encoding;  ///< [B, 2F, H, W]
    static constexpr auto fields() { return std::tuple{Output{"encoding", &Outputs::encoding, "B 2F H W"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<LearnedPositionEncoding>> cases();
  static Domain domain();
};

}  // namespace assay
