// window_partition with every mistake a port was seen, or is likely, to make.
#include "reference/window_attention/window_partition.h"

#include <algorithm>

#include "bench/planted/planted.h"
#include "bench/planted/windows.h"

namespace assay::bench::planted {
namespace {

using Op = WindowPartition;

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  WindowOf window = right_window;
  PlaceOf place = right_place;
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const Shape& s = in.x.shape;
  const CutMap cut{s[0], s[1], s[2], params.window_h, params.window_w, params.shift_h, params.shift_w};
  const std::int64_t C = s[3];
  double* window = out.windows.data;
  for (std::int64_t w = 0; w < cut.B * cut.each(); ++w)
    for (std::int64_t token = 0; token < cut.Wh * cut.Ww; ++token, window += C) {
      WindowToken t = mistake.window(cut, w);
      t.y = token / cut.Ww, t.x = token % cut.Ww;
      const Place2D place = mistake.place(cut, t);
      std::copy_n(in.x.data + ((t.b * cut.H + place.y) * cut.W + place.x) * C, C, window);
    }
}

const Plant<Op> at_any_dtype(
    run,
    {
        wrong("other_way", "rolled down and to the right", &Mistake::place, rolled_other_way),
        wrong("not_rolled", "not rolled", &Mistake::place, not_rolled),
        wrong("only_h", "only h rolled", &Mistake::place, rolled_in_h),
        wrong("only_w", "only w rolled", &Mistake::place, rolled_in_w),
        wrong("shifts_swapped", "shift_h and shift_w swapped", &Mistake::place, shifts_swapped),
        wrong("one_shift", "both axes rolled by shift_h", &Mistake::place, by_shift_h),
        wrong("shift_plus_1", "one token too far", &Mistake::place, one_further),
        wrong("shift_minus_1", "one token too few", &Mistake::place, one_less),
        wrong("half_a_window", "rolled by half a window, whatever the shift", &Mistake::place, half_a_window),
        wrong("within_window", "each window rolled within itself", &Mistake::place, rolled_within_window),
        wrong("clamped", "the last row and column for what comes round", &Mistake::place, clamped),
        wrong("dilated", "a grid of tokens for a block", &Mistake::place, dilated),
        wrong("token_columns", "tokens of a window down columns", &Mistake::place, token_columns),
        wrong("not_permuted", "the view without the permutation", &Mistake::place, not_permuted),
        wrong("batch_innermost", "the batch varies fastest", &Mistake::window, batch_innermost),
        wrong("columns_of_windows", "windows numbered down columns", &Mistake::window, columns_of_windows),
        wrong("first_image", "the first image for all", &Mistake::window, first_image),
    },
    {
        input_from("channels_first", "channels read as the outermost axis", "x", innermost_axis_first),
        output_from("transposed", "tokens and channels swapped", "windows", last_axes_swapped),
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        zeros_stale(),
        overrun("windows"),
        overread("x"),
        input_changed("x"),
    },
    {.dtypes = {DType::f32, DType::u8}});

const Plant<Op> at_f32(run, {},
                       {
                           output("plus_zero", "0 added: -0 is lost", "windows", plus_zero),
                           output("flushed", "subnormal values flushed to 0", "windows", flushed),
                           output("finite", "infinite values made finite", "windows", finite),
                           rounded_input("x"),
                       },
                       {.dtypes = {DType::f32}, .suffix = "_f32"});

const Plant<Op> at_u8(run, {},
                      {
                          output("signed", "u8 taken for signed bytes: saturates at 127", "windows",
                                 [](double value) { return std::min(value, 127.0); }),
                      },
                      {.dtypes = {DType::u8}, .suffix = "_u8"});

}  // namespace
}  // namespace assay::bench::planted
