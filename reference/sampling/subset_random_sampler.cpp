// Oracle, cost and cases of subset_random_sampler.
#include "reference/sampling/subset_random_sampler.h"

#include "reference/sampling/datasets.h"
#include "reference/sampling/random_order.h"
#include "reference/value_classes.h"

namespace assay {

std::vector<Shape> SubsetRandomSampler::infer(const Params&, const Inputs<double>& in) { return {in.subset.shape}; }

void SubsetRandomSampler::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out,
                                 ErrorScale&) {
  std::int64_t* to = out.indices.data;
  for (const std::int64_t entry : sampling::random_order(in.subset.shape[0], params.seed))
    *to++ = in.subset.data[entry];
}

Cost SubsetRandomSampler::cost(const Params&, const Inputs<double>& in, std::int64_t) {
  return {2.0 * static_cast<double>(in.subset.shape[0]) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<SubsetRandomSampler>> SubsetRandomSampler::cases() {
  const auto subset_case = [](std::string name, std::string source, std::int64_t seed, std::int64_t m, Recipe recipe,
                              Tier tier = Tier::workload) -> CaseOf<SubsetRandomSampler> {
    return {std::move(name), std::move(source), {seed}, {{"subset", {m}, std::move(recipe)}}, tier};
  };
  const auto images = static_cast<double>(sampling::coco_train.length);
  return {subset_case("imagenet_val_rank3", "Swin data/build.py: every eighth of 50,000 images, from rank 3 on", 0,
                      6250, Ramp{3, 8}),
          subset_case("coco_split", "four fifths of the 118,287 training images of COCO 2017", sampling::detr_seed,
                      94629, Uniform{0, images}),
          subset_case("empty", "no indices at all", 3, 0, Uniform{0, images}, Tier::small),
          subset_case("one", "one index: no draw", 3, 1, Uniform{1, images}, Tier::small),
          subset_case("not_its_own_order", "indices whose values are not their places", 5, 11,
                      Values{{50, 40, 30, 20, 10, 0, -10, 1e12, 7, 7, 3}}, Tier::small)};
}

Domain SubsetRandomSampler::domain() {
  using values::always, values::real;
  const auto beyond = [](const TensorRef& subset) { return values::magnitude(subset) >= 0x1p32; };
  const auto negative = [](const TensorRef& subset) {
    for (std::int64_t i = 0; i < subset.shape.elements(); ++i)
      if (value_at(subset, i) < 0) return true;
    return false;
  };
  std::vector<ValueClass> subsets = values::reals(Uniform{0, 1e6}, {"ties"});
  subsets.push_back(always("equal", Choice{{7}}, real("equal").holds));
  subsets.push_back(always("ascending", Ramp{2, 3}, real("ascending").holds));
  subsets.push_back(always("descending", Ramp{1e9, -3}, real("descending").holds));
  subsets.push_back(always("negative", Uniform{-1e6, 0}, negative));
  subsets.push_back(always("beyond_32_bits", Uniform{0x1p40, 0x1p41}, beyond));
  return {.extents = {extents("m", 0)},
          .parameters = {integers("seed", sampling::drawn_seeds)},
          .fields = {{"subset", subsets}}};
}

}  // namespace assay
