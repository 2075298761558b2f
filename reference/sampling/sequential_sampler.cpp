// Validation, oracle, cost and cases of sequential_sampler.
#include "reference/sampling/sequential_sampler.h"

#include <numeric>

#include "reference/sampling/datasets.h"
#include "reference/sampling/random_order.h"

namespace assay {

std::vector<Shape> SequentialSampler::infer(const Params& params, const Inputs<double>&) {
  sampling::require_length(name, params.length);
  return {{params.length}};
}

void SequentialSampler::oracle(const Params& params, const Inputs<double>&, const Outputs<double>& out, ErrorScale&) {
  std::iota(out.indices.data, out.indices.data + params.length, std::int64_t{0});
}

Cost SequentialSampler::cost(const Params& params, const Inputs<double>&, std::int64_t) {
  return {static_cast<double>(params.length) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<SequentialSampler>> SequentialSampler::cases() {
  std::vector<CaseOf<SequentialSampler>> made;
  using sampling::coco_train, sampling::coco_val, sampling::imagenet_train, sampling::imagenet_val;
  for (const sampling::Dataset& set : {coco_val, coco_train, imagenet_val, imagenet_train})
    made.push_back({std::string(set.name), std::string(set.source), {set.length}, {}});
  made.push_back({"empty", "a dataset without images", {0}, {}, Tier::small});
  return made;
}

Domain SequentialSampler::domain() { return {.extents = {extents("length", 0)}}; }

}  // namespace assay
