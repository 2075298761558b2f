// What the operators of window attention share: the stages of Swin, which are their workloads, and the arithmetic of
// windows.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

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

}  // namespace assay::window
