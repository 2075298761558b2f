// Validation, oracle, cost and cases of flatten_tokens.
#include "reference/attention/flatten_tokens.h"

#include "reference/value_classes.h"

namespace assay {
namespace {

CaseOf<FlattenTokens> token_case(std::string name, std::string_view source, const Shape& features,
                                 Tier tier = Tier::workload) {
  return {std::move(name), std::string(source), {}, {{"features", features, Pixels{}}}, tier};
}

}  // namespace

std::vector<Shape> FlattenTokens::infer(const Params&, const Inputs<double>& in) {
  const Shape& s = in.features.shape;
  return {{s[2] * s[3], s[0], s[1]}};
}

void FlattenTokens::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale&) {
  const Shape& s = in.features.shape;
  const std::int64_t B = s[0], C = s[1], cells = s[2] * s[3];
  double* token = out.tokens.data;
  for (std::int64_t cell = 0; cell < cells; ++cell)
    for (std::int64_t b = 0; b < B; ++b)
      for (std::int64_t c = 0; c < C; ++c) *token++ = in.features.data[(b * C + c) * cells + cell];
}

Cost FlattenTokens::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  return {2.0 * static_cast<double>(in.features.shape.elements() * element_bytes), 0};
}

std::vector<CaseOf<FlattenTokens>> FlattenTokens::cases() {
  constexpr std::string_view detr = "DETR (facebookresearch/detr) on COCO, stride 32, 256 channels",
                             level = "Deformable-DETR on 800x1333, 256 channels";
  return {
      token_case("seed_4x4", "worked example: 4x4 cells of 20 channels", {1, 20, 4, 4}),
      token_case("coco_pair", detr, {2, 256, 25, 38}),
      token_case("coco_mixed_b8", detr, {8, 256, 34, 42}),
      token_case("dc5_max", "DETR-DC5: stride 16, 256 channels", {2, 256, 50, 84}),
      token_case("deformable_l0", level, {1, 256, 100, 167}),
      token_case("deformable_l3", level, {1, 256, 13, 21}),
      token_case("one_cell", "axes of one element: only the batch moves", {3, 7, 1, 1}, Tier::small),
      token_case("one_channel", "axes of one element: cells and batch swap", {5, 1, 3, 7}, Tier::small),
      token_case("cube", "all axes of one extent: any two may be swapped unseen by shapes", {5, 5, 5, 5}, Tier::small),
      token_case("as_many_images_as_channels", "the batch and the channels swapped", {17, 17, 3, 5}, Tier::small),
      token_case("channels_beyond_8_bits", "channels counted in 8 bits", {2, 259, 2, 3}, Tier::small),
      token_case("primes", "tails of every tile", {3, 37, 11, 13}, Tier::small)};
}

Domain FlattenTokens::domain() {
  // a case of 2²⁰ elements shows what one of 2²² does, in a quarter of the time
  const auto work = [](const Choices& choices) {
    double elements = 2;
    for (const std::string_view axis : {"B", "C", "H", "W"}) elements *= static_cast<double>(choices.extent(axis));
    return 4 * elements;
  };
  return {.extents = {counts("B"), extents("C"), extents("H"), extents("W")},
          .fields = {{"features", values::moved(Pixels{})}},
          .work = work,
          .independent = "B"};
}

}  // namespace assay
