// The samplers. An order of torch's is a chain of exchanges, each of which needs the ones before: it runs on one
// thread, over 32-bit entries and with all that can be known beforehand computed in vectors. Everything else is shared.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/random_draws.h"
#include "backends/openmp/row_blocks.h"
#include "reference/sampling/batch_sampler.h"
#include "reference/sampling/distributed_sampler.h"
#include "reference/sampling/random_sampler.h"
#include "reference/sampling/sequential_sampler.h"
#include "reference/sampling/subset_random_sampler.h"
#include "reference/sampling/weighted_random_sampler.h"

namespace assay::openmp {
namespace {

/// write(begin, end) for all of [0, count), in blocks of about as many bytes as thresholds.h says.
template <class Write>
void for_blocks(std::int64_t count, std::int64_t bytes_each, const Write& write) {
  const RowBlocks blocks(count, bytes_each);
  parallel_for(blocks.count(), count * bytes_each,
               [&](std::int64_t block, int) { write(blocks.begin(block), blocks.end(block)); });
}

/// to[k] = first + k·step.
void write_steps(std::int64_t* to, std::int64_t count, std::int64_t first, std::int64_t step) {
  for_blocks(count, sizeof(std::int64_t), [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t k = begin; k < end; ++k) to[k] = first + k * step;
  });
}

void sequential_sampler(const SequentialSampler::Params& params, const SequentialSampler::Inputs<float>&,
                        const SequentialSampler::Outputs<float>& out) {
  write_steps(out.indices.data, params.length, 0, 1);
}

void batch_sampler(const BatchSampler::Params& params, const BatchSampler::Inputs<float>& in,
                   const BatchSampler::Outputs<float>& out) {
  const std::int64_t last = out.offsets.shape[0] - 1, n = in.indices.shape[0];
  write_steps(out.offsets.data, last, 0, params.batch_size);
  out.offsets.data[last] = last > 0 && !params.drop_last ? n : last * params.batch_size;
}

// ---- random orders ----

/// From this length on torch draws 64 bits for a place. 32-bit entries hold all that are shorter.
constexpr std::int64_t first_wide_length = std::numeric_limits<std::uint32_t>::max() / 20;

/// Room for the order of `length` entries, of one of the two kinds.
struct Order {
  std::int64_t length;
  std::unique_ptr<std::uint32_t[]> narrow;
  std::unique_ptr<std::int64_t[]> wide;

  explicit Order(std::int64_t entries) : length(entries) {
    const auto count = static_cast<std::size_t>(length);
    if (length < first_wide_length) {  // unreached: more take 1.7 GB
      narrow = std::make_unique_for_overwrite<std::uint32_t[]>(count);
    } else {
      wide = std::make_unique_for_overwrite<std::int64_t[]>(count);  // unreached: 214,748,364 entries take 1.7 GB
    }
  }

  /// Calls use(entries), of whichever kind they are.
  template <class Use>
  void with(const Use& use) const {
    if (narrow != nullptr) return use(narrow.get());  // unreached: the same
    use(wide.get());                                  // unreached: 214,748,364 entries take 1.7 GB
  }
};

template <class Entry>
void count_up(Entry* entries, std::int64_t length) {
#pragma omp simd
  for (std::int64_t i = 0; i < length; ++i) entries[i] = static_cast<Entry>(i);
}

void shuffle_wide(std::int64_t* entries, std::int64_t length, MersenneTwister& random) {  // unreached: 1.7 GB
  constexpr std::int64_t half = MersenneTwister::block / 2;                               // unreached: the same
  const std::uint32_t* draws = nullptr;                                                   // unreached: the same
  for (std::int64_t i = 0; i < length; ++i) {                                             // unreached: the same
    if (i % half == 0) draws = random.draw_block();                                       // unreached: the same
    const std::uint64_t upper = draws[i % half * 2];                                      // unreached: the same
    const std::uint64_t draw = upper << 32 | draws[i % half * 2 + 1];                     // unreached: the same
    std::swap(entries[i], entries[draw % static_cast<std::uint64_t>(i + 1)]);             // unreached: the same
  }
}

/// Makes the order of torch.randperm. Calls ready(begin, end) as soon as these places keep what they hold.
template <class Ready>
void shuffle(Order& order, std::int64_t seed, const Ready& ready) {
  MersenneTwister random(static_cast<std::uint32_t>(seed));
  const std::int64_t length = order.length;
  order.with([&](auto* entries) { count_up(entries, length); });
  if (order.wide != nullptr) {                       // unreached: 214,748,364 entries take 1.7 GB
    shuffle_wide(order.wide.get(), length, random);  // unreached: the same
    return ready(std::int64_t{0}, length);           // unreached: the same
  }
  std::int32_t partner[MersenneTwister::block];
  for (std::int64_t begin = 0; begin < length; begin += MersenneTwister::block) {
    const std::int64_t count = std::min(length - begin, MersenneTwister::block);
    remainders(random.draw_block(), length - begin, count, partner);
    std::uint32_t* rest = order.narrow.get() + begin;
    for (std::int64_t k = 0; k < count; ++k) std::swap(rest[k], rest[k + partner[k]]);
    ready(begin, begin + count);
  }
}

/// to[k] = at(order[first + k·step]).
template <class At>
void gather(const Order& order, std::int64_t first, std::int64_t step, std::int64_t count, std::int64_t* to,
            const At& at) {
  constexpr std::int64_t bytes_each = 2 * sizeof(std::int64_t);
  order.with([&](const auto* entries) {
    for_blocks(count, bytes_each, [&](std::int64_t begin, std::int64_t end) {  // unreached: wide entries
      for (std::int64_t k = begin; k < end; ++k)                               // unreached: the same
        to[k] = at(static_cast<std::int64_t>(entries[first + k * step]));
    });
  });
}

Order prepare_random(const RandomSampler::Params& params, const RandomSampler::Inputs<float>&) {
  return Order(params.length);
}

void random_sampler(Order& order, const RandomSampler::Params& params, const RandomSampler::Inputs<float>&,
                    const RandomSampler::Outputs<float>& out) {
  std::int64_t* to = out.indices.data;
  shuffle(order, params.seed, [&](std::int64_t begin, std::int64_t end) {
    order.with([=](const auto* entries) {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<std::int64_t>(entries[i]);
    });
  });
}

constexpr auto nothing = [](std::int64_t, std::int64_t) {};

Order prepare_subset(const SubsetRandomSampler::Params&, const SubsetRandomSampler::Inputs<float>& in) {
  return Order(in.subset.shape[0]);
}

void subset_random_sampler(Order& order, const SubsetRandomSampler::Params& params,
                           const SubsetRandomSampler::Inputs<float>& in,
                           const SubsetRandomSampler::Outputs<float>& out) {
  shuffle(order, params.seed, nothing);
  gather(order, 0, 1, order.length, out.indices.data, [subset = in.subset.data](std::int64_t i) { return subset[i]; });
}

Order prepare_distributed(const DistributedSampler::Params& params, const DistributedSampler::Inputs<float>&) {
  return Order(params.shuffle ? params.length : 0);
}

void distributed_sampler(Order& order, const DistributedSampler::Params& params,
                         const DistributedSampler::Inputs<float>&, const DistributedSampler::Outputs<float>& out) {
  const std::int64_t samples = out.indices.shape[0];
  if (samples == 0) return;
  // of one rank's samples the last alone can lie beyond the end, where the order begins anew
  const std::int64_t whole = samples - 1, last = (params.rank + whole * params.world) % params.length;
  if (params.shuffle) {
    shuffle(order, params.seed + params.epoch, nothing);
    const auto itself = [](std::int64_t i) { return i; };
    gather(order, params.rank, params.world, whole, out.indices.data, itself);
    gather(order, last, 1, 1, out.indices.data + whole, itself);
  } else {
    write_steps(out.indices.data, whole, params.rank, params.world);
    out.indices.data[whole] = last;
  }
}

// ---- draws with weights ----

/// How long an index waits until it is drawn.
struct Waiting {
  double time;
  std::int64_t index;
  bool operator<(const Waiting& other) const { return time < other.time; }
};

/// Room for draws with replacement (sums and starts), or without (the rest).
struct WeightedRoom {
  std::vector<double> sums;          ///< [n]: of the weights up to each index
  std::vector<double> block_sums;    ///< of the blocks before each block
  std::vector<std::int64_t> starts;  ///< where the search for the draws in each of equal parts of the whole begins

  std::vector<double> times;
  std::vector<std::int64_t> ends;  ///< of the buckets
  std::vector<Waiting> waiting;    ///< bucket by bucket
};

/// A bucket holds this many of the times on average. 100,003 draws from 118,287 weights take 7.4 ms with 2 and 8.7 ms
/// with 8, which leave more to sort.
constexpr std::int64_t times_of_a_bucket = 2;

WeightedRoom prepare_weighted(const WeightedRandomSampler::Params& params,
                              const WeightedRandomSampler::Inputs<float>& in) {
  const std::int64_t n = in.weights.shape[0];
  WeightedRoom room;
  const auto make = [](auto& vector, std::int64_t count) { vector.resize(static_cast<std::size_t>(count)); };
  if (params.replacement) {
    make(room.sums, n);
    make(room.block_sums, RowBlocks(n, sizeof(double)).count());
    make(room.starts,
         static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(std::min(n, params.num_samples)))) + 1);
  } else {
    make(room.times, n);
    make(room.ends, n / times_of_a_bucket + 1);
    make(room.waiting, n);
  }
  return room;
}

/// sums[i] = weights[0] + … + weights[i], in blocks. They never fall, also from block to block: each is what its block
/// adds to the sum of all before.
void sum_up(WeightedRoom& room, const double* weights) {
  const auto n = static_cast<std::int64_t>(room.sums.size());
  double* sums = room.sums.data();
  const RowBlocks blocks(n, sizeof(double));
  const std::int64_t bytes = 2 * n * static_cast<std::int64_t>(sizeof(double));
  parallel_for(blocks.count(), bytes, [&](std::int64_t block, int) {
    double sum = 0;
    for (std::int64_t i = blocks.begin(block); i < blocks.end(block); ++i) sums[i] = sum += weights[i];
  });
  double before = 0;
  for (std::int64_t block = 0; block < blocks.count(); ++block) {
    room.block_sums[static_cast<std::size_t>(block)] = before;
    before += sums[blocks.end(block) - 1];
  }
  parallel_for(blocks.count(), bytes, [&](std::int64_t block, int) {
    const double sum = room.block_sums[static_cast<std::size_t>(block)];
#pragma omp simd
    for (std::int64_t i = blocks.begin(block); i < blocks.end(block); ++i) sums[i] += sum;
  });
}

constexpr std::int64_t draws_at_once = 64;

/// Finds the first index whose sum is beyond a share of the whole, for a few draws at a time: each of the three steps
/// loads what the next one needs, so that the draws wait for memory together.
void search(const WeightedRoom& room, const CounterDraws& random, std::int64_t first, std::int64_t count,
            std::int64_t* indices) {
  constexpr std::int64_t few = 8;  // sums in a cache line
  const double *sums = room.sums.data(), total = room.sums.back();
  const std::int64_t* starts = room.starts.data();
  const auto parts = static_cast<double>(room.starts.size() - 1);
  double reached[draws_at_once];
  std::int64_t from[draws_at_once], to[draws_at_once];
  for (std::int64_t k = 0; k < count; ++k) {
    const double share = random[first + k];
    reached[k] = total * share;
    from[k] = static_cast<std::int64_t>(share * parts);
    __builtin_prefetch(starts + from[k]);
  }
  for (std::int64_t k = 0; k < count; ++k) {
    to[k] = starts[from[k] + 1];
    from[k] = starts[from[k]];
    __builtin_prefetch(sums + from[k]);
  }
  for (std::int64_t k = 0; k < count; ++k) {
    std::int64_t i = from[k];
    if (to[k] - i > few) {
      i = std::upper_bound(sums + i, sums + to[k], reached[k]) - sums;
    } else {
      while (i < to[k] && sums[i] <= reached[k]) ++i;
    }
    indices[first + k] = i;
  }
}

/// Draws by their shares of the sum of all weights. The whole is cut into equal parts, a power of two so that a share's
/// part is exact; the search for it begins where the sums reach the part and ends where they reach the next.
void draw_with_replacement(WeightedRoom& room, const CounterDraws& random, const double* weights, std::int64_t draws,
                           std::int64_t* indices) {
  sum_up(room, weights);
  const auto n = static_cast<std::int64_t>(room.sums.size()), parts = static_cast<std::int64_t>(room.starts.size()) - 1;
  const double *sums = room.sums.data(), *end = sums + n;
  const double total = end[-1], part = 1 / static_cast<double>(parts);
  std::int64_t* starts = room.starts.data();
  starts[parts] = std::lower_bound(sums, end, total) - sums;  // the last index with a weight above 0
  for_blocks(parts, sizeof(double), [&](std::int64_t begin, std::int64_t stop) {
    const auto reached = [&](std::int64_t p) { return total * (static_cast<double>(p) * part); };
    std::int64_t i = std::upper_bound(sums, end, reached(begin)) - sums;
    for (std::int64_t p = begin; p < stop; ++p) {
      while (sums[i] <= reached(p)) ++i;
      starts[p] = i;
    }
  });
  for_blocks(draws, sizeof(double), [&](std::int64_t begin, std::int64_t stop) {
    for (std::int64_t k = begin; k < stop; k += draws_at_once)
      search(room, random, k, std::min(stop - k, draws_at_once), indices);
  });
}

constexpr double never = std::numeric_limits<double>::infinity();

/// The time after which an index comes, on a scale that grows like its logarithm; infinite for weights of 0. The bits
/// of a positive float64 as an integer are such a scale, and cost less than a logarithm. Where quotients may leave
/// float64, logarithms are taken.
void write_times(const CounterDraws& random, const double* weights, std::int64_t n, double* times) {
  double least = never, most = 0;
#pragma omp simd reduction(min : least) reduction(max : most)
  for (std::int64_t i = 0; i < n; ++i) {
    least = weights[i] > 0 && weights[i] < least ? weights[i] : least;
    most = weights[i] > most ? weights[i] : most;
  }
  const bool fits = least > 0x1p-900 && most < 0x1p900;
  for_blocks(n, sizeof(double), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      constexpr double soonest = 0x1p-54;  // for a share of 0: the others' times are 2⁻⁵³ and more
      const double time = std::max(-std::log(1 - random[i]), soonest), weight = weights[i];
      if (!(weight > 0)) {
        times[i] = never;
      } else if (fits) {
        times[i] = static_cast<double>(std::bit_cast<std::int64_t>(time / weight));
      } else {
        times[i] = std::log(time) - std::log(weight);
      }
    }
  });
}

/// Each index comes after an exponential time of its own, the sooner the larger its weight (Efraimidis and Spirakis
/// 2006). The times are put into buckets in their order, and each bucket of which something is drawn is sorted.
void draw_without_replacement(WeightedRoom& room, const CounterDraws& random, const double* weights, std::int64_t draws,
                              std::int64_t* indices) {
  const auto n = static_cast<std::int64_t>(room.times.size()), buckets = static_cast<std::int64_t>(room.ends.size());
  double* times = room.times.data();
  write_times(random, weights, n, times);
  double first = never, last = -never;
#pragma omp simd reduction(min : first) reduction(max : last)
  for (std::int64_t i = 0; i < n; ++i) {
    first = times[i] < first ? times[i] : first;
    last = times[i] < never && times[i] > last ? times[i] : last;
  }
  const double scale = last > first ? static_cast<double>(buckets - 1) / (last - first) : 0;
  const auto bucket_of = [&](double time) { return static_cast<std::int64_t>((time - first) * scale); };
  std::fill(room.ends.begin(), room.ends.end(), 0);
  std::int64_t* ends = room.ends.data();
  for (std::int64_t i = 0; i < n; ++i)
    if (times[i] < never) ++ends[bucket_of(times[i])];
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < buckets; ++b) before += std::exchange(ends[b], before);
  for (std::int64_t i = 0; i < n; ++i)
    if (times[i] < never) room.waiting[static_cast<std::size_t>(ends[bucket_of(times[i])]++)] = {times[i], i};
  // each bucket now ends where the next begins
  Waiting* waiting = room.waiting.data();
  for_blocks(buckets, times_of_a_bucket * static_cast<std::int64_t>(sizeof(Waiting)),
             [&](std::int64_t begin, std::int64_t end) {
               for (std::int64_t b = begin; b < end; ++b) {
                 const std::int64_t from = b > 0 ? ends[b - 1] : 0;
                 if (from >= draws) return;
                 std::sort(waiting + from, waiting + ends[b]);
                 for (std::int64_t k = from; k < std::min(ends[b], draws); ++k) indices[k] = waiting[k].index;
               }
             });
}

void weighted_random_sampler(WeightedRoom& room, const WeightedRandomSampler::Params& params,
                             const WeightedRandomSampler::Inputs<float>& in,
                             const WeightedRandomSampler::Outputs<float>& out) {
  const auto draw = params.replacement ? draw_with_replacement : draw_without_replacement;
  draw(room, CounterDraws(params.seed), in.weights.data, params.num_samples, out.indices.data);
}

const Kernels kernels([](KernelTable& table) {
  table.add<SequentialSampler, float>(sequential_sampler);
  table.add<RandomSampler, float>(prepare_random, random_sampler);
  table.add<SubsetRandomSampler, float>(prepare_subset, subset_random_sampler);
  table.add<WeightedRandomSampler, float>(prepare_weighted, weighted_random_sampler);
  table.add<BatchSampler, float>(batch_sampler);
  table.add<DistributedSampler, float>(prepare_distributed, distributed_sampler);
});

}  // namespace

}  // namespace assay::openmp
