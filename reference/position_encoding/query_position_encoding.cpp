// Validation, oracle, error scale, cost and cases of query_position_encoding.
#include "reference/position_encoding/query_position_encoding.h"

#include <fmt/format.h>

#include <cmath>

#include "reference/value_classes.h"

namespace assay {
namespace {

using Query = QueryPositionEncoding;

CaseOf<Query> query_case(std::string name, std::string source, const Shape& pos, const Query::Params& params = {},
                         Tier tier = Tier::small) {
  return {std::move(name), std::move(source), params, {{"pos", pos, Uniform{}}}, tier};
}

/// The coordinate whose encoding is block `block`: y before x, then w and h.
std::int64_t coordinate_of(std::int64_t block) { return block < 2 ? 1 - block : block; }

}  // namespace

std::vector<Shape> Query::infer(const Params& params, const Inputs<double>& in) {
  const std::int64_t F = params.num_pos_feats, n = in.pos.shape[2];
  require_positive(name, "num_pos_feats", F);
  if (F % 2 != 0) reject(name, fmt::format("num_pos_feats is {}, but it must be even: sines and cosines alternate", F));
  if (F > INT64_MAX / 4) reject(name, fmt::format("num_pos_feats is {}, more channels than can be addressed", F));
  if (!(params.temperature > 0))
    reject(name, fmt::format("temperature is {}, but it must be positive", params.temperature));
  if (n != 2 && n != 4) {
    reject(name, fmt::format("input pos has shape {}, but its last extent must be 2 (x, y) or 4 (x, y, w, h), not {}",
                             to_string(in.pos.shape), n));
  }
  return {{in.pos.shape[0], in.pos.shape[1], n * F}};
}

/// S = |pos·scale|/dim_t·(1 + e·|ln T|/4) + |r|, e = 2⌊i/2⌋/F, as for sine_position_encoding: the product, the division
/// and the rounding of dim_t leave errors relative to the argument, T^e one that grows with its exponent; sin and cos
/// turn an error of their argument into one no larger, and |r| is for the rounding of the result.
void Query::oracle(const Params& params, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const std::int64_t F = params.num_pos_feats, n = in.pos.shape[2], points = in.pos.shape[0] * in.pos.shape[1];
  std::vector<double> dim_t, temperature_share;
  for (std::int64_t i = 0; i < F; ++i) {
    const double exponent = 2 * static_cast<double>(i / 2) / static_cast<double>(F);
    dim_t.push_back(std::pow(params.temperature, exponent));
    temperature_share.push_back(1 + exponent * std::abs(std::log(params.temperature)) / 4);
  }
  std::size_t at = 0;
  for (std::int64_t point = 0; point < points; ++point)
    for (std::int64_t block = 0; block < n; ++block) {
      const double v = in.pos.data[point * n + coordinate_of(block)] * params.scale;
      for (std::size_t i = 0; i < dim_t.size(); ++i, ++at) {
        const double argument = v / dim_t[i], r = i % 2 == 0 ? std::sin(argument) : std::cos(argument);
        out.encoding.data[at] = r;
        error[0][at] = std::isnan(r) ? 0 : std::abs(argument) * temperature_share[i] + std::abs(r);
      }
    }
}

/// A sine or a cosine an element, and half a division, which the two share.
Cost Query::cost(const Params& params, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t read = in.pos.shape.elements(), written = infer(params, in)[0].elements();
  return {static_cast<double>((read + written) * element_bytes), 1.5 * static_cast<double>(written)};
}

std::vector<CaseOf<Query>> Query::cases() {
  const Params dino{.temperature = 20};
  return {query_case("match_b8_q100", "Conditional-DETR: 8 images of 100 reference points", {100, 8, 2}, {},
                     Tier::workload),
          query_case("match_b2_q300", "DAB-DETR: 2 images of 300 anchor boxes", {300, 2, 4}, {}, Tier::workload),
          query_case("match_b2_q900", "DINO: 2 images of 900 anchor boxes", {900, 2, 4}, {}, Tier::workload),
          query_case("temperature_20", "wavelengths from 1 to 20, as DAB-DETR's encoder has them", {7, 3, 4}, dino),
          query_case("unequal_extents", "queries, images and coordinates of unequal number", {5, 3, 2},
                     {.num_pos_feats = 6}),
          query_case("smallest", "one query, one pair of channels", {1, 1, 2}, {.num_pos_feats = 2}),
          query_case("odd_tails_f34", "17 pairs of channels, no whole number of vectors", {11, 3, 4},
                     {.num_pos_feats = 34}),
          query_case("scale_1", "a scale that is not the default", {7, 5, 4}, {.num_pos_feats = 10, .scale = 1})};
}

Domain Query::domain() {
  const auto within_unit = [](const TensorRef& pos) { return values::magnitude(pos) <= 1; };
  std::vector<ValueClass> pos = values::reals(
      Uniform{}, {"equal", "ties", "ascending", "descending", "small", "outlier_last", "minus_zero", "subnormal"});
  pos.push_back(values::always("ends", Choice{{0, 0.5, 1}}, within_unit));
  const ExtentRange coordinates{"n", {4, 2}, {}, 2, 2};
  return {
      .extents = {counts("Q"), counts("B"), coordinates, even_extents("num_pos_feats")},
      .parameters = {reals("temperature", {10000, 20, 1, 0.5, 1e9}), reals("scale", {Params{}.scale, 1, -1, 0, 1000})},
      .fields = {{"pos", pos}},
      .independent = "Q"};
}

}  // namespace assay
