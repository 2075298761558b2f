// The samplers as tensors of indices, as torch/utils/data/sampler.py and distributed.py make their lists. A random
// order is the CPU generator's on every device: that is what the samplers are asked for.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include "backends/libtorch/tensors.h"
#include "reference/sampling/batch_sampler.h"
#include "reference/sampling/distributed_sampler.h"
#include "reference/sampling/random_sampler.h"
#include "reference/sampling/sequential_sampler.h"
#include "reference/sampling/subset_random_sampler.h"
#include "reference/sampling/weighted_random_sampler.h"

namespace assay::libtorch {
namespace {

at::Generator seeded(at::Generator generator, std::int64_t seed) {
  generator.set_current_seed(static_cast<std::uint64_t>(seed));
  return generator;
}

at::TensorOptions indices_on(at::Device where) { return at::TensorOptions(at::kLong).device(where); }

/// What a plan keeps.
struct Random {
  at::Generator generator;
};

template <class Params, class Inputs>
Random prepare_order(const Params&, const Inputs&) {
  return {at::detail::createCPUGenerator()};
}

void sequential_sampler(const SequentialSampler::Params& params, const SequentialSampler::Inputs<float>&,
                        const SequentialSampler::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor indices = tensor_of(out.indices);
  at::arange_out(indices, params.length);
}

void random_sampler(Random& random, const RandomSampler::Params& params, const RandomSampler::Inputs<float>&,
                    const RandomSampler::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor indices = tensor_of(out.indices);
  const at::Generator generator = seeded(random.generator, params.seed);
  if (device().is_cpu()) {
    at::randperm_out(indices, params.length, generator);
  } else {
    indices.copy_(at::randperm(params.length, generator, indices_on(at::kCPU)));
  }
}

void subset_random_sampler(Random& random, const SubsetRandomSampler::Params& params,
                           const SubsetRandomSampler::Inputs<float>& in,
                           const SubsetRandomSampler::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor subset = tensor_of(in.subset);
  at::Tensor indices = tensor_of(out.indices);
  const at::Tensor order =
      at::randperm(subset.size(0), seeded(random.generator, params.seed), indices_on(at::kCPU)).to(device());
  at::index_select_out(indices, subset, 0, order);
}

void distributed_sampler(Random& random, const DistributedSampler::Params& params,
                         const DistributedSampler::Inputs<float>&, const DistributedSampler::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor indices = tensor_of(out.indices);
  if (indices.size(0) == 0) return;
  at::Tensor places = at::arange(indices.size(0), indices_on(device())).mul_(params.world).add_(params.rank);
  if (!params.shuffle) {
    at::remainder_out(indices, places, params.length);
    return;
  }
  const at::Generator generator = seeded(random.generator, params.seed + params.epoch);
  const at::Tensor order = at::randperm(params.length, generator, indices_on(at::kCPU)).to(device());
  at::index_select_out(indices, order, 0, places.remainder_(params.length));
}

void batch_sampler(const BatchSampler::Params& params, const BatchSampler::Inputs<float>& in,
                   const BatchSampler::Outputs<float>& out) {
  const NoAutograd guard;
  at::Tensor offsets = tensor_of(out.offsets);
  at::arange_out(offsets, offsets.size(0));
  offsets.mul_(params.batch_size).clamp_max_(in.indices.shape[0]);
}

/// The generator of the device that draws.
Random prepare_weighted(const WeightedRandomSampler::Params&, const WeightedRandomSampler::Inputs<float>&) {
  if (device().is_cpu()) return {at::detail::createCPUGenerator()};
  return {at::globalContext().getAcceleratorHooksInterface(device().type()).getNewGenerator(device().index())};
}

void weighted_random_sampler(Random& random, const WeightedRandomSampler::Params& params,
                             const WeightedRandomSampler::Inputs<float>& in,
                             const WeightedRandomSampler::Outputs<float>& out) {
  const NoAutograd guard;
  const at::Tensor weights = tensor_of(in.weights);
  at::Tensor indices = tensor_of(out.indices);
  const at::Generator generator = seeded(random.generator, params.seed);
  constexpr std::int64_t most_categories = std::int64_t{1} << 24;  // more are refused by torch.multinomial
  if (weights.size(0) <= most_categories) {
    at::multinomial_out(indices, weights, params.num_samples, params.replacement, generator);
  } else if (params.replacement) {
    const at::Tensor sums = weights.cumsum(0);
    const at::Tensor shares = at::rand({params.num_samples}, generator, weights.options()).mul_(sums[-1]);
    at::searchsorted_out(indices, sums, shares, /*out_int32=*/false, /*right=*/true);
  } else {  // as torch.multinomial does it
    const at::Tensor times = at::empty_like(weights).exponential_(1, generator);
    indices.copy_(std::get<1>(at::topk(weights / times, params.num_samples)));
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add<SequentialSampler, float>(sequential_sampler);
  table.add<RandomSampler, float>(prepare_order<RandomSampler::Params, RandomSampler::Inputs<float>>, random_sampler);
  table.add<SubsetRandomSampler, float>(prepare_order<SubsetRandomSampler::Params, SubsetRandomSampler::Inputs<float>>,
                                        subset_random_sampler);
  table.add<WeightedRandomSampler, float>(prepare_weighted, weighted_random_sampler);
  table.add<BatchSampler, float>(batch_sampler);
  table.add<DistributedSampler, float>(prepare_order<DistributedSampler::Params, DistributedSampler::Inputs<float>>,
                                       distributed_sampler);
});

}  // namespace

}  // namespace assay::libtorch
