// batch_sampler: where the batches of a sampler's indices begin and end.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Batch b holds indices[offsets[b]] to indices[offsets[b + 1] - 1]. All have `batch_size` indices but the last, which
/// has what is left, or is left out with `drop_last`. The values of the indices do not matter.
struct BatchSampler {
  static constexpr std::string_view name = "batch_sampler";
  static constexpr std::string_view summary = "the offsets at which a sampler's indices are cut into batches";
  static constexpr std::string_view formula = "offsets[b] = min(b * batch_size, n)";
  static constexpr std::string_view source = "pytorch torch/utils/data/sampler.py BatchSampler";

  struct Params {
    std::int64_t batch_size = 0;
    bool drop_last = false;
    static constexpr auto fields() {
      return std::tuple{Param{"batch_size", &Params::batch_size, "indices of a batch", Presence::required},
                        Param{"drop_last", &Params::drop_last, "whether a last batch of fewer is left out"}};
    }
  };
  template <class T>
  struct Inputs {
    View<const std::int64_t> indices;  ///< [n]
    static constexpr auto fields() { return std::tuple{Input{"indices", &Inputs::indices, "n*"}}; }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> offsets;  ///< [batches + 1]
    static constexpr auto fields() { return std::tuple{Output{"offsets", &Outputs::offsets, "batches+1"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<BatchSampler>> cases();
  static Domain domain();
  static std::vector<Equivalent> equivalents();
};

}  // namespace assay
