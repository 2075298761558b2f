// Validation, oracle, cost and cases of stack_collate.
#include "reference/collation/stack_collate.h"

#include <fmt/format.h>

#include <algorithm>

#include "reference/value_classes.h"

namespace assay {
namespace {

CaseOf<StackCollate> stack_case(std::string name, std::string source, std::int64_t B, const Shape& sample,
                                Tier tier = Tier::small) {
  CaseOf<StackCollate> made{std::move(name), std::move(source), {}, {}, tier};
  for (std::int64_t b = 0; b < B; ++b) made.inputs.push_back({"samples", sample, Pixels{}});
  return made;
}

}  // namespace

std::vector<Shape> StackCollate::infer(const Params&, const Inputs<double>& in) {
  const Shape& sample = in.samples[0].shape;
  for (std::size_t b = 1; b < in.samples.size(); ++b) {
    if (in.samples[b].shape == sample) continue;
    reject(name, fmt::format("input samples.{} has shape {}, but samples.0 has {}: all must have one shape", b,
                             to_string(in.samples[b].shape), to_string(sample)));
  }
  if (sample.rank() == Shape::max_rank) {
    reject(name, fmt::format("input samples.0 has shape {} of rank {}, but a batch of them would have more than the {} "
                             "dimensions of a tensor",
                             to_string(sample), sample.rank(), Shape::max_rank));
  }
  Shape batch{static_cast<std::int64_t>(in.samples.size())};
  for (const std::int64_t extent : sample) batch.push_back(extent);
  return {batch};
}

void StackCollate::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  double* to = out.batch.data;
  for (const auto& sample : in.samples) to = std::copy_n(sample.data, sample.shape.elements(), to);
}

Cost StackCollate::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  return {2.0 * static_cast<double>(infer(params, in)[0].elements() * element_bytes), 0};
}

std::vector<CaseOf<StackCollate>> StackCollate::cases() {
  const std::string swin = "Swin (microsoft/Swin-Transformer) on ImageNet, 224x224";
  return {stack_case("imagenet_b128", swin + ": its batch of 128", 128, {3, 224, 224}, Tier::workload),
          stack_case("imagenet_b16", swin + ": 16 images", 16, {3, 224, 224}, Tier::workload),
          stack_case("labels_b128", "one number a sample: rank 0", 128, {}),
          stack_case("one_sample", "a batch of one", 1, {3, 5, 7}),
          stack_case("odd_tails_b5", "samples that end within a vector and within a cache line", 5, {3, 7, 11}),
          stack_case("vectors_b3", "samples of rank 1", 3, {17}),
          stack_case("rank_7", "the most extents that a sample can have", 3, {2, 1, 3, 1, 2, 1, 5}),
          stack_case("batch_of_257", "a sample's number kept in 8 bits", 257, {2, 3})};
}

Domain StackCollate::domain() {
  return {.extents = {counts("B"), counts("C"), extents("H"), extents("W")},
          .fields = {{"samples", values::moved(Pixels{})}},
          .lists = {{.field = "samples", .count = "B", .most = {"C", "H", "W"}, .alike = true}},
          .independent = "B"};
}

}  // namespace assay
