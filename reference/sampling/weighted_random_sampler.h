// weighted_random_sampler: draws of indices in proportion to weights, as long-tailed datasets are sampled.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Draws of indices, one after another, each with a chance in proportion to its weight; without replacement in
/// proportion to the weights that are left. Which indices come is up to the implementation and its generator, so the
/// operator judges itself: weighted_draws.h says how. The seed makes a kernel's own draws repeatable, no more.
struct WeightedRandomSampler {
  static constexpr std::string_view name = "weighted_random_sampler";
  static constexpr std::string_view summary = "random indices with chances in proportion to weights";
  static constexpr std::string_view formula =
      "P(indices[k] = i) = weights[i] / sum(weights), over what is left without replacement";
  static constexpr std::string_view source =
      "pytorch torch/utils/data/sampler.py WeightedRandomSampler (torch.multinomial)";

  struct Params {
    std::int64_t num_samples = 0;
    bool replacement = true;
    std::int64_t seed = 0;
    static constexpr auto fields() {
      return std::tuple{Param{"num_samples", &Params::num_samples, "number of draws", Presence::required},
                        Param{"replacement", &Params::replacement, "whether an index may come again"},
                        Param{"seed", &Params::seed, "of the generator", Presence::required}};
    }
  };
  template <class T>
  struct Inputs {
    View<const double> weights;  ///< [n], finite, not negative, not all zero, with a finite sum
    static constexpr auto fields() { return std::tuple{Input{"weights", &Inputs::weights, "n"}}; }
  };
  template <class T>
  struct Outputs {
    View<std::int64_t> indices;  ///< [num_samples]
    static constexpr auto fields() { return std::tuple{Output{"indices", &Outputs::indices, "num_samples", Judged{}}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void validate(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Judgement judge(const Params& params, const Inputs<double>& in, const Outputs<double>& got,
                         const Outputs<double>& truth, const ElementTolerance& tolerance);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<WeightedRandomSampler>> cases();
  static Domain domain();
  static std::vector<Equivalent> equivalents();
};

}  // namespace assay
