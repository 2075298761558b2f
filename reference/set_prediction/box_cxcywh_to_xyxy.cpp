// Oracle, error scale, cost and cases of box_cxcywh_to_xyxy.
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"

#include <cmath>

#include "reference/value_classes.h"

namespace assay {
namespace {

CaseOf<BoxCxcywhToXyxy> box_case(std::string name, std::string source, std::int64_t N, Tier tier = Tier::workload) {
  return {std::move(name), std::move(source), {}, {{"boxes", {N, 4}, Boxes{.centre_and_size = true}}}, tier};
}

}  // namespace

std::vector<Shape> BoxCxcywhToXyxy::infer(const Params&, const Inputs<double>& in) { return {in.boxes.shape}; }

/// S = |cx| + |w|/2: halving is exact, and whatever is computed on the way to a corner is no larger. What overflows or
/// is NaN must be so in the result too.
void BoxCxcywhToXyxy::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  for (std::int64_t i = 0; i < in.boxes.shape[0]; ++i)
    for (std::int64_t axis = 0; axis < 2; ++axis) {
      const double centre = in.boxes.data[4 * i + axis], half = in.boxes.data[4 * i + 2 + axis] / 2;
      const double scale = std::abs(centre) + std::abs(half);
      for (const std::int64_t side : {0, 1}) {
        const std::int64_t at = 4 * i + 2 * side + axis;
        out.boxes.data[at] = side == 0 ? centre - half : centre + half;
        error[0][static_cast<std::size_t>(at)] = std::isfinite(scale) ? scale : 0;
      }
    }
}

/// Two products and four sums a box.
Cost BoxCxcywhToXyxy::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  const auto N = static_cast<double>(in.boxes.shape[0]);
  return {8 * N * static_cast<double>(element_bytes), 6 * N};
}

std::vector<CaseOf<BoxCxcywhToXyxy>> BoxCxcywhToXyxy::cases() {
  return {box_case("match_b8_q100", "DETR: 8 images of 100 queries", 800),
          box_case("match_b2_q300", "Deformable-DETR: 2 images of 300 queries", 600),
          box_case("match_b2_q900", "DINO: 2 images of 900 queries", 1800),
          box_case("deformable_tokens_b8",
                   "Deformable-DETR, two stages: a proposal for each of 22,223 tokens, 8 images", 8 * 22223),
          box_case("four_boxes", "as many boxes as numbers of one: the axes taken for each other", 4, Tier::small)};
}

Domain BoxCxcywhToXyxy::domain() {
  const std::vector<ValueClass> boxes =
      values::reals(Boxes{.centre_and_size = true}, {"equal", "ties", "ascending", "descending", "large", "small",
                                                     "outlier_last", "minus_zero", "subnormal", "infinite", "nan"});
  return {.extents = {extents("N")}, .fields = {{"boxes", boxes}}, .independent = "N"};
}

}  // namespace assay
