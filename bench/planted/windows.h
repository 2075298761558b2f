// Wrong ways from a token of a window to its place in the map, for the operators that cut maps into windows.
#pragma once

#include <cstdint>

namespace assay::bench::planted {

/// A map of H × W tokens, its windows and its shift.
struct CutMap {
  std::int64_t B, H, W, Wh, Ww, shift_h, shift_w;
  std::int64_t rows() const { return H / Wh; }
  std::int64_t columns() const { return W / Ww; }
  std::int64_t each() const { return rows() * columns(); }
};

/// Token (y, x) of window (row, column) of image b.
struct WindowToken {
  std::int64_t b, row, column, y, x;
};
/// A place in a map.
struct Place2D {
  std::int64_t y, x;
};

/// The window of number w of all, and the token's place in the map before it was rolled.
using WindowOf = WindowToken (*)(const CutMap&, std::int64_t w);
using PlaceOf = Place2D (*)(const CutMap&, WindowToken);

inline std::int64_t wrapped(std::int64_t at, std::int64_t extent) { return (at % extent + extent) % extent; }
inline Place2D rolled(const CutMap& cut, WindowToken t, std::int64_t down, std::int64_t across) {
  return {wrapped(t.row * cut.Wh + t.y + down, cut.H), wrapped(t.column * cut.Ww + t.x + across, cut.W)};
}

inline WindowToken right_window(const CutMap& cut, std::int64_t w) {
  return {w / cut.each(), w % cut.each() / cut.columns(), w % cut.columns(), 0, 0};
}
/// The batch varies fastest.
inline WindowToken batch_innermost(const CutMap& cut, std::int64_t w) {
  const std::int64_t within = w / cut.B;
  return {w % cut.B, within / cut.columns(), within % cut.columns(), 0, 0};
}
/// Windows numbered down columns.
inline WindowToken columns_of_windows(const CutMap& cut, std::int64_t w) {
  return {w / cut.each(), w % cut.rows(), w % cut.each() / cut.rows(), 0, 0};
}
inline WindowToken first_image(const CutMap& cut, std::int64_t w) { return right_window(cut, w % cut.each()); }

inline Place2D right_place(const CutMap& cut, WindowToken t) { return rolled(cut, t, cut.shift_h, cut.shift_w); }
inline Place2D rolled_other_way(const CutMap& cut, WindowToken t) { return rolled(cut, t, -cut.shift_h, -cut.shift_w); }
inline Place2D not_rolled(const CutMap& cut, WindowToken t) { return rolled(cut, t, 0, 0); }
inline Place2D rolled_in_h(const CutMap& cut, WindowToken t) { return rolled(cut, t, cut.shift_h, 0); }
inline Place2D rolled_in_w(const CutMap& cut, WindowToken t) { return rolled(cut, t, 0, cut.shift_w); }
inline Place2D shifts_swapped(const CutMap& cut, WindowToken t) { return rolled(cut, t, cut.shift_w, cut.shift_h); }
inline Place2D by_shift_h(const CutMap& cut, WindowToken t) { return rolled(cut, t, cut.shift_h, cut.shift_h); }
/// One token further where there is a shift at all.
inline Place2D one_further(const CutMap& cut, WindowToken t) {
  return rolled(cut, t, cut.shift_h + (cut.shift_h > 0 ? 1 : 0), cut.shift_w + (cut.shift_w > 0 ? 1 : 0));
}
inline Place2D one_less(const CutMap& cut, WindowToken t) {
  return rolled(cut, t, cut.shift_h - (cut.shift_h > 0 ? 1 : 0), cut.shift_w - (cut.shift_w > 0 ? 1 : 0));
}
inline Place2D half_a_window(const CutMap& cut, WindowToken t) {
  return rolled(cut, t, cut.shift_h > 0 ? cut.Wh / 2 : 0, cut.shift_w > 0 ? cut.Ww / 2 : 0);
}
/// What the roll moves out at one end comes in at the same window's other end.
inline Place2D rolled_within_window(const CutMap& cut, WindowToken t) {
  return {t.row * cut.Wh + (t.y + cut.shift_h) % cut.Wh, t.column * cut.Ww + (t.x + cut.shift_w) % cut.Ww};
}
/// What the roll moves out at one end is the last row and column again.
inline Place2D clamped(const CutMap& cut, WindowToken t) {
  const std::int64_t y = t.row * cut.Wh + t.y + cut.shift_h, x = t.column * cut.Ww + t.x + cut.shift_w;
  return {y < cut.H ? y : cut.H - 1, x < cut.W ? x : cut.W - 1};
}
/// A grid instead of blocks: the tokens of a window lie H/Wh and W/Ww apart (MaxViT's grid attention).
inline Place2D dilated(const CutMap& cut, WindowToken t) {
  return {wrapped(t.y * cut.rows() + t.row + cut.shift_h, cut.H),
          wrapped(t.x * cut.columns() + t.column + cut.shift_w, cut.W)};
}
/// The tokens of a window down columns.
inline Place2D token_columns(const CutMap& cut, WindowToken t) {
  const std::int64_t token = t.y * cut.Ww + t.x;
  return right_place(cut, {t.b, t.row, t.column, token % cut.Wh, token / cut.Wh});
}
/// The view [B, H/Wh, W/Ww, Wh, Ww] without the permutation.
inline Place2D not_permuted(const CutMap& cut, WindowToken t) {
  const std::int64_t at = ((t.row * cut.columns() + t.column) * cut.Wh + t.y) * cut.Ww + t.x;
  return {wrapped(at / cut.W + cut.shift_h, cut.H), wrapped(at % cut.W + cut.shift_w, cut.W)};
}

}  // namespace assay::bench::planted
