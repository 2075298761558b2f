// Validation, oracle, cost and cases of window_reverse.
#include "reference/window_attention/window_reverse.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/value_classes.h"
#include "reference/window_attention/window.h"

namespace assay {
namespace {

using Reverse = WindowReverse;

window::Cut cut_of(const Reverse::Params& params) {
  return {{params.height, params.window_h, params.shift_h}, {params.width, params.window_w, params.shift_w}};
}

CaseOf<Reverse> reverse_case(std::string name, std::string source, std::int64_t images, std::int64_t channels,
                             const Reverse::Params& params, Tier tier) {
  const Shape windows{images * cut_of(params).windows(), params.window_h, params.window_w, channels};
  return {std::move(name), std::move(source), params, {{"windows", windows, Pixels{}}}, tier};
}

}  // namespace

std::vector<Shape> Reverse::infer(const Params& params, const Inputs<double>& in) {
  const window::Cut cut = cut_of(params);
  window::check(name, cut);
  const Shape& windows = in.windows.shape;
  if (windows[1] != params.window_h || windows[2] != params.window_w) {
    reject(name, fmt::format("input windows has shape {}, but windows of {}x{} are needed", to_string(windows),
                             params.window_h, params.window_w));
  }
  if (windows[0] % cut.windows() != 0) {
    reject(name, fmt::format("input windows has shape {}, whose {} windows are not a multiple of the {} of a {}x{} map",
                             to_string(windows), windows[0], cut.windows(), params.height, params.width));
  }
  return {{windows[0] / cut.windows(), params.height, params.width, windows[3]}};
}

void Reverse::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const std::int64_t B = out.x.shape[0], H = out.x.shape[1], W = out.x.shape[2], C = out.x.shape[3];
  const window::Cut cut = cut_of(params);
  const double* from = in.windows.data;
  for (std::int64_t b = 0; b < B; ++b)
    for (std::int64_t w = 0; w < cut.windows(); ++w)
      for (std::int64_t y = 0; y < params.window_h; ++y)
        for (std::int64_t x = 0; x < params.window_w; ++x, from += C) {
          const std::int64_t row = cut.h.source(w / cut.w.windows() * params.window_h + y);
          const std::int64_t column = cut.w.source(w % cut.w.windows() * params.window_w + x);
          std::copy_n(from, C, out.x.data + ((b * H + row) * W + column) * C);
        }
}

Cost Reverse::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  return {2.0 * static_cast<double>(in.windows.shape.elements() * element_bytes), 0};
}

std::vector<CaseOf<Reverse>> Reverse::cases() {
  std::vector<CaseOf<Reverse>> made = {
      reverse_case("seed_2x2", "worked example: windows of 2x2 on 4x4", 1, 1, {4, 4, 2, 2, 1, 1}, Tier::workload)};
  for (const window::Map& map : window::maps())
    made.push_back(reverse_case(std::string(map.name), std::string(map.source), 1, map.channels,
                                {map.height, map.width, map.window_h, map.window_w, map.shift_h(), map.shift_w()},
                                Tier::workload));
  const auto add = [&](std::string name, std::string source, std::int64_t images, std::int64_t channels,
                       const Params& params) {
    made.push_back(reverse_case(std::move(name), std::move(source), images, channels, params, Tier::small));
  };
  add("shifted_in_h_only", "a roll along both axes by one shift", 3, 5, {10, 14, 5, 7, 2, 0});
  add("shifted_in_w_only", "a roll along both axes by one shift", 3, 5, {15, 14, 5, 7, 0, 3});
  add("one_window", "a map of one window: the roll alone", 4, 3, {5, 7, 5, 7, 2, 3});
  add("shifted_by_all_but_one", "a shift as large as it can be", 3, 13, {9, 10, 3, 5, 2, 4});
  add("windows_of_one", "a window of one token: the map itself", 3, 11, {5, 7, 1, 1, 0, 0});
  add("as_many_rows_as_columns", "rows and columns of windows swapped", 3, 2, {6, 9, 2, 3, 1, 1});
  return made;
}

Domain Reverse::domain() {
  std::vector<ExtentRange> ranges = window::cut_extents();
  ranges.push_back(counts("B"));
  ranges.push_back(extents("C"));
  return {.extents = ranges,
          .parameters = {window::shifts("shift_h", "window_h"), window::shifts("shift_w", "window_w")},
          .fields = {{"windows", values::moved(Pixels{})}},
          .derived = {{"height", window::drawn_height},
                      {"width", window::drawn_width},
                      {"nW", window::drawn_windows},
                      {"Wh", [](const Choices& choices) { return choices.extent("window_h"); }},
                      {"Ww", [](const Choices& choices) { return choices.extent("window_w"); }}},
          .valid = window::has_its_shifts,
          .work = window::cut_work,
          .independent = "C"};
}

}  // namespace assay
