// Validation, oracle, cost and cases of window_partition.
#include "reference/window_attention/window_partition.h"

#include <algorithm>

#include "reference/value_classes.h"
#include "reference/window_attention/window.h"

namespace assay {
namespace {

window::Cut cut_of(const WindowPartition::Params& params, const Shape& x) {
  return {{x[1], params.window_h, params.shift_h}, {x[2], params.window_w, params.shift_w}};
}

CaseOf<WindowPartition> partition_case(std::string name, std::string source, const Shape& x,
                                       const WindowPartition::Params& params, Tier tier) {
  return {std::move(name), std::move(source), params, {{"x", x, Pixels{}}}, tier};
}

}  // namespace

std::vector<Shape> WindowPartition::infer(const Params& params, const Inputs<double>& in) {
  const Shape& x = in.x.shape;
  const window::Cut cut = cut_of(params, x);
  window::check(name, cut);
  return {{x[0] * cut.windows(), params.window_h, params.window_w, x[3]}};
}

void WindowPartition::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const std::int64_t B = in.x.shape[0], H = in.x.shape[1], W = in.x.shape[2], C = in.x.shape[3];
  const window::Cut cut = cut_of(params, in.x.shape);
  double* to = out.windows.data;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t w = 0; w < cut.windows(); ++w)
      for (std::int64_t y = 0; y < params.window_h; ++y)
        for (std::int64_t x = 0; x < params.window_w; ++x, to += C) {
          const std::int64_t row = cut.h.source(w / cut.w.windows() * params.window_h + y);
          const std::int64_t column = cut.w.source(w % cut.w.windows() * params.window_w + x);
          std::copy_n(in.x.data + ((b * H + row) * W + column) * C, C, to);
        }
}

Cost WindowPartition::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  return {2.0 * static_cast<double>(in.x.shape.elements() * element_bytes), 0};
}

std::vector<CaseOf<WindowPartition>> WindowPartition::cases() {
  std::vector<CaseOf<WindowPartition>> made = {
      partition_case("seed_2x2", "worked example: windows of 2x2 on 4x4", {1, 4, 4, 1}, {2, 2, 1, 1}, Tier::workload)};
  for (const window::Map& map : window::maps())
    made.push_back(partition_case(std::string(map.name), std::string(map.source),
                                  {1, map.height, map.width, map.channels},
                                  {map.window_h, map.window_w, map.shift_h(), map.shift_w()}, Tier::workload));
  const auto add = [&](std::string name, std::string source, const Shape& x, const Params& params) {
    made.push_back(partition_case(std::move(name), std::move(source), x, params, Tier::small));
  };
  add("shifted_in_h_only", "a roll along both axes by one shift", {3, 10, 14, 5}, {5, 7, 2, 0});
  add("shifted_in_w_only", "a roll along both axes by one shift", {3, 15, 14, 5}, {5, 7, 0, 3});
  add("one_window", "a map of one window: the roll alone", {4, 5, 7, 3}, {5, 7, 2, 3});
  add("shifted_by_all_but_one", "a shift as large as it can be", {3, 9, 10, 13}, {3, 5, 2, 4});
  add("windows_of_one", "a window of one token: the map itself", {3, 5, 7, 11}, {1, 1, 0, 0});
  add("as_many_rows_as_columns", "rows and columns of windows swapped", {3, 6, 9, 2}, {2, 3, 1, 1});
  return made;
}

Domain WindowPartition::domain() {
  std::vector<ExtentRange> ranges = window::cut_extents();
  ranges.push_back(counts("B"));
  ranges.push_back(extents("C"));
  return {.extents = ranges,
          .parameters = {window::shifts("shift_h", "window_h"), window::shifts("shift_w", "window_w")},
          .fields = {{"x", values::moved(Pixels{})}},
          .derived = {{"H", window::drawn_height}, {"W", window::drawn_width}},
          .valid = window::has_its_shifts,
          .work = window::cut_work,
          .independent = "C"};
}

}  // namespace assay
