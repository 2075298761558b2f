// Validation, oracle, cost and cases of relative_position_bias.
#include "reference/window_attention/relative_position_bias.h"

#include <fmt/format.h>

#include "reference/value_classes.h"
#include "reference/window_attention/window.h"

namespace assay {
namespace {

CaseOf<RelativePositionBias> bias_case(std::string name, std::string_view source, std::int64_t window_h,
                                       std::int64_t window_w, std::int64_t heads) {
  // trunc_normal_(std=.02) in Swin; the spread of the values plays no part where they are only moved
  return {std::move(name),
          std::string(source),
          {window_h, window_w},
          {{"table", {window::table_entries(window_h, window_w), heads}, Normal{0, 0.02}}}};
}

}  // namespace

std::vector<Shape> RelativePositionBias::infer(const Params& params, const Inputs<double>& in) {
  window::check(name, params.window_h, params.window_w);
  const std::int64_t entries = window::table_entries(params.window_h, params.window_w),
                     N = params.window_h * params.window_w;
  if (in.table.shape[0] != entries) {
    reject(name, fmt::format("input table has shape {}, but a window of {}x{} needs {} entries",
                             to_string(in.table.shape), params.window_h, params.window_w, entries));
  }
  return {{in.table.shape[1], N, N}};
}

void RelativePositionBias::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out,
                                  ErrorScale&) {
  const std::int64_t heads = out.bias.shape[0], N = out.bias.shape[1];
  double* bias = out.bias.data;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j)
        *bias++ = in.table.data[window::index_of(i, j, params.window_h, params.window_w) * heads + head];
}

Cost RelativePositionBias::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  return {static_cast<double>(in.table.shape.elements() + infer(params, in)[0].elements()) *
              static_cast<double>(element_bytes),
          0};
}

std::vector<CaseOf<RelativePositionBias>> RelativePositionBias::cases() {
  std::vector<CaseOf<RelativePositionBias>> made = {
      bias_case("seed_2x2", "worked example: a table of 9 entries", 2, 2, 1)};
  for (const window::Stage& stage : window::stages)
    made.push_back(bias_case(std::string(stage.name), stage.source, stage.window_h, stage.window_w, stage.heads));
  return made;
}

Domain RelativePositionBias::domain() {
  const auto entries = [](const Choices& choices) {
    return window::table_entries(choices.extent("window_h"), choices.extent("window_w"));
  };
  return {.extents = {extents("window_h"), extents("window_w"), counts("heads")},
          .fields = {{"table", values::moved(Normal{0, 0.02})}},
          .derived = {{"entries", entries}},
          .independent = "heads"};
}

}  // namespace assay
