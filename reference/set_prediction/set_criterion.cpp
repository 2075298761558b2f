// Validation, oracle, error scales, cost and cases of set_criterion.
#include "reference/set_prediction/set_criterion.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "reference/set_prediction/detection.h"
#include "reference/value_classes.h"

namespace assay {
namespace {

using namespace detection;

using Numbers = std::vector<std::int64_t>;

/// The pairs of one image among all, and where its targets begin.
struct Image {
  std::int64_t b, first_pair, pairs, first_target, targets;
};

std::vector<Image> images_of(const SetCriterion::Inputs<double>& in) {
  std::vector<Image> images;
  Image image{0, 0, 0, 0, 0};
  for (; image.b < in.sizes.shape[0]; ++image.b) {
    image.targets = in.sizes.data[image.b];
    image.pairs = std::min(in.logits.shape[1], image.targets);
    images.push_back(image);
    image.first_pair += image.pairs;
    image.first_target += image.targets;
  }
  return images;
}

/// Refuses an index that is none of `among`, or that the image has twice.
void require_distinct(std::string_view field, const std::int64_t* indices, const Image& image, std::int64_t among) {
  std::vector<bool> seen(static_cast<std::size_t>(among), false);
  for (std::int64_t p = image.first_pair; p < image.first_pair + image.pairs; ++p) {
    const std::int64_t index = indices[p];
    if (index < 0 || index >= among)
      reject(SetCriterion::name,
             fmt::format("{}[{}] is {}, but image {} has {} of them", field, p, index, image.b, among));
    if (seen[static_cast<std::size_t>(index)])
      reject(SetCriterion::name, fmt::format("{}[{}] is {}, which image {} has twice", field, p, index, image.b));
    seen[static_cast<std::size_t>(index)] = true;
  }
}

double root(std::int64_t terms) { return std::sqrt(static_cast<double>(std::min<std::int64_t>(terms, 4096))); }

/// S = Σ w(|lse| + |x_t| + |lse − x_t|)/Σw: lse and x_t round relative to themselves, and so does their difference. A
/// sequential float32 sum of n positive terms stays within half of 4·√min(n, 4096)·u of itself; there are two sums,
/// so that with c = 8 r·√min(n, 4096) is added.
void cross_entropy(const SetCriterion::Params& params, const SetCriterion::Inputs<double>& in, double& loss,
                   double& scale) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2];
  Numbers classes(static_cast<std::size_t>(B * Q), K - 1);
  for (const Image& image : images_of(in))
    for (std::int64_t p = image.first_pair; p < image.first_pair + image.pairs; ++p)
      classes[static_cast<std::size_t>(image.b * Q + in.query.data[p])] =
          in.labels.data[image.first_target + in.target.data[p]];
  double sum = 0, weights = 0, scales = 0;
  for (std::int64_t row = 0; row < B * Q; ++row) {
    const double* logits = in.logits.data + row * K;
    const std::int64_t target = classes[static_cast<std::size_t>(row)];
    const double weight = target == K - 1 ? params.eos_coef : 1;
    const Classes of_row = classes_of(logits, K);
    const double entropy = of_row.cross_entropy(logits[target]);
    sum += weight * entropy;
    weights += weight;
    scales += weight * (std::abs(of_row.most + std::log(of_row.sum)) + std::abs(logits[target]) + entropy);
  }
  loss = sum / weights;
  scale = std::isnan(loss) ? 0 : scales / weights + loss * root(B * Q);
}

CaseOf<SetCriterion> criterion_case(std::string name, std::string source, std::int64_t Q, const Numbers& sizes,
                                    std::int64_t K = 92, Tier tier = Tier::workload) {
  const auto B = static_cast<std::int64_t>(sizes.size());
  const std::int64_t T = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  Picks queries{{}, Picks::Order::ascending}, targets;
  std::int64_t P = 0;
  for (const std::int64_t T_b : sizes) {
    queries.groups.push_back({std::min(Q, T_b), Q});
    targets.groups.push_back({std::min(Q, T_b), T_b});
    P += std::min(Q, T_b);
  }
  const Boxes boxes{.centre_and_size = true};
  return {std::move(name),
          std::move(source),
          {},
          {{"logits", {B, Q, K}, Normal{0, 2}},
           {"boxes", {B, Q, 4}, boxes},
           {"labels", {T}, Uniform{0, static_cast<double>(std::max<std::int64_t>(K - 1, 1))}},
           {"target_boxes", {T, 4}, boxes},
           {"sizes", {B}, Values{{sizes.begin(), sizes.end()}}},
           {"query", {P}, queries},
           {"target", {P}, targets}},
          tier};
}

}  // namespace

std::vector<Shape> SetCriterion::infer(const Params& params, const Inputs<double>& in) {
  if (params.eos_coef < 0)
    reject(name, fmt::format("eos_coef is {}, but a weight must not be negative", params.eos_coef));
  const std::int64_t pairs = count_pairs(name, in.sizes, in.logits.shape[1], in.labels.shape[0], "labels");
  if (in.query.shape[0] != pairs)
    reject(name, fmt::format("query has {} pairs, but {} queries an image and these sizes make {}", in.query.shape[0],
                             in.logits.shape[1], pairs));
  return {{1}, {1}, {1}};
}

void SetCriterion::validate(const Params&, const Inputs<double>& in) {
  require_finite_logits(name, in.logits);
  require_boxes(name, "boxes", in.boxes);
  require_labels(name, in.labels, in.logits.shape[2]);
  require_boxes(name, "target_boxes", in.target_boxes);
  for (const Image& image : images_of(in)) {
    require_distinct("query", in.query.data, image, in.logits.shape[1]);
    require_distinct("target", in.target.data, image, image.targets);
  }
}

/// The boxes' losses: sums of n positive terms, 4·√min(n, 4096)·u of each sum, and the bound of each term: 16·u·L1, and
/// 6·u·(2 + κ_a + κ_b) of GIoU.
void SetCriterion::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out,
                          ErrorScale& error) {
  cross_entropy(params, in, *out.loss_ce.data, error[0][0]);
  const std::int64_t Q = in.logits.shape[1], T = in.labels.shape[0], P = in.query.shape[0];
  double distance = 0, misfit = 0, misfit_scale = 0;
  for (const Image& image : images_of(in))
    for (std::int64_t p = image.first_pair; p < image.first_pair + image.pairs; ++p) {
      const double* box = in.boxes.data + 4 * (image.b * Q + in.query.data[p]);
      const double* target = in.target_boxes.data + 4 * (image.first_target + in.target.data[p]);
      distance += l1(box, target);
      misfit += 1 - generalized_iou(from_centre_and_size(box), from_centre_and_size(target));
      misfit_scale += giou_scale(box, target);
    }
  const auto boxes = static_cast<double>(std::max<std::int64_t>(T, 1));
  *out.loss_bbox.data = distance / boxes;
  error[1][0] = *out.loss_bbox.data * (4 + root(4 * P));
  *out.loss_giou.data = misfit / boxes;
  error[2][0] = std::isnan(misfit) ? 0 : misfit_scale / boxes + *out.loss_giou.data * root(P);
}

/// A logit takes a difference, an exponential and a sum; a pair about 21 operations of GIoU and 8 of L1. Boxes are read
/// where they are matched.
Cost SetCriterion::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  const auto logits = static_cast<double>(in.logits.shape.elements()), P = static_cast<double>(in.query.shape[0]);
  const double indices = 3 * P + static_cast<double>(in.sizes.shape[0]);
  return {(logits + 8 * P + 3) * static_cast<double>(element_bytes) + indices * sizeof(std::int64_t),
          3 * logits + 29 * P};
}

std::vector<CaseOf<SetCriterion>> SetCriterion::cases() {
  const std::string detr = "DETR: 100 queries, 20 targets an image";
  std::vector<CaseOf<SetCriterion>> made = {
      criterion_case("match_b8_q100", detr, 100, Numbers(8, 20)),
      criterion_case("match_b2_q300", "Deformable-DETR: 300 queries, 20 targets an image", 300, {20, 20}),
      criterion_case("match_b2_q900", "DINO: 900 queries, 60 targets an image", 900, {60, 60}),
      criterion_case("match_b2_q100_t63", "DETR: up to 63 targets in a COCO image, and an image without any", 100,
                     {63, 0}),
      criterion_case("no_targets", "a batch of images without objects: nothing is divided by 0", 5, {0, 0, 0}, 7,
                     Tier::small),
      criterion_case("more_targets_than_queries", "the losses are divided by all targets, not by the pairs", 4,
                     {9, 1, 6}, 7, Tier::small),
      criterion_case("one_query_one_target", "nothing averages the rounding of a loss", 1, {1}, 5, Tier::small),
      criterion_case("one_class", "one class and no object", 6, {2, 3}, 2, Tier::small),
      criterion_case("only_no_object", "a softmax over no object alone", 3, {1, 0}, 1, Tier::small),
      criterion_case("primes", "prime extents", 13, {5, 0, 11}, 7, Tier::small)};
  made.push_back(criterion_case("eos_coef_1", "no object weighs as much as a class", 7, {2, 3, 1}, 5, Tier::small));
  made.back().params.eos_coef = 1;
  made.push_back(criterion_case("eos_coef_0", "no object weighs nothing", 7, {2, 3, 1}, 5, Tier::small));
  made.back().params.eos_coef = 0;
  made.push_back(criterion_case("extents_alike",
                                "images, queries, classes, targets of one extent: their axes taken for each other", 4,
                                {2, 0, 1, 1}, 4, Tier::small));
  made.back().inputs[0].recipe = Uniform{0, 2};  // boxes too: one taken for the other
  return made;
}

namespace {

Numbers sizes_of(const Choices& choices) {
  return values::numbers_within(choices, "sizes", "targets", choices.extent("B"), 0);
}
std::int64_t all_targets(const Choices& choices) {
  const Numbers sizes = sizes_of(choices);
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}
std::int64_t all_pairs(const Choices& choices) {
  std::int64_t pairs = 0;
  for (const std::int64_t T_b : sizes_of(choices)) pairs += std::min(choices.extent("Q"), T_b);
  return pairs;
}

/// The queries or the targets of the pairs of all images.
ValueClass picks(std::string_view name, bool of_queries, Picks::Order order, bool first,
                 std::function<bool(const TensorRef&)> holds) {
  const auto recipe = [=](const Choices& choices, const Shape&, std::uint64_t) -> Recipe {
    Picks made{{}, order, first};
    const std::int64_t Q = choices.extent("Q");
    for (const std::int64_t T_b : sizes_of(choices)) made.groups.push_back({std::min(Q, T_b), of_queries ? Q : T_b});
    return made;
  };
  return {name, recipe, std::move(holds)};
}

/// Whether every index relates to the one before it.
template <class Related>
std::function<bool(const TensorRef&)> each_next(Related related) {
  return [related](const TensorRef& indices) {
    const auto* index = static_cast<const std::int64_t*>(indices.data);
    for (std::int64_t i = 1; i < indices.shape.elements(); ++i)
      if (!related(index[i - 1], index[i])) return false;
    return indices.shape.elements() > 1;
  };
}

/// Over 65,537 ascending logits the last class, no object, has a loss of 4 beside logits of thousands: float32 leaves
/// nothing of it.
bool is_a_test(const Choices& choices) {
  return can_add_exponentials(choices) && (!choices.is("logits", "ascending") || choices.extent("K") <= 65537);
}

}  // namespace

Domain SetCriterion::domain() {
  using Order = Picks::Order;
  const auto any = [](const TensorRef&) { return true; };
  const auto counts_up = each_next([](std::int64_t a, std::int64_t b) { return b == 0 || b == a + 1; });
  const auto counts_down = each_next([](std::int64_t a, std::int64_t b) { return a == 0 || b == a - 1; });
  const auto ascends = each_next([](std::int64_t a, std::int64_t b) { return a < b; });
  const auto turns = [ascends](const TensorRef& indices) { return indices.shape.elements() > 1 && !ascends(indices); };
  return {.extents = {counts("B"), extents("Q"), extents("K"), extents("targets", 0)},
          .parameters = {reals("eos_coef", {0.1, 0, 1, 2.5})},
          .fields = {{"logits", logit_classes()},
                     {"boxes", box_classes()},
                     {"labels", values::below("K")},
                     {"target_boxes", box_classes()},
                     {"sizes", values::within({"targets"}, 0)},
                     {"query",
                      {picks("ascending", true, Order::ascending, false, any),
                       picks("any_order", true, Order::any, false, turns),
                       picks("first", true, Order::ascending, true, counts_up)}},
                     {"target",
                      {picks("any_order", false, Order::any, false, any),
                       picks("ascending", false, Order::ascending, true, counts_up),
                       picks("descending", false, Order::descending, true, counts_down)}}},
          .derived = {{"T", all_targets}, {"P", all_pairs}},
          .valid = is_a_test};
}

}  // namespace assay
