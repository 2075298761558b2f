// The samplers, index by index. Start with shuffle(): what torch.randperm draws, and what it exchanges.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "reference/sampling/batch_sampler.h"
#include "reference/sampling/distributed_sampler.h"
#include "reference/sampling/random_sampler.h"
#include "reference/sampling/sequential_sampler.h"
#include "reference/sampling/subset_random_sampler.h"
#include "reference/sampling/weighted_random_sampler.h"

namespace assay::scalar {
namespace {

void sequential_sampler(const SequentialSampler::Params& params, const SequentialSampler::Inputs<float>&,
                        const SequentialSampler::Outputs<float>& out) {
  for (std::int64_t i = 0; i < params.length; ++i) out.indices.data[i] = i;
}

// ---- random orders ----

/// From this length on torch draws 64 bits for a place.
constexpr std::int64_t first_wide_length = std::numeric_limits<std::uint32_t>::max() / 20;

/// Puts `length` entries into the order of torch.randperm. std::mt19937 is its generator, seeded alike.
void shuffle(std::int64_t* entries, std::int64_t length, std::int64_t seed) {
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  if (length >= first_wide_length) {                      // unreached: 214,748,364 entries take 1.7 GB
    for (std::int64_t i = 0; i < length; ++i) {           // unreached: the same
      const std::uint64_t upper = random();               // unreached: the same
      const std::uint64_t draw = upper << 32 | random();  // unreached: the same
      std::swap(entries[i], entries[draw % static_cast<std::uint64_t>(i + 1)]);  // unreached: the same
    }
    return;  // unreached: the same
  }
  for (std::int64_t i = 0; i + 1 < length; ++i)
    std::swap(entries[i], entries[i + static_cast<std::int64_t>(random()) % (length - i)]);
}

void random_sampler(const RandomSampler::Params& params, const RandomSampler::Inputs<float>&,
                    const RandomSampler::Outputs<float>& out) {
  std::iota(out.indices.data, out.indices.data + params.length, std::int64_t{0});
  shuffle(out.indices.data, params.length, params.seed);
}

/// The exchanges do not look at what they move, so that they can move the subset itself.
void subset_random_sampler(const SubsetRandomSampler::Params& params, const SubsetRandomSampler::Inputs<float>& in,
                           const SubsetRandomSampler::Outputs<float>& out) {
  const std::int64_t m = in.subset.shape[0];
  std::copy(in.subset.data, in.subset.data + m, out.indices.data);
  shuffle(out.indices.data, m, params.seed);
}

/// Room for the order of all indices.
using Order = std::vector<std::int64_t>;

Order prepare_distributed(const DistributedSampler::Params& params, const DistributedSampler::Inputs<float>&) {
  return Order(static_cast<std::size_t>(params.length));
}

void distributed_sampler(Order& order, const DistributedSampler::Params& params,
                         const DistributedSampler::Inputs<float>&, const DistributedSampler::Outputs<float>& out) {
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (params.shuffle) shuffle(order.data(), params.length, params.seed + params.epoch);
  for (std::int64_t k = 0; k < out.indices.shape[0]; ++k) {
    const std::int64_t place = (params.rank + k * params.world) % params.length;  // beyond the end it starts anew
    out.indices.data[k] = order[static_cast<std::size_t>(place)];
  }
}

// ---- batches ----

void batch_sampler(const BatchSampler::Params& params, const BatchSampler::Inputs<float>& in,
                   const BatchSampler::Outputs<float>& out) {
  const std::int64_t n = in.indices.shape[0];
  for (std::int64_t b = 0; b < out.offsets.shape[0]; ++b) out.offsets.data[b] = std::min(b * params.batch_size, n);
}

// ---- draws with weights ----

struct Waiting {
  double time;
  std::int64_t index;
  bool operator<(const Waiting& other) const { return std::pair(time, index) < std::pair(other.time, other.index); }
};

/// Room for the sums of the weights, or for how long each index waits.
struct WeightedRoom {
  std::vector<double> sums;
  std::vector<Waiting> waiting;
};

WeightedRoom prepare_weighted(const WeightedRandomSampler::Params& params,
                              const WeightedRandomSampler::Inputs<float>& in) {
  const auto n = static_cast<std::size_t>(in.weights.shape[0]);
  WeightedRoom room;
  if (params.replacement) {
    room.sums.resize(n);
  } else {
    room.waiting.reserve(n);
  }
  return room;
}

/// A real in [0, 1) of the 53 bits that a double holds.
double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// The first index whose sum of weights up to itself is beyond a random share of the whole.
void draw_with_replacement(std::vector<double>& sums, std::mt19937_64& random, const View<const double>& weights,
                           const View<std::int64_t>& indices) {
  std::partial_sum(weights.data, weights.data + weights.shape[0], sums.begin());
  const double total = sums.back();
  const auto last = std::lower_bound(sums.begin(), sums.end(), total);  // the last index with a weight above 0
  for (std::int64_t k = 0; k < indices.shape[0]; ++k)
    indices.data[k] = std::upper_bound(sums.begin(), last, total * uniform(random)) - sums.begin();
}

/// Each index comes after an exponential time of its own, the sooner the larger its weight (Efraimidis and Spirakis
/// 2006). The times are kept as logarithms, for some are beyond float64.
void draw_without_replacement(std::vector<Waiting>& waiting, std::mt19937_64& random, const View<const double>& weights,
                              const View<std::int64_t>& indices) {
  waiting.clear();
  for (std::int64_t i = 0; i < weights.shape[0]; ++i)
    if (weights.data[i] > 0)
      waiting.push_back({std::log(-std::log1p(-uniform(random))) - std::log(weights.data[i]), i});
  const auto drawn = waiting.begin() + indices.shape[0];
  std::partial_sort(waiting.begin(), drawn, waiting.end());
  std::transform(waiting.begin(), drawn, indices.data, [](const Waiting& first) { return first.index; });
}

void weighted_random_sampler(WeightedRoom& room, const WeightedRandomSampler::Params& params,
                             const WeightedRandomSampler::Inputs<float>& in,
                             const WeightedRandomSampler::Outputs<float>& out) {
  std::mt19937_64 random(static_cast<std::uint64_t>(params.seed));
  if (params.replacement) {
    draw_with_replacement(room.sums, random, in.weights, out.indices);
  } else {
    draw_without_replacement(room.waiting, random, in.weights, out.indices);
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add<SequentialSampler, float>(sequential_sampler);
  table.add<RandomSampler, float>(random_sampler);
  table.add<SubsetRandomSampler, float>(subset_random_sampler);
  table.add<WeightedRandomSampler, float>(prepare_weighted, weighted_random_sampler);
  table.add<BatchSampler, float>(batch_sampler);
  table.add<DistributedSampler, float>(prepare_distributed, distributed_sampler);
});

}  // namespace

}  // namespace assay::scalar
