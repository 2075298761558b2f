// The samplers. A random order is a chain of exchanges, which Eigen calls Transpositions and applies to any vector.
#include <Eigen/Core>
#include <algorithm>
#include <limits>
#include <random>

#include "backends/backend.h"
#include "reference/sampling/batch_sampler.h"
#include "reference/sampling/distributed_sampler.h"
#include "reference/sampling/random_sampler.h"
#include "reference/sampling/sequential_sampler.h"
#include "reference/sampling/subset_random_sampler.h"
#include "reference/sampling/weighted_random_sampler.h"

namespace assay::eigen {
namespace {

using Indices = Eigen::Matrix<std::int64_t, Eigen::Dynamic, 1>;
using IndexMap = Eigen::Map<Indices>;
using Exchanges = Eigen::Transpositions<Eigen::Dynamic, Eigen::Dynamic, std::int64_t>;

/// 0, 1, … of a dataset.
auto ascending(std::int64_t length) { return Indices::LinSpaced(length, 0, length - 1); }

void sequential_sampler(const SequentialSampler::Params& params, const SequentialSampler::Inputs<float>&,
                        const SequentialSampler::Outputs<float>& out) {
  IndexMap(out.indices.data, params.length) = ascending(params.length);
}

/// From this length on torch draws 64 bits for a place.
constexpr std::int64_t first_wide_length = std::numeric_limits<std::uint32_t>::max() / 20;

/// The exchanges of torch.randperm. std::mt19937 is its generator, seeded alike.
void draw(Exchanges& exchanges, std::int64_t seed) {
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  const std::int64_t length = exchanges.size();
  auto& partner = exchanges.indices();
  if (length >= first_wide_length) {                      // unreached: 214,748,364 entries take 1.7 GB
    for (std::int64_t i = 0; i < length; ++i) {           // unreached: the same
      const std::uint64_t upper = random();               // unreached: the same
      const std::uint64_t wide = upper << 32 | random();  // unreached: the same
      partner[i] = static_cast<std::int64_t>(wide % static_cast<std::uint64_t>(i + 1));  // unreached: the same
    }
    return;  // unreached: the same
  }
  for (std::int64_t i = 0; i + 1 < length; ++i) partner[i] = i + static_cast<std::int64_t>(random()) % (length - i);
  if (length > 0) partner[length - 1] = length - 1;
}

Exchanges prepare_random(const RandomSampler::Params& params, const RandomSampler::Inputs<float>&) {
  return Exchanges(params.length);
}

void random_sampler(Exchanges& exchanges, const RandomSampler::Params& params, const RandomSampler::Inputs<float>&,
                    const RandomSampler::Outputs<float>& out) {
  draw(exchanges, params.seed);
  IndexMap indices(out.indices.data, params.length);
  indices = ascending(params.length);
  indices.noalias() = exchanges * indices;
}

Exchanges prepare_subset(const SubsetRandomSampler::Params&, const SubsetRandomSampler::Inputs<float>& in) {
  return Exchanges(in.subset.shape[0]);
}

void subset_random_sampler(Exchanges& exchanges, const SubsetRandomSampler::Params& params,
                           const SubsetRandomSampler::Inputs<float>& in,
                           const SubsetRandomSampler::Outputs<float>& out) {
  const std::int64_t m = in.subset.shape[0];
  draw(exchanges, params.seed);
  IndexMap(out.indices.data, m).noalias() = exchanges * Eigen::Map<const Indices>(in.subset.data, m);
}

/// Room for a random order; empty if there is none.
struct DistributedRoom {
  Exchanges exchanges;
  Indices order;
};

DistributedRoom prepare_distributed(const DistributedSampler::Params& params,
                                    const DistributedSampler::Inputs<float>&) {
  const std::int64_t length = params.shuffle ? params.length : 0;
  return {Exchanges(length), Indices(length)};
}

void distributed_sampler(DistributedRoom& room, const DistributedSampler::Params& params,
                         const DistributedSampler::Inputs<float>&, const DistributedSampler::Outputs<float>& out) {
  const std::int64_t samples = out.indices.shape[0];
  if (samples == 0) return;
  IndexMap indices(out.indices.data, samples);
  // of one rank's samples the last alone can lie beyond the end, where the order begins anew
  const std::int64_t last = (params.rank + (samples - 1) * params.world) % params.length;
  if (params.shuffle) {
    draw(room.exchanges, params.seed + params.epoch);
    room.order = ascending(params.length);
    room.order.noalias() = room.exchanges * room.order;
    indices.head(samples - 1) = room.order(Eigen::seqN(params.rank, samples - 1, params.world));
    indices[samples - 1] = room.order[last];
  } else {
    const auto place = [&](Eigen::Index k) { return params.rank + k * params.world; };
    indices.head(samples - 1) = Indices::NullaryExpr(samples - 1, place);
    indices[samples - 1] = last;
  }
}

void batch_sampler(const BatchSampler::Params& params, const BatchSampler::Inputs<float>& in,
                   const BatchSampler::Outputs<float>& out) {
  const std::int64_t n = in.indices.shape[0], ends = out.offsets.shape[0];
  const auto begin = [&](Eigen::Index b) { return b * params.batch_size; };
  IndexMap(out.offsets.data, ends) = Indices::NullaryExpr(ends, begin).cwiseMin(n);
}

const Kernels kernels([](KernelTable& table) {
  table.add<SequentialSampler, float>(sequential_sampler);
  table.add<RandomSampler, float>(prepare_random, random_sampler);
  table.add<SubsetRandomSampler, float>(prepare_subset, subset_random_sampler);
  table.decline<WeightedRandomSampler>("Eigen has neither running sums nor a search among them, nor a sort");
  table.add<BatchSampler, float>(batch_sampler);
  table.add<DistributedSampler, float>(prepare_distributed, distributed_sampler);
});

}  // namespace

}  // namespace assay::eigen
