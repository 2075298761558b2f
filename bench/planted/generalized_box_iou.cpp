// generalized_box_iou with every mistake a port was seen, or is likely, to make.
#include "reference/set_prediction/generalized_box_iou.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = GeneralizedBoxIou;

/// Two extents of a pair of boxes along one axis.
struct Sides {
  double a0, a1, b0, b1;
};

/// The areas of one pair.
struct Areas {
  double a, b, overlap, united, hull;
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  double (*length)(double low, double high) = [](double low, double high) { return high - low; };
  double (*shared)(Sides) = [](Sides s) { return std::max(std::min(s.a1, s.b1) - std::max(s.a0, s.b0), 0.0); };
  double (*spanned)(Sides) = [](Sides s) { return std::max(s.a1, s.b1) - std::min(s.a0, s.b0); };
  double (*united)(Areas) = [](Areas s) { return s.a + s.b - s.overlap; };
  double (*giou)(Areas) = [](Areas s) { return s.overlap / s.united - (s.hull - s.united) / s.hull; };
  bool as_centre_and_size = false;
};

double area(const Mistake& mistake, const double* box) {
  return mistake.length(box[0], box[2]) * mistake.length(box[1], box[3]);
}

Sides sides(const Mistake& mistake, const double* a, const double* b, int axis) {
  if (!mistake.as_centre_and_size) return {a[axis], a[axis + 2], b[axis], b[axis + 2]};
  return {a[axis] - a[axis + 2] / 2, a[axis] + a[axis + 2] / 2, b[axis] - b[axis + 2] / 2, b[axis] + b[axis + 2] / 2};
}

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const std::int64_t N = in.a.shape[0], M = in.b.shape[0];
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < M; ++j) {
      const double *a = in.a.data + 4 * i, *b = in.b.data + 4 * j;
      const Sides x = sides(mistake, a, b, 0), y = sides(mistake, a, b, 1);
      Areas s{area(mistake, a), area(mistake, b), mistake.shared(x) * mistake.shared(y), 0,
              mistake.spanned(x) * mistake.spanned(y)};
      s.united = mistake.united(s);
      out.giou.data[i * M + j] = mistake.giou(s);
    }
}

const Plant<Op> plant(
    run,
    {
        wrong("plus_one", "extents counted in pixels: 1 added", &Mistake::length,
              [](double low, double high) { return high - low + 1; }),
        wrong("no_clamp", "boxes apart overlap by a product of negatives", &Mistake::shared,
              [](Sides s) { return std::min(s.a1, s.b1) - std::max(s.a0, s.b0); }),
        wrong("hull_of_first", "the hull of box a alone", &Mistake::spanned, [](Sides s) { return s.a1 - s.a0; }),
        wrong("overlap_twice", "the overlap counted twice in the union", &Mistake::united,
              [](Areas s) { return s.a + s.b; }),
        wrong("iou", "IoU alone", &Mistake::giou, [](Areas s) { return s.overlap / s.united; }),
        wrong("sign", "the hull's share added", &Mistake::giou,
              [](Areas s) { return s.overlap / s.united + (s.hull - s.united) / s.hull; }),
        wrong("over_union", "the hull's rest over the union", &Mistake::giou,
              [](Areas s) { return s.overlap / s.united - (s.hull - s.united) / s.united; }),
        wrong("hull_less_overlap", "the hull less the overlap, not the union", &Mistake::giou,
              [](Areas s) { return s.overlap / s.united - (s.hull - s.overlap) / s.hull; }),
        wrong("eps", "1e-7 in both denominators: no NaN", &Mistake::giou,
              [](Areas s) { return s.overlap / (s.united + 1e-7) - (s.hull - s.united) / (s.hull + 1e-7); }),
        wrong("nan_to_zero", "0 where the union is 0", &Mistake::giou,
              [](Areas s) { return s.united == 0 ? 0.0 : s.overlap / s.united - (s.hull - s.united) / s.hull; }),
        wrong("cost", "the cost -GIoU", &Mistake::giou,
              [](Areas s) { return (s.hull - s.united) / s.hull - s.overlap / s.united; }),
        wrong("centre_and_size", "corners taken for centre and size", &Mistake::as_centre_and_size, true),
    },
    {
        output_from("transposed", "written as M N", "giou", first_axis_innermost),
        input_from("first_box", "the first box of b for all", "b", first_slice),
        rounded_input("a"),
        rounded_output("giou"),
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        overrun("giou"),
        overread("b"),
    });

}  // namespace
}  // namespace assay::bench::planted
