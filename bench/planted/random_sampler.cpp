// random_sampler with every mistake a port was seen, or is likely, to make.
#include "reference/sampling/random_sampler.h"

#include "bench/planted/planted.h"
#include "bench/planted/shuffles.h"

namespace assay::bench::planted {
namespace {

using Op = RandomSampler;

/// The replaceable part of the kernel; the default is right.
struct Mistake {
  Shuffle shuffle = right_order;
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>&, const Op::Outputs<double>& out) {
  const Order order = mistake.shuffle(params.length, params.seed);
  std::copy(order.begin(), order.end(), out.indices.data);
}

const Plant<Op> plant(
    run,
    {
        wrong("any_partner", "each place exchanged with any", &Mistake::shuffle, any_partner),
        wrong("one_cycle", "no place exchanged with itself", &Mistake::shuffle, one_cycle),
        wrong("inside_out", "each place exchanged with one before it", &Mistake::shuffle, inside_out),
        wrong("by_product", "a product's upper bits for the rest of a division", &Mistake::shuffle, by_product),
        wrong("with_64_bits", "the generator of 64-bit draws", &Mistake::shuffle, with_64_bits),
        wrong("congruences", "a linear congruential generator", &Mistake::shuffle, by_linear_congruences),
        wrong("from_the_end", "exchanges from the last place on, as numpy does", &Mistake::shuffle, from_the_end),
        wrong("library", "the shuffle of the standard library", &Mistake::shuffle, of_the_library),
        wrong("one_draw_later", "the first draw lost", &Mistake::shuffle, one_draw_later),
        wrong("inverse", "where an index goes for which index comes", &Mistake::shuffle, inverse),
        wrong("not_shuffled", "in ascending order", &Mistake::shuffle, [](auto n, auto) { return ascending(n); }),
        wrong("no_seed", "one order for all seeds", &Mistake::shuffle, one_seed_for_all),
        wrong("seed_and_one", "the next seed", &Mistake::shuffle, seed_and_one),
        wrong("unsigned_seed", "the seed without its sign", &Mistake::shuffle, seed_without_sign),
        wrong("folded_seed", "both halves of the seed folded together", &Mistake::shuffle, seed_of_64_bits),
        wrong("replacement", "drawn with replacement", &Mistake::shuffle,
              [](auto n, auto seed) {
                Order order = ascending(n);
                std::mt19937 random = generator_of(seed);
                for (std::int64_t& index : order) index = static_cast<std::int64_t>(random() % order.size());
                return order;
              }),
        wrong("first_state", "exchanges for the first 624 draws alone", &Mistake::shuffle,
              [](auto n, auto seed) {
                const auto last = std::min<std::int64_t>(n - 1, 624);
                return exchanged(n, last, generator_of(seed), [n](auto draw, auto i) { return i + draw % (n - i); });
              }),
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
