// relative_position_bias with every mistake a port was seen, or is likely, to make.
#include "reference/window_attention/relative_position_bias.h"

#include "bench/planted/planted.h"
#include "bench/planted/relative_position.h"

namespace assay::bench::planted {
namespace {

using Op = RelativePositionBias;

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Entry entry = right_entry;
  std::int64_t (*head)(std::int64_t head, std::int64_t heads) = [](std::int64_t own, std::int64_t) { return own; };
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t Wh = params.window_h, Ww = params.window_w, N = Wh * Ww;
  const std::int64_t entries = in.table.shape[0], heads = in.table.shape[1];
  double* bias = out.bias.data;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j) {
        // wrapped round, so that a wrong entry is still one of the table
        const std::int64_t entry = (mistake.entry({i, j, Wh, Ww}) % entries + entries) % entries;
        *bias++ = in.table.data[entry * heads + mistake.head(head, heads)];
      }
}

const Plant<Op> plant(run,
                      {
                          wrong("transposed", "i and j swapped", &Mistake::entry, swapped_tokens),
                          wrong("width_major", "width before height", &Mistake::entry, width_major),
                          wrong("stride_2Wh", "stride 2Wh - 1", &Mistake::entry, stride_2Wh),
                          wrong("no_offset", "distances not shifted to start at 0", &Mistake::entry, no_offset),
                          wrong("columns_first", "tokens numbered down columns", &Mistake::entry, columns_first),
                          wrong("absolute", "distances without their sign", &Mistake::entry, absolute),
                          wrong("one_more", "the entry after the right one", &Mistake::entry, one_more),
                          wrong("first_head", "the first head's bias for all", &Mistake::head,
                                [](auto, auto) { return std::int64_t{0}; }),
                          wrong("heads_reversed", "heads in reverse", &Mistake::head,
                                [](auto head, auto heads) { return heads - 1 - head; }),
                      },
                      {
                          input_from("head_major", "table read head-major", "table", first_axis_innermost),
                          output_from("head_innermost", "result written as N N heads", "bias", innermost_axis_first),
                          partly("last_query", "the last query left out",
                                 [](const Shape& shape, std::int64_t i, double) {
                                   return i / shape[2] % shape[1] + 1 < shape[1];
                                 }),
                          output("plus_zero", "0 added: -0 is lost", "bias", plus_zero),
                          output("flushed", "subnormal values flushed to 0", "bias", flushed),
                          output("sigmoid", "16*sigmoid, as Swin V2 does before it adds the bias", "bias",
                                 [](double value) { return 16 / (1 + std::exp(-value)); }),
                          rounded_output("bias"),
                          overrun("bias"),
                          overread("table"),
                      });

}  // namespace
}  // namespace assay::bench::planted
