// sequential_sampler with every mistake a port was seen, or is likely, to make.
#include "reference/sampling/sequential_sampler.h"

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = SequentialSampler;

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  std::int64_t (*index)(std::int64_t i, std::int64_t length) = [](std::int64_t i, std::int64_t) { return i; };
  std::int64_t (*written)(std::int64_t length) = [](std::int64_t length) { return length; };
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>&, const Op::Outputs<double>& out) {
  for (std::int64_t i = 0; i < mistake.written(params.length); ++i)
    out.indices.data[i] = mistake.index(i, params.length);
}

const Plant<Op> plant(
    run,
    {
        wrong("from_one", "indices counted from 1", &Mistake::index, [](auto i, auto) { return i + 1; }),
        wrong("reversed", "in descending order", &Mistake::index, [](auto i, auto length) { return length - 1 - i; }),
        wrong("step_2", "every other index", &Mistake::index, [](auto i, auto) { return 2 * i; }),
        wrong("wraps_early", "the last index is the first again", &Mistake::index,
              [](auto i, auto length) { return i % std::max<std::int64_t>(length - 1, 1); }),
        wrong("signed_16_bits", "indices kept in 16 bits with a sign", &Mistake::index,
              [](auto i, auto) { return std::int64_t{static_cast<std::int16_t>(i)}; }),
        wrong("16_bits", "indices kept in 16 bits", &Mistake::index,
              [](auto i, auto) { return std::int64_t{static_cast<std::uint16_t>(i)}; }),
        wrong("one_less", "the length off by one", &Mistake::written, [](auto length) { return length - 1; }),
    },
    {
        output("in_8_bits", "indices kept in 8 bits", "indices", in_8_bits),
        output("in_half", "indices kept in float16", "indices", half),
        output("in_bfloat16", "indices kept in bfloat16", "indices", bfloat16),
        int32_outputs(),
        tail_stale(),
        zeros_stale(),
        overrun("indices"),
    });

}  // namespace
}  // namespace assay::bench::planted
