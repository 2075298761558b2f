// subset_random_sampler with every mistake a port was seen, or is likely, to make.
#include "reference/sampling/subset_random_sampler.h"

#include "bench/planted/planted.h"
#include "bench/planted/shuffles.h"

namespace assay::bench::planted {
namespace {

using Op = SubsetRandomSampler;

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Shuffle shuffle = right_order;
  /// What comes at place i, where `entry` is the order's.
  std::int64_t (*taken)(const Order& subset, std::int64_t i, std::int64_t entry) =
      [](const Order& subset, std::int64_t, std::int64_t entry) { return subset[static_cast<std::size_t>(entry)]; };
};

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const Order subset(in.subset.data, in.subset.data + in.subset.shape[0]);
  std::int64_t i = 0;
  for (const std::int64_t entry : mistake.shuffle(in.subset.shape[0], params.seed)) {
    out.indices.data[i] = mistake.taken(subset, i, entry);
    ++i;
  }
}

const Plant<Op> plant(run,
                      {
                          wrong("places", "places in the subset for its indices", &Mistake::taken,
                                [](const Order&, auto, auto entry) { return entry; }),
                          wrong("not_shuffled", "the subset in its own order", &Mistake::taken,
                                [](const Order& subset, auto i, auto) { return subset[static_cast<std::size_t>(i)]; }),
                          wrong("from_first", "the subset taken for a range from its first index on", &Mistake::taken,
                                [](const Order& subset, auto, auto entry) { return subset[0] + entry; }),
                          wrong("sorted", "the subset sorted before", &Mistake::taken,
                                [](const Order& subset, auto, auto entry) {
                                  Order sorted = subset;
                                  const auto wanted = sorted.begin() + entry;
                                  std::nth_element(sorted.begin(), wanted, sorted.end());
                                  return *wanted;
                                }),
                          wrong("inverse", "where an index goes for which index comes", &Mistake::shuffle, inverse),
                          wrong("any_partner", "each place exchanged with any", &Mistake::shuffle, any_partner),
                          wrong("from_the_end", "exchanges from the last place on, as numpy does", &Mistake::shuffle,
                                from_the_end),
                          wrong("with_64_bits", "the generator of 64-bit draws", &Mistake::shuffle, with_64_bits),
                          wrong("no_seed", "one order for all seeds", &Mistake::shuffle, one_seed_for_all),
                          wrong("seed_and_one", "the next seed", &Mistake::shuffle, seed_and_one),
                          wrong("unsigned_seed", "the seed without its sign", &Mistake::shuffle, seed_without_sign),
                      },
                      {
                          input("in_8_bits", "indices kept in 8 bits", "subset", in_8_bits),
                          input("in_half", "indices kept in float16", "subset", half),
                          input("not_negative", "negative indices taken as 0", "subset",
                                [](double index) { return std::max(index, 0.0); }),
                          int32_input("subset"),
                          int32_outputs(),
                          tail_stale(),
                          overrun("indices"),
                          overread("subset"),
                      });

}  // namespace
}  // namespace assay::bench::planted
