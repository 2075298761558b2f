// Validation, oracle, cost and cases of relative_position_index.
#include "reference/window_attention/relative_position_index.h"

#include "reference/window_attention/window.h"

namespace assay {

std::vector<Shape> RelativePositionIndex::infer(const Params& params, const Inputs<double>&) {
  window::check(name, params.window_h, params.window_w);
  const std::int64_t N = params.window_h * params.window_w;
  return {{N, N}};
}

void RelativePositionIndex::oracle(const Params& params, const Inputs<double>&, const Outputs<double>& out,
                                   ErrorScale&) {
  const std::int64_t N = out.index.shape[0];
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < N; ++j)
      out.index.data[i * N + j] = window::index_of(i, j, params.window_h, params.window_w);
}

Cost RelativePositionIndex::cost(const Params& params, const Inputs<double>& in, std::int64_t) {
  return {static_cast<double>(infer(params, in)[0].elements()) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<RelativePositionIndex>> RelativePositionIndex::cases() {
  std::vector<CaseOf<RelativePositionIndex>> made = {{"seed_2x2", "worked example: a table of 9 entries", {2, 2}, {}}};
  for (const window::Stage& stage : window::stages)
    made.push_back({std::string(stage.name), std::string(stage.source), {stage.window_h, stage.window_w}, {}});
  return made;
}

Domain RelativePositionIndex::domain() { return {.extents = {extents("window_h"), extents("window_w")}}; }

}  // namespace assay
