// Validation, oracle, cost and cases of random_sampler.
#include "reference/sampling/random_sampler.h"

#include <algorithm>

#include "reference/sampling/datasets.h"
#include "reference/sampling/random_order.h"

namespace assay {

std::vector<Shape> RandomSampler::infer(const Params& params, const Inputs<double>&) {
  sampling::require_length(name, params.length);
  return {{params.length}};
}

void RandomSampler::oracle(const Params& params, const Inputs<double>&, const Outputs<double>& out, ErrorScale&) {
  const std::vector<std::int64_t> order = sampling::random_order(params.length, params.seed);
  std::copy(order.begin(), order.end(), out.indices.data);
}

Cost RandomSampler::cost(const Params& params, const Inputs<double>&, std::int64_t) {
  return {static_cast<double>(params.length) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<RandomSampler>> RandomSampler::cases() {
  using sampling::coco_train, sampling::imagenet_train;
  constexpr std::int64_t state = 624;  // words of MT19937: a draw more makes the next ones
  return {
      {std::string(coco_train.name), std::string(coco_train.source), {coco_train.length, sampling::detr_seed}, {}},
      {std::string(imagenet_train.name), std::string(imagenet_train.source), {imagenet_train.length, 0}, {}},
      {"empty", "a dataset without images: no draw", {0, 1}, {}, Tier::small},
      {"one", "a dataset of one image: no draw", {1, 1}, {}, Tier::small},
      {"one_state", "as many draws as the generator's state has words", {state + 1, 7}, {}, Tier::small},
      {"two_states", "one draw more than the generator's state has words", {state + 2, 7}, {}, Tier::small},
      {"seed_beyond_32_bits", "the low 32 bits of a seed count", {97, 0x500000003}, {}, Tier::small},
      {"seed_negative", "a negative seed, taken by its low 32 bits", {97, -3}, {}, Tier::small},
  };
}

Domain RandomSampler::domain() {
  return {.extents = {extents("length", 0)}, .parameters = {integers("seed", sampling::drawn_seeds)}};
}

}  // namespace assay
