// Validation, oracle, cost and cases of batch_sampler.
#include "reference/sampling/batch_sampler.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/sampling/datasets.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

CaseOf<BatchSampler> batch_case(std::string name, std::string source, std::int64_t n, BatchSampler::Params params,
                                Tier tier = Tier::small) {
  return {std::move(name),
          std::move(source),
          params,
          {{"indices", {n}, Uniform{0, static_cast<double>(std::max<std::int64_t>(n, 1))}}},
          tier};
}

}  // namespace

std::vector<Shape> BatchSampler::infer(const Params& params, const Inputs<double>& in) {
  require_positive(name, "batch_size", params.batch_size);
  const std::int64_t n = in.indices.shape[0];
  const bool has_rest = n % params.batch_size != 0 && !params.drop_last;
  return {{n / params.batch_size + (has_rest ? 1 : 0) + 1}};
}

void BatchSampler::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const std::int64_t n = in.indices.shape[0];
  std::int64_t begin = 0;
  for (std::int64_t b = 0; b < out.offsets.shape[0]; ++b) {
    out.offsets.data[b] = begin;
    begin += std::min(params.batch_size, n - begin);
  }
}

Cost BatchSampler::cost(const Params& params, const Inputs<double>& in, std::int64_t) {
  return {static_cast<double>(infer(params, in)[0].elements()) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<BatchSampler>> BatchSampler::cases() {
  using sampling::coco_train, sampling::coco_val, sampling::imagenet_train;
  return {batch_case("coco_train_b2", "DETR main.py: batches of 2, the last dropped", coco_train.length, {2, true},
                     Tier::workload),
          batch_case("coco_val_b2", "DETR main.py: batches of 2 for evaluation", coco_val.length, {2, false},
                     Tier::workload),
          batch_case("imagenet_train_b1", "one offset for each of the 1,281,167 training images of ImageNet-1k",
                     imagenet_train.length, {1, false}, Tier::workload),
          batch_case("ten_by_three", "worked example: 10 indices in batches of 3, 3, 3 and 1", 10, {3, false}),
          batch_case("ten_by_three_dropped", "worked example: 10 indices in three batches of 3", 10, {3, true}),
          batch_case("empty", "no indices: no batch", 0, {4, false}),
          batch_case("fewer_than_a_batch", "5 indices in a batch of 8", 5, {8, false}),
          batch_case("fewer_than_a_batch_dropped", "5 indices, no batch of 8", 5, {8, true}),
          batch_case("largest_batch", "a batch size that can be added to nothing", 3, {INT64_MAX, false})};
}

Domain BatchSampler::domain() {
  ParameterRange batch_size = integers("batch_size", {2, 1, 3, 16, 17, 128, 1000, 1LL << 40, INT64_MAX});
  const auto beside = [&](std::string label, std::int64_t more) {
    batch_size.classes.push_back({std::move(label), [more](const Choices& choices) {
                                    return Scalar(std::max<std::int64_t>(choices.extent("n") + more, 1));
                                  }});
  };
  beside("n", 0);
  beside("n_less_one", -1);
  beside("n_and_one", 1);
  using values::always, values::real;
  std::vector<ValueClass> indices = values::reals(Uniform{0, 1e6}, {"ties"});
  indices.push_back(always("equal", Choice{{7}}, real("equal").holds));
  indices.push_back(always("ascending", Ramp{0, 1}, real("ascending").holds));
  indices.push_back(always("descending", Ramp{1e9, -1}, real("descending").holds));
  return {
      .extents = {extents("n", 0)}, .parameters = {batch_size, flag("drop_last")}, .fields = {{"indices", indices}}};
}

std::vector<Equivalent> BatchSampler::equivalents() {
  constexpr std::string_view values = "only the number of the indices counts",
                             shape = "where it changes an offset, it changes how many there are";
  return {{"indices", "last slice of axis 0 (n*) taken as zero", values},
          {"indices", "last two slices of axis 0 (n*) swapped", values},
          {"batch_size", "doubled", shape},
          {"drop_last", "left at its default", shape},
          {"drop_last", "flipped", shape}};
}

}  // namespace assay
