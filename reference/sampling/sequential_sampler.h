// sequential_sampler: the order in which an evaluation reads its dataset.
#pragma once

#include "reference/operator.h"

namespace assay {

/// indices[i] = i.
struct SequentialSampler {
  static constexpr std::string_view name = "sequential_sampler";
  static constexpr std::string_view summary = "every index of a dataset once, in order";
  static constexpr std::string_view formula = "indices[i] = i";
  static constexpr std::string_view source = "pytorch torch/utils/data/sampler.py SequentialSampler";

  struct Params {
    std::int64_t length = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"length", &Params::length, "of the dataset; 0 is allowed", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> indices;  ///< [length]
    static constexpr auto fields() { return std::tuple{Output{"indices", &Outputs::indices, "length*"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<SequentialSampler>> cases();
  static Domain domain();
};

}  // namespace assay
