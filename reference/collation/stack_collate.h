// How a batch is put together from samples of one shape.
#pragma once

#include "reference/operator.h"

namespace assay {

/// Puts samples of one shape, of any rank, one behind the other along a new first axis: torch's default_collate on
/// tensors. Unequal shapes are an error that names the first sample whose shape is not that of sample 0.
struct StackCollate {
  static constexpr std::string_view name = "stack_collate";
  static constexpr std::string_view summary = "samples of one shape stacked along a new first axis";
  static constexpr std::string_view formula = "batch[b, ...] = samples.b[...]";
  static constexpr std::string_view source = "torch utils/data/_utils/collate.py default_collate, on tensors";

  struct Params {
    static constexpr auto fields() { return std::tuple{}; }
  };
  template <class T>
  struct Inputs {
    List<const T> samples;  ///< all of one shape
    static constexpr auto fields() { return std::tuple{Input{"samples", &Inputs::samples, "…"}}; }
  };
  template <class T>
  struct Outputs {
    View<T> batch;  ///< [B, …]
    static constexpr auto fields() { return std::tuple{Output{"batch", &Outputs::batch, "B …"}}; }
  };
  static std::vector<Shape> infer(const Params& params, const Inputs<double>& in);
  static void oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& scale);
  static Cost cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes);
  static std::vector<CaseOf<StackCollate>> cases();
  static Domain domain();
};

}  // namespace assay
