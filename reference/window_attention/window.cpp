// The arithmetic of windows.
#include "reference/window_attention/window.h"

#include <fmt/format.h>

#include "reference/operator.h"

namespace assay::window {

void check(std::string_view op, std::int64_t window_h, std::int64_t window_w) {
  require_positive(op, "window_h", window_h);
  require_positive(op, "window_w", window_w);
  std::int64_t tokens = 0, pairs = 0;
  if (__builtin_mul_overflow(window_h, window_w, &tokens) || __builtin_mul_overflow(tokens, tokens, &pairs) ||
      pairs > INT64_MAX / 8) {
    reject(op, fmt::format("a window of {}x{} has more pairs of tokens than can be addressed", window_h, window_w));
  }
}

std::int64_t table_entries(std::int64_t window_h, std::int64_t window_w) {
  return (2 * window_h - 1) * (2 * window_w - 1);
}

std::int64_t index_of(std::int64_t i, std::int64_t j, std::int64_t window_h, std::int64_t window_w) {
  const std::int64_t down = i / window_w - j / window_w, across = i % window_w - j % window_w;
  return (down + window_h - 1) * (2 * window_w - 1) + (across + window_w - 1);
}

namespace {

void check_axis(std::string_view op, std::string_view extent, std::string_view side, const CutAxis& axis) {
  if (axis.extent % axis.window != 0) {
    reject(op, fmt::format("{} is {}, but it must be a multiple of window_{} = {}", extent, axis.extent, side,
                           axis.window));
  }
  if (axis.shift < 0 || axis.shift >= axis.window) {
    reject(op, fmt::format("shift_{} is {}, but it must be at least 0 and less than window_{} = {}", side, axis.shift,
                           side, axis.window));
  }
}

}  // namespace

void check(std::string_view op, const Cut& cut) {
  check(op, cut.h.window, cut.w.window);
  require_positive(op, "height", cut.h.extent);
  require_positive(op, "width", cut.w.extent);
  check_axis(op, "height", "h", cut.h);
  check_axis(op, "width", "w", cut.w);
  std::int64_t tokens = 0;
  if (__builtin_mul_overflow(cut.h.extent, cut.w.extent, &tokens))
    reject(op, fmt::format("a map of {}x{} has more tokens than can be addressed", cut.h.extent, cut.w.extent));
}

ExtentRange window_extents(std::string_view name) {
  constexpr std::int64_t largest = 257;
  ExtentRange range = extents(name);
  for (std::vector<std::int64_t>* levels : {&range.levels, &range.primes})
    std::erase_if(*levels, [](std::int64_t extent) { return extent > largest; });
  return range;
}

std::vector<ExtentRange> cut_extents() {
  ExtentRange rows = counts("rows"), columns = counts("columns");
  for (ExtentRange* range : {&rows, &columns}) range->levels.push_back(65537);  // beyond what 16 bits count
  return {rows, columns, window_extents("window_h"), window_extents("window_w")};
}

ParameterRange shifts(std::string_view shift, std::string_view window) {
  return {shift,
          {{"0", [](const Choices&) { return Scalar(std::int64_t{0}); }},
           {"1", [](const Choices&) { return Scalar(std::int64_t{1}); }},
           {"half", [window](const Choices& choices) { return Scalar(choices.extent(window) / 2); }},
           {"last", [window](const Choices& choices) { return Scalar(choices.extent(window) - 1); }}}};
}

bool has_its_shifts(const Choices& choices) {
  return (choices.is("shift_h", "0") || choices.extent("window_h") > 1) &&
         (choices.is("shift_w", "0") || choices.extent("window_w") > 1);
}

double cut_work(const Choices& choices) {
  const auto of = [&](std::string_view factor) { return static_cast<double>(choices.extent(factor)); };
  return moved_work(2 * of("rows") * of("columns") * of("window_h") * of("window_w") * of("B") * of("C"));
}

std::int64_t drawn_height(const Choices& choices) { return choices.extent("rows") * choices.extent("window_h"); }
std::int64_t drawn_width(const Choices& choices) { return choices.extent("columns") * choices.extent("window_w"); }
std::int64_t drawn_windows(const Choices& choices) { return choices.extent("rows") * choices.extent("columns"); }

std::vector<Map> maps() {
  std::vector<Map> made;
  for (const Stage& stage : stages) {
    const std::int64_t side = stage.windows == 64 ? 8 : stage.windows == 16 ? 4 : 1;
    made.push_back({stage.name, side * stage.window_h, side * stage.window_w, stage.window_h, stage.window_w,
                    32 * stage.heads, stage.source});
  }
  made.push_back({"swin_dense", 203, 336, 7, 7, 96, "Swin-T detector on 800x1333, stage 1"});
  return made;
}

}  // namespace assay::window
