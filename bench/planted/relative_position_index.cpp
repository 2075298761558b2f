// relative_position_index with every mistake a port was seen, or is likely, to make.
#include "reference/window_attention/relative_position_index.h"

#include "bench/planted/planted.h"
#include "bench/planted/relative_position.h"

namespace assay::bench::planted {
namespace {

using Op = RelativePositionIndex;

/// The replaceable part of the kernel; the default is right.
struct Mistake {
  Entry entry = right_entry;
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>&, const Op::Outputs<double>& out) {
  const std::int64_t Wh = params.window_h, Ww = params.window_w, N = Wh * Ww;
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < N; ++j) out.index.data[i * N + j] = mistake.entry({i, j, Wh, Ww});
}

const Plant<Op> plant(
    run,
    {
        wrong("transposed", "i and j swapped", &Mistake::entry, swapped_tokens),
        wrong("width_major", "width before height", &Mistake::entry, width_major),
        wrong("stride_2Wh", "stride 2Wh - 1", &Mistake::entry, stride_2Wh),
        wrong("stride_2Ww", "stride 2Ww", &Mistake::entry,
              [](Tokens t) { return Tokens::entry(t.down() + t.Wh - 1, t.across() + t.Ww - 1, 2 * t.Ww); }),
        wrong("stride_Ww", "stride Ww", &Mistake::entry,
              [](Tokens t) { return Tokens::entry(t.down() + t.Wh - 1, t.across() + t.Ww - 1, t.Ww); }),
        wrong("no_offset", "distances not shifted to start at 0", &Mistake::entry, no_offset),
        wrong("offsets_swapped", "Ww - 1 added to h, Wh - 1 to w", &Mistake::entry,
              [](Tokens t) { return Tokens::entry(t.down() + t.Ww - 1, t.across() + t.Wh - 1, 2 * t.Ww - 1); }),
        wrong("offset_h", "only h shifted", &Mistake::entry,
              [](Tokens t) { return Tokens::entry(t.down() + t.Wh - 1, t.across(), 2 * t.Ww - 1); }),
        wrong("offset_w", "only w shifted", &Mistake::entry,
              [](Tokens t) { return Tokens::entry(t.down(), t.across() + t.Ww - 1, 2 * t.Ww - 1); }),
        wrong("columns_first", "tokens numbered down columns", &Mistake::entry, columns_first),
        wrong("absolute", "distances without their sign", &Mistake::entry, absolute),
        wrong("one_more", "entries counted from 1", &Mistake::entry, one_more),
        wrong("from_the_end", "entries counted from the end", &Mistake::entry,
              [](Tokens t) { return (2 * t.Wh - 1) * (2 * t.Ww - 1) - right_entry(t); }),
    },
    {
        output("in_8_bits", "entries kept in 8 bits", "index", in_8_bits),
        output("in_half", "entries kept in float16", "index", half),
        output("in_bfloat16", "entries kept in bfloat16", "index", bfloat16),
        int32_outputs(),
        partly("one_query", "only the first query's row written",
               [](const Shape& shape, std::int64_t i, double) { return i < shape[1]; }),
    });

}  // namespace
}  // namespace assay::bench::planted
