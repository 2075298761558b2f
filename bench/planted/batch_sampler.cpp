// batch_sampler with every mistake a port was seen, or is likely, to make.
#include "reference/sampling/batch_sampler.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = BatchSampler;

/// Offset b of n indices in batches of `size`; `last` is the number of batches.
struct Place {
  std::int64_t b, n, size, last;
  bool drop_last;
};

std::int64_t right_offset(Place p) { return std::min(p.b * p.size, p.n); }

/// The replaceable part of the kernel; the default is right.
struct Mistake {
  std::int64_t (*offset)(Place) = right_offset;
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t last = out.offsets.shape[0] - 1;
  for (std::int64_t b = 0; b <= last; ++b)
    out.offsets.data[b] = mistake.offset({b, in.indices.shape[0], params.batch_size, last, params.drop_last});
}

const Plant<Op> plant(
    run,
    {
        wrong("not_clamped", "the last batch as long as the others", &Mistake::offset,
              [](Place p) { return p.b * p.size; }),
        wrong("not_dropped", "the rest added to the last batch", &Mistake::offset,
              [](Place p) { return p.b == p.last && p.last > 0 ? p.n : right_offset(p); }),
        wrong("equal", "batches of equal length", &Mistake::offset,
              [](Place p) { return p.last == 0 ? 0 : p.n * p.b / p.last; }),
        wrong("rest_first", "the batch of fewer first", &Mistake::offset,
              [](Place p) {
                const std::int64_t rest = p.n % p.size;
                return p.b == 0 || rest == 0 || p.drop_last ? right_offset(p) : rest + (p.b - 1) * p.size;
              }),
        wrong("sizes", "lengths for offsets", &Mistake::offset,
              [](Place p) { return std::min(p.size, p.n - std::min(p.b * p.size, p.n)); }),
        wrong("ends", "where batches end, the beginning left out", &Mistake::offset,
              [](Place p) { return std::min((p.b == p.last ? p.b : p.b + 1) * p.size, p.n); }),
        wrong("last_element", "the last index of a batch for the first of the next", &Mistake::offset,
              [](Place p) { return p.b == 0 ? 0 : right_offset(p) - 1; }),
        wrong("from_one", "offsets counted from 1", &Mistake::offset, [](Place p) { return right_offset(p) + 1; }),
        wrong("numbers", "numbers of batches for offsets", &Mistake::offset, [](Place p) { return p.b; }),
        wrong("dropped", "drop_last always on: the rest lost", &Mistake::offset,
              [](Place p) { return std::min(p.b * p.size, p.n / p.size * p.size); }),
    },
    {
        output("in_8_bits", "offsets kept in 8 bits", "offsets", in_8_bits),
        output("in_half", "offsets kept in float16", "offsets", half),
        output("in_bfloat16", "offsets kept in bfloat16", "offsets", bfloat16),
        int32_outputs(),
        zeros_stale(),
        tail_stale(),
        overrun("offsets"),
        overread("indices"),
    });

}  // namespace
}  // namespace assay::bench::planted
