// random_sampler: the order in which one epoch of training reads its dataset.
#pragma once

#include "reference/operator.h"

namespace assay {

/// torch.randperm(length, generator=torch.Generator().manual_seed(seed)), which RandomSampler yields without
/// replacement. random_order.h says how torch makes it.
struct RandomSampler {
  static constexpr std::string_view name = "random_sampler";
  static constexpr std::string_view summary = "every index of a dataset once, in torch's random order of a seed";
  static constexpr std::string_view formula =
      "indices = 0..n-1; for i in 0..n-2: swap indices[i] and indices[i + MT19937(seed) mod (n - i)]";
  static constexpr std::string_view source =
      "pytorch torch/utils/data/sampler.py RandomSampler (aten/src/ATen/native/TensorFactories.cpp randperm_cpu)";

  struct Params {
    std::int64_t length = 0, seed = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"length", &Params::length, "of the dataset; 0 is allowed", Presence::required},
                        Param{"seed", &Params::seed, "of the generator; its low 32 bits count", Presence::required}};
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
  static std::vector<CaseOf<RandomSampler>> cases();
  static Domain domain();
};

}  // namespace assay
