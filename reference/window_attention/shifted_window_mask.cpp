// Validation, oracle, cost and cases of shifted_window_mask.
#include "reference/window_attention/shifted_window_mask.h"

#include "reference/window_attention/window.h"

namespace assay {
namespace {

using Mask = ShiftedWindowMask;

window::Cut cut_of(const Mask::Params& params) {
  return {{params.height, params.window_h, params.shift_h}, {params.width, params.window_w, params.shift_w}};
}

/// The region of place `at` of a rolled axis, as Swin slices it: all but the last window, that window up to the shift,
/// and what the roll brought there. Without a shift the axis is one region.
std::int64_t region_along(const window::CutAxis& axis, std::int64_t at) {
  if (axis.shift == 0) return 0;
  return (at >= axis.extent - axis.window ? 1 : 0) + (at >= axis.extent - axis.shift ? 1 : 0);
}

/// The region of each token of window `w`.
std::vector<std::int64_t> regions_of(const window::Cut& cut, std::int64_t w) {
  const std::int64_t top = w / cut.w.windows() * cut.h.window, left = w % cut.w.windows() * cut.w.window;
  std::vector<std::int64_t> regions;
  for (std::int64_t y = top; y < top + cut.h.window; ++y)
    for (std::int64_t x = left; x < left + cut.w.window; ++x)
      regions.push_back(3 * region_along(cut.h, y) + region_along(cut.w, x));
  return regions;
}

CaseOf<Mask> mask_case(std::string name, std::string source, const Mask::Params& params, Tier tier) {
  return {std::move(name), std::move(source), params, {}, tier};
}

}  // namespace

std::vector<Shape> Mask::infer(const Params& params, const Inputs<double>&) {
  const window::Cut cut = cut_of(params);
  window::check(name, cut);
  const std::int64_t N = params.window_h * params.window_w;
  return {{cut.windows(), N, N}};
}

void Mask::oracle(const Params& params, const Inputs<double>&, const Outputs<double>& out, ErrorScale&) {
  const window::Cut cut = cut_of(params);
  double* mask = out.mask.data;
  for (std::int64_t w = 0; w < cut.windows(); ++w) {
    const std::vector<std::int64_t> regions = regions_of(cut, w);
    for (const std::int64_t query : regions)
      for (const std::int64_t key : regions) *mask++ = query == key ? 0 : params.fill;
  }
}

Cost Mask::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  return {static_cast<double>(infer(params, in)[0].elements()) * static_cast<double>(element_bytes), 0};
}

std::vector<CaseOf<Mask>> Mask::cases() {
  std::vector<CaseOf<Mask>> made = {
      mask_case("seed_2x2", "worked example: windows of 2x2 on 4x4", {4, 4, 2, 2, 1, 1}, Tier::workload)};
  for (const window::Map& map : window::maps()) {
    if (map.shift_h() == 0) continue;  // a map of one window is not shifted
    made.push_back(mask_case(std::string(map.name), std::string(map.source),
                             {map.height, map.width, map.window_h, map.window_w, map.shift_h(), map.shift_w()},
                             Tier::workload));
  }
  const auto add = [&](std::string name, std::string source, const Params& params) {
    made.push_back(mask_case(std::move(name), std::move(source), params, Tier::small));
  };
  add("shifted_in_h_only", "a region along the axis that is not shifted", {15, 14, 5, 7, 2, 0});
  add("shifted_in_w_only", "a region along the axis that is not shifted", {10, 21, 5, 7, 0, 3});
  add("one_window", "a map of one window: it is the last of both axes", {5, 7, 5, 7, 2, 3});
  add("shifted_by_all_but_one", "a shift as large as it can be", {9, 10, 3, 5, 2, 4});
  add("windows_swap", "height and width, window_h and window_w swapped: the shape stays", {12, 24, 2, 3, 1, 2});
  add("squares_swap", "window_h and window_w swapped: the shape stays", {12, 12, 3, 2, 1, 1});
  add("another_fill", "-100 whatever the fill", {6, 6, 3, 3, 1, 2, -0.1});
  add("fill_of_1e4", "a fill that float16 holds, doubled one that it does not", {6, 4, 3, 2, 1, 1, -40000});
  return made;
}

Domain Mask::domain() {
  const auto work = [](const Choices& choices) {
    const auto of = [&](std::string_view factor) { return static_cast<double>(choices.extent(factor)); };
    const double N = of("window_h") * of("window_w");
    return window::moved_work(of("rows") * of("columns") * N * N);
  };
  return {.extents = window::cut_extents(),
          .parameters = {window::shifts("shift_h", "window_h"), window::shifts("shift_w", "window_w"),
                         reals("fill", {-100, 0, -0.1, -1, -1e9, 3})},
          .derived = {{"height", window::drawn_height}, {"width", window::drawn_width}},
          .valid = window::has_its_shifts,
          .work = work};
}

}  // namespace assay
