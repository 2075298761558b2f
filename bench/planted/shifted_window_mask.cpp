// shifted_window_mask with every mistake a port was seen, or is likely, to make.
#include "reference/window_attention/shifted_window_mask.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = ShiftedWindowMask;

/// An axis of the map.
struct Axis {
  std::int64_t extent, window, shift;
};
using RegionAlong = std::int64_t (*)(Axis, std::int64_t at);

std::int64_t right_region(Axis a, std::int64_t at) {
  if (a.shift == 0) return 0;
  return (at >= a.extent - a.window ? 1 : 0) + (at >= a.extent - a.shift ? 1 : 0);
}
/// The last region begins `further` places further.
template <std::int64_t further>
std::int64_t moved_border(Axis a, std::int64_t at) {
  return a.shift != 0 && at >= a.extent - a.shift + further ? 1 : 0;
}
std::int64_t one_region(Axis, std::int64_t) { return 0; }

/// The regions of a token along both axes.
struct Regions {
  std::int64_t h, w;
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  RegionAlong along_h = right_region, along_w = right_region;
  bool (*apart)(Regions a, Regions b) = [](Regions a, Regions b) { return a.h != b.h || a.w != b.w; };
  std::int64_t (*window)(std::int64_t w, std::int64_t rows, std::int64_t columns) = [](auto w, auto, auto) {
    return w;
  };
  double (*value)(bool differ, double fill) = [](bool differ, double fill) { return differ ? fill : 0; };
  bool axes_swapped = false;  ///< height, window_h and shift_h for the other axis
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>&, const Op::Outputs<double>& out) {
  const std::int64_t nW = out.mask.shape[0], N = out.mask.shape[1];
  Axis h{params.height, params.window_h, params.shift_h}, w{params.width, params.window_w, params.shift_w};
  if (mistake.axes_swapped) std::swap(h, w);
  const std::int64_t rows = h.extent / h.window, columns = w.extent / w.window;
  double* mask = out.mask.data;
  for (std::int64_t number = 0; number < nW; ++number) {
    const std::int64_t window = mistake.window(number, rows, columns);
    std::vector<Regions> regions;
    for (std::int64_t i = 0; i < N; ++i)
      regions.push_back({mistake.along_h(h, window / columns * h.window + i / w.window),
                         mistake.along_w(w, window % columns * w.window + i % w.window)});
    for (const Regions& query : regions)
      for (const Regions& key : regions) *mask++ = mistake.value(mistake.apart(query, key), params.fill);
  }
}

Owns<Mistake> both_axes(std::string_view name, std::string_view words, RegionAlong along) {
  return {{std::string(name), std::string(words), {.along_h = along, .along_w = along}}};
}

const Plant<Op> plant(
    run,
    {
        both_axes("border_plus_1", "the last region begins one place too far", moved_border<1>),
        both_axes("border_minus_1", "the last region begins one place too soon", moved_border<-1>),
        both_axes("from_the_start", "the region that came round looked for at the start",
                  [](Axis a, std::int64_t at) { return std::int64_t{at < a.shift ? 1 : 0}; }),
        both_axes("windows_alone", "regions end where windows do",
                  [](Axis a, std::int64_t at) { return std::int64_t{at >= a.extent - a.window ? 1 : 0}; }),
        both_axes("half_a_window", "a shift of half a window, whatever it is",
                  [](Axis a, std::int64_t at) {
                    return std::int64_t{a.shift != 0 && at >= a.extent - a.window / 2 ? 1 : 0};
                  }),
        both_axes("every_window", "the last `shift` places of every window",
                  [](Axis a, std::int64_t at) { return std::int64_t{at % a.window >= a.window - a.shift ? 1 : 0}; }),
        both_axes("the_rest", "window less shift for shift",
                  [](Axis a, std::int64_t at) {
                    return std::int64_t{a.shift != 0 && at >= a.extent - (a.window - a.shift) ? 1 : 0};
                  }),
        wrong("only_h", "regions along h alone", &Mistake::along_w, one_region),
        wrong("only_w", "regions along w alone", &Mistake::along_h, one_region),
        // img_mask[h] += h_region; img_mask[w] += w_region: (0, 1) is taken for (1, 0)
        wrong("regions_added", "a region's numbers along h and w added", &Mistake::apart,
              [](Regions a, Regions b) { return a.h + a.w != b.h + b.w; }),
        wrong("apart_along_both", "apart only if both regions differ", &Mistake::apart,
              [](Regions a, Regions b) { return a.h != b.h && a.w != b.w; }),
        wrong("one_way", "queries of the first region alone masked", &Mistake::apart,
              [](Regions a, Regions b) { return 3 * a.h + a.w < 3 * b.h + b.w; }),
        wrong("columns_of_windows", "windows numbered down columns", &Mistake::window,
              [](auto w, auto rows, auto columns) { return w % rows * columns + w / rows; }),
        wrong("first_window", "the first window's mask for all", &Mistake::window,
              [](auto, auto, auto) { return std::int64_t{0}; }),
        wrong("axes_swapped", "height and width swapped", &Mistake::axes_swapped, true),
        wrong("fill_100", "-100 whatever the fill", &Mistake::value,
              [](bool apart, double) { return apart ? -100.0 : 0.0; }),
        wrong("infinite", "-inf for fill", &Mistake::value, [](bool apart, double) { return apart ? -INFINITY : 0.0; }),
        wrong("inverted", "fill within a region", &Mistake::value,
              [](bool apart, double fill) { return apart ? 0.0 : fill; }),
        wrong("ones", "1 for fill", &Mistake::value, [](bool apart, double) { return apart ? 1.0 : 0.0; }),
        wrong("minus_zero", "fill times 0 within a region", &Mistake::value,
              [](bool apart, double fill) { return apart ? fill : fill * 0.0; }),
        wrong("positive", "the fill without its sign", &Mistake::value,
              [](bool apart, double fill) { return apart ? std::abs(fill) : 0.0; }),
    },
    {
        params<Op>("unshifted", "no shift", [](Op::Params& p) { p.shift_h = p.shift_w = 0; }),
        params<Op>("shift_of_h", "shift_h for both axes",
                   [](Op::Params& p) { p.shift_w = std::min(p.shift_h, p.window_w - 1); }),
        output("half", "the mask in float16", "mask", half),
        zeros_stale(),
        tail_stale(),
        last_image_stale(),
        partly("last_query", "the last query left out",
               [](const Shape& shape, std::int64_t i, double) { return i / shape[2] % shape[1] + 1 < shape[1]; }),
        overrun("mask"),
    });

}  // namespace
}  // namespace assay::bench::planted
