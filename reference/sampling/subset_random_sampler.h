// subset_random_sampler: a part of a dataset in random order.
#pragma once

#include "reference/operator.h"

namespace assay {

/// indices[i] = subset[order[i]], where `order` is torch.randperm(m, generator=torch.Generator().manual_seed(seed)).
/// The entries of the subset may be any numbers, and equal ones.
struct SubsetRandomSampler {
  static constexpr std::string_view name = "subset_random_sampler";
  static constexpr std::string_view summary = "the given indices in torch's random order of a seed";
  static constexpr std::string_view formula = "indices[i] = subset[randperm(m, seed)[i]]";
  static constexpr std::string_view source = "pytorch torch/utils/data/sampler.py SubsetRandomSampler";

  struct Params {
    std::int64_t seed = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"seed", &Params::seed, "of the generator; its low 32 bits count", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    View<const std::int64_t> subset;  ///< [m]
    static constexpr auto fields() { return std::tuple{Input{"subset", &Inputs::subset, "m*"}}; }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> indices;  ///< [m]
    static constexpr auto fields() { return std::tuple{Output{"indices", &Outputs::indices, "m*"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<SubsetRandomSampler>> cases();
  static Domain domain();
};

}  // namespace assay
