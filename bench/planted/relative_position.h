// Wrong ways from two tokens of a window to their entry of the bias table, for the operators that look it up.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace assay::bench::planted {

/// Tokens i and j of a window of Wh × Ww.
struct Tokens {
  std::int64_t i, j, Wh, Ww;
  std::int64_t down() const { return i / Ww - j / Ww; }
  std::int64_t across() const { return i % Ww - j % Ww; }
  /// The entry of a distance, from offsets and a stride.
  static std::int64_t entry(std::int64_t down, std::int64_t across, std::int64_t stride) {
    return down * stride + across;
  }
};

using Entry = std::int64_t (*)(Tokens);

inline std::int64_t right_entry(Tokens t) {
  return Tokens::entry(t.down() + t.Wh - 1, t.across() + t.Ww - 1, 2 * t.Ww - 1);
}
inline std::int64_t swapped_tokens(Tokens t) { return right_entry({t.j, t.i, t.Wh, t.Ww}); }
inline std::int64_t width_major(Tokens t) {
  return Tokens::entry(t.across() + t.Ww - 1, t.down() + t.Wh - 1, 2 * t.Wh - 1);
}
inline std::int64_t stride_2Wh(Tokens t) {
  return Tokens::entry(t.down() + t.Wh - 1, t.across() + t.Ww - 1, 2 * t.Wh - 1);
}
inline std::int64_t no_offset(Tokens t) { return Tokens::entry(t.down(), t.across(), 2 * t.Ww - 1); }
inline std::int64_t columns_first(Tokens t) {
  const std::int64_t down = t.i % t.Wh - t.j % t.Wh, across = t.i / t.Wh - t.j / t.Wh;
  return Tokens::entry(down + t.Wh - 1, across + t.Ww - 1, 2 * t.Ww - 1);
}
inline std::int64_t absolute(Tokens t) {
  return Tokens::entry(std::abs(t.down()) + t.Wh - 1, std::abs(t.across()) + t.Ww - 1, 2 * t.Ww - 1);
}
inline std::int64_t one_more(Tokens t) { return right_entry(t) + 1; }

}  // namespace assay::bench::planted
