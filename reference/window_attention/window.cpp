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

}  // namespace assay::window
