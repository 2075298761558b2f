// distributed_sampler with every mistake a port was seen, or is likely, to make.
#include "reference/sampling/distributed_sampler.h"

#include "bench/planted/planted.h"
#include "bench/planted/shuffles.h"

namespace assay::bench::planted {
namespace {

using Op = DistributedSampler;

/// Sample k of a rank: what decides on its place in the order, or on the index itself.
struct Sample {
  std::int64_t k, samples, rank, world, length;
  const Order& order;
  std::int64_t at(std::int64_t place) const { return order[static_cast<std::size_t>(place)]; }
  std::int64_t place() const { return rank + k * world; }
};

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  std::int64_t (*seed)(const Op::Params&) = [](const Op::Params& p) { return p.seed + p.epoch; };
  Shuffle shuffle = right_order;
  bool (*is_random)(const Op::Params&) = [](const Op::Params& p) { return p.shuffle; };
  std::int64_t (*index)(const Sample&) = [](const Sample& s) { return s.at(s.place() % s.length); };
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>&, const Op::Outputs<double>& out) {
  const std::int64_t samples = out.indices.shape[0];
  const Order order =
      mistake.is_random(params) ? mistake.shuffle(params.length, mistake.seed(params)) : ascending(params.length);
  for (std::int64_t k = 0; k < samples; ++k)
    out.indices.data[k] = mistake.index({k, samples, params.rank, params.world, params.length, order});
}

const Plant<Op> plant(
    run,
    {
        wrong("no_epoch", "the epoch ignored", &Mistake::seed, [](const Op::Params& p) { return p.seed; }),
        wrong("no_seed", "the seed ignored", &Mistake::seed, [](const Op::Params& p) { return p.epoch; }),
        wrong("difference", "the epoch subtracted", &Mistake::seed,
              [](const Op::Params& p) { return static_cast<std::int64_t>(0ULL + p.seed - p.epoch); }),
        wrong("own_seed", "a seed for each rank", &Mistake::seed,
              [](const Op::Params& p) { return static_cast<std::int64_t>(0ULL + p.seed + p.epoch + p.rank); }),
        wrong("always_random", "shuffle always on", &Mistake::is_random, [](const Op::Params&) { return true; }),
        wrong("never_random", "shuffle ignored", &Mistake::is_random, [](const Op::Params&) { return false; }),
        wrong("inverse", "where an index goes for which index comes", &Mistake::shuffle, inverse),
        wrong("from_the_end", "exchanges from the last place on, as numpy does", &Mistake::shuffle, from_the_end),
        wrong("unsigned_seed", "the seed without its sign", &Mistake::shuffle, seed_without_sign),
        wrong("blocks", "a block of the order for each rank", &Mistake::index,
              [](const Sample& s) { return s.at((s.rank * s.samples + s.k) % s.length); }),
        wrong("no_wrap", "the last index again for what is missing", &Mistake::index,
              [](const Sample& s) { return s.at(std::min(s.place(), s.length - 1)); }),
        wrong("pad_zero", "index 0 for what is missing", &Mistake::index,
              [](const Sample& s) { return s.place() < s.length ? s.at(s.place()) : 0; }),
        wrong("pad_tail", "what is missing taken from the tail", &Mistake::index,
              [](const Sample& s) {
                const std::int64_t missing = s.samples * s.world - s.length;
                return s.at(s.place() < s.length ? s.place() : (s.place() - missing + s.length * missing) % s.length);
              }),
        wrong("cut_head", "the head dropped instead of the tail", &Mistake::index,
              [](const Sample& s) {
                const std::int64_t rest = std::max<std::int64_t>(s.length - s.samples * s.world, 0);
                return s.at((s.place() + rest) % s.length);
              }),
        wrong("pad_mirrored", "what is missing taken backwards from the end", &Mistake::index,
              [](const Sample& s) {
                const std::int64_t beyond = s.place() - s.length;
                return beyond < 0 ? s.at(s.place()) : s.at(s.length - 1 - beyond % s.length);
              }),
        wrong("wraps_once", "the order repeated once, then the last index", &Mistake::index,
              [](const Sample& s) { return s.at(s.place() < 2 * s.length ? s.place() % s.length : s.length - 1); }),
        wrong("next_rank", "the share of the next rank", &Mistake::index,
              [](const Sample& s) { return s.at(((s.rank + 1) % s.world + s.k * s.world) % s.length); }),
        wrong("ranks_from_one", "ranks counted from 1", &Mistake::index,
              [](const Sample& s) { return s.at((s.place() + s.length - 1) % s.length); }),
        wrong("step_of_samples", "as far apart as a rank has samples", &Mistake::index,
              [](const Sample& s) { return s.at((s.rank + s.k * s.samples) % s.length); }),
        wrong("pad_own", "a rank's own first index for what is missing", &Mistake::index,
              [](const Sample& s) { return s.at(s.place() < s.length ? s.place() : s.rank % s.length); }),
    },
    {
        output("in_8_bits", "indices kept in 8 bits", "indices", in_8_bits),
        output("in_half", "indices kept in float16", "indices", half),
        int32_outputs(),
        tail_stale(),
        zeros_stale(),
        overrun("indices"),
    });

}  // namespace
}  // namespace assay::bench::planted
