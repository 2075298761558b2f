// Validation, oracle, cost and cases of distributed_sampler.
#include "reference/sampling/distributed_sampler.h"

#include <fmt/format.h>

#include <numeric>

#include "reference/sampling/datasets.h"
#include "reference/sampling/random_order.h"

namespace assay {

std::vector<Shape> DistributedSampler::infer(const Params& params, const Inputs<double>&) {
  sampling::require_length(name, params.length);
  require_positive(name, "world", params.world);
  if (params.rank < 0 || params.rank >= params.world)
    reject(name, fmt::format("rank is {}, but it must be one of 0 to {}, since world is {}", params.rank,
                             params.world - 1, params.world));
  if (std::int64_t sum = 0; __builtin_add_overflow(params.seed, params.epoch, &sum))
    reject(name, fmt::format("seed {} and epoch {} add up to more than 64 bits hold", params.seed, params.epoch));
  const bool has_rest = params.length % params.world != 0 && !params.drop_last;
  return {{params.length / params.world + (has_rest ? 1 : 0)}};
}

/// As DistributedSampler.__iter__ does it: the whole list of `total` indices, then every world-th.
void DistributedSampler::oracle(const Params& params, const Inputs<double>&, const Outputs<double>& out, ErrorScale&) {
  const std::int64_t samples = out.indices.shape[0];
  if (samples == 0) return;
  std::vector<std::int64_t> order(static_cast<std::size_t>(params.length));
  if (params.shuffle) {
    order = sampling::random_order(params.length, params.seed + params.epoch);
  } else {
    std::iota(order.begin(), order.end(), std::int64_t{0});
  }
  // (samples - 1)·world + rank is below length + world, and with more than one sample world is below length
  for (std::int64_t k = 0; k < samples; ++k)
    out.indices.data[k] = order[static_cast<std::size_t>((params.rank + k * params.world) % params.length)];
}

Cost DistributedSampler::cost(const Params& params, const Inputs<double>& in, std::int64_t) {
  return {static_cast<double>(infer(params, in)[0].elements()) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<DistributedSampler>> DistributedSampler::cases() {
  using sampling::coco_train, sampling::imagenet_train, sampling::imagenet_val;
  return {
      {"coco_train_w8", "DETR: 8 GPUs on COCO 2017, epoch 3", {coco_train.length, 8, 7, true, 0, 3, false}, {}},
      {"imagenet_train_w8",
       "Swin: 8 GPUs on ImageNet-1k, epoch 299",
       {imagenet_train.length, 8, 1, true, 0, 299, true},
       {}},
      {"imagenet_val_w8", "Swin: evaluation on 8 GPUs, in order", {imagenet_val.length, 8, 5, false}, {}},
      {"wraps_once", "8 indices for 3 ranks: the last rank's last one is the first", {8, 3, 2, false}, {}, Tier::small},
      {"as_many_for_6_ranks",
       "13 indices for 5 ranks are as many each as for 6, the seed",
       {13, 5, 4, true, 6, 3, false},
       {},
       Tier::small},
      {"cut", "8 indices for 3 ranks, the last two dropped", {8, 3, 1, true, 1, 1, true}, {}, Tier::small},
      {"cut_in_order", "8 indices for 3 ranks, the last two dropped", {8, 3, 2, false, 1, 1, true}, {}, Tier::small},
      {"more_ranks_than_indices",
       "3 indices for 8 ranks: twice and a half",
       {3, 8, 7, true, 2, 0, false},
       {},
       Tier::small},
      {"more_ranks_in_order", "3 indices for 8 ranks: twice and a half", {3, 8, 4, false}, {}, Tier::small},
      {"more_ranks_cut", "3 indices for 8 ranks: nothing is left", {3, 8, 2, true, 2, 0, true}, {}, Tier::small},
      {"one_rank", "a world of one", {31, 1, 0, true, 4, 1, false}, {}, Tier::small},
      {"empty", "a dataset without images", {0, 4, 3, true, 1, 1, false}, {}, Tier::small},
  };
}

namespace {

/// The order of all indices is made, however few of them a rank takes.
double steps_of_ordering(const Choices& choices) { return static_cast<double>(choices.extent("length")); }

}  // namespace

Domain DistributedSampler::domain() {
  ExtentRange world = counts("world");
  world.levels.insert(world.levels.end(), {8, 70001});
  const auto of_world = [](std::string label, std::int64_t (*rank)(std::int64_t)) -> ParameterClass {
    return {std::move(label), [rank](const Choices& choices) { return Scalar(rank(choices.extent("world"))); }};
  };
  const ParameterRange rank = {"rank",
                               {of_world("last", [](std::int64_t ranks) { return ranks - 1; }),
                                of_world("first", [](std::int64_t) { return std::int64_t{0}; }),
                                of_world("middle", [](std::int64_t ranks) { return ranks / 2; })}};
  ParameterRange shuffle = flag("shuffle");
  std::swap(shuffle.classes[0], shuffle.classes[1]);
  return {
      .extents = {extents("length", 0), world},
      .parameters = {rank, shuffle, integers("seed", {0, 1, 42, -1, 0x7FFFFFFF, 0x80000000, 0x100000007, -0x100000000}),
                     integers("epoch", {0, 1, 299, -1, 0x7FFFFFFF, 0x80000000}), flag("drop_last")},
      .work = steps_of_ordering};
}

std::vector<Equivalent> DistributedSampler::equivalents() {
  constexpr std::string_view shape = "where it changes an index, it changes how many there are";
  return {
      {"seed", "swapped with epoch", "they are added"},
      {"world", "doubled", "where as many samples are left it is one or none, and a rank's first one stays the same"},
      {"drop_last", "left at its default", shape},
      {"drop_last", "flipped", shape}};
}

}  // namespace assay
