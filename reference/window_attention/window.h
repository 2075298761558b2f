// What the operators of window attention share: the stages of Swin, which are their workloads, and the arithmetic of
// windows.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "reference/operator.h"

namespace assay::window {

/// A Swin stage: its window, its heads and how many windows an image has there.
struct Stage {
  std::string_view name;
  std::int64_t window_h, window_w, heads, windows;
  std::string_view source;
};

inline constexpr std::array<Stage, 7> stages = {{
    {"ws7_h3", 7, 7, 3, 64, "Swin-T/S 224, window 7, stage 1"},
    {"ws7_h24", 7, 7, 24, 1, "Swin-T/S 224, window 7, stage 4"},
    {"ws12_h4", 12, 12, 4, 64, "Swin-B 384, window 12, stage 1"},
    {"ws12_h48", 12, 12, 48, 1, "Swin-L 384, window 12, stage 4"},
    {"ws16_h8", 16, 16, 8, 16, "Swin V2-B 256, window 16, stage 2"},
    {"ws24_h32", 24, 24, 32, 1, "Swin V2-B 384, window 24, stage 4"},
    {"ws7x12_h6", 7, 12, 6, 16, "a window that is not square, stage 2 of Swin-T/S"},
}};

/// The parameters of an operator that needs a window alone.
struct Params {
  std::int64_t window_h = 0, window_w = 0;
  static constexpr auto fields() {
    return std::tuple{Param{"window_h", &Params::window_h, "height of a window, in tokens", Presence::required},
                      Param{"window_w", &Params::window_w, "width of a window, in tokens", Presence::required}};
  }
};

/// Rejects windows that are not positive or whose N² pairs cannot be counted.
void check(std::string_view op, std::int64_t window_h, std::int64_t window_w);

/// Rows of the bias table: one for each distance of two tokens.
std::int64_t table_entries(std::int64_t window_h, std::int64_t window_w);

/// The row of the bias table that tokens i and j share.
std::int64_t index_of(std::int64_t i, std::int64_t j, std::int64_t window_h, std::int64_t window_w);

/// One axis of a feature map that is cut into windows after it was rolled by −shift.
struct CutAxis {
  std::int64_t extent, window, shift;
  std::int64_t windows() const { return extent / window; }
  /// The place in the map of place `at` of the rolled one.
  std::int64_t source(std::int64_t at) const { return (at + shift) % extent; }
};

/// A feature map that is cut into windows, numbered row by row.
struct Cut {
  CutAxis h, w;
  std::int64_t windows() const { return h.windows() * w.windows(); }
};

/// Rejects extents that are no multiple of the window, shifts that are negative or reach a window, and more windows
/// than can be counted.
void check(std::string_view op, const Cut& cut);

/// A window's extents up to 257: its pairs of tokens are their square.
ExtentRange window_extents(std::string_view name);

/// What the operators that cut a feature map draw their cases from: `rows` by `columns` windows.
std::vector<ExtentRange> cut_extents();
/// No shift, one token, half a window as in Swin, and all of a window but one token.
ParameterRange shifts(std::string_view shift, std::string_view window);
/// Whether the shifts are what their levels say: a window of one token has none but 0.
bool has_its_shifts(const Choices& choices);
/// Work in which a case of 2²⁰ elements is as large as drawn cases become by default: it shows what one of 2²² does, in
/// a quarter of the time.
inline double moved_work(double elements) { return 4 * elements; }
/// Of a case of `B` images of `C` channels.
double cut_work(const Choices& choices);
/// height and width of the map, and the windows of an image.
std::int64_t drawn_height(const Choices& choices);
std::int64_t drawn_width(const Choices& choices);
std::int64_t drawn_windows(const Choices& choices);

/// A feature map of a workload; its windows are shifted by half their extents.
struct Map {
  std::string_view name;
  std::int64_t height, width, window_h, window_w, channels;
  std::string_view source;
  std::int64_t shift_h() const { return height > window_h ? window_h / 2 : 0; }
  std::int64_t shift_w() const { return width > window_w ? window_w / 2 : 0; }
};

/// The stages as maps of 32 channels a head, and the detector's first stage: 200×334 tokens padded up to windows of 7.
std::vector<Map> maps();

}  // namespace assay::window
