// Validation, oracle, error scale, cost and cases of window_softmax.
#include "reference/window_attention/window_softmax.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reference/value_classes.h"
#include "reference/window_attention/window.h"

namespace assay {
namespace {

/// `images` images of `windows` windows. The shift mask has the values Swin gives it, 0 and −100.
CaseOf<WindowSoftmax> softmax_case(std::string name, std::string_view source, std::int64_t images, std::int64_t windows,
                                   std::int64_t heads, std::int64_t tokens, bool with_mask) {
  CaseOf<WindowSoftmax> made{std::move(name), std::string(source), {}, {}};
  made.inputs.push_back({"scores", {images * windows, heads, tokens, tokens}, Normal{0, 2}});
  made.inputs.push_back({"bias", {heads, tokens, tokens}, Normal{0, 0.5}});
  if (with_mask) made.inputs.push_back({"mask", {windows, tokens, tokens}, Choice{{0, 0, -100}}});
  return made;
}

// ---- the oracle, one row at a time ----

/// One row's logits t = s + b + m and A = |s + b| + |t|, the absolute error (in u) that the two additions can leave in
/// t; without bias or mask the addition is not there and leaves none.
struct Row {
  std::vector<double> logits, addition_error;
};

void load_row(Row& row, const double* scores, const double* bias, const double* mask) {
  for (std::size_t j = 0; j < row.logits.size(); ++j) {
    const double biased = scores[j] + (bias != nullptr ? bias[j] : 0.0);
    const double logit = biased + (mask != nullptr ? mask[j] : 0.0);
    row.logits[j] = logit;
    row.addition_error[j] = (bias != nullptr ? std::abs(biased) : 0.0) + (mask != nullptr ? std::abs(logit) : 0.0);
  }
}

/// probs and S = r(2 + 0.4·√min(N, 4096) + |t − max| + A + Σ r_j A_j). The relative error of exp is that of its
/// argument taken absolutely, which the subtraction of the maximum (|t − max|) and the additions (A) leave; the
/// denominator's is their mean under r. The exponential and the division round too: 2. The denominator is a sum of N
/// terms: 4·√min(N, 4096)·u, a tenth of it here because c is 10. Without it a float32 loop that adds one term after the
/// other needs 16·u·S at N = 1025.
void softmax_row(const Row& row, double* probs, double* scale) {
  const std::size_t N = row.logits.size();
  double most = row.logits[0];
  for (const double logit : row.logits) most = std::isnan(logit) ? logit : std::max(most, logit);
  double sum = 0;
  for (std::size_t j = 0; j < N; ++j) sum += probs[j] = std::exp(row.logits[j] - most);
  double mean_addition_error = 0;
  for (std::size_t j = 0; j < N; ++j) {
    probs[j] /= sum;
    if (probs[j] > 0) mean_addition_error += probs[j] * row.addition_error[j];
  }
  const double roundings = 2 + 0.4 * std::sqrt(std::min(static_cast<double>(N), 4096.0));
  for (std::size_t j = 0; j < N; ++j) {
    const bool weighs = probs[j] > 0;  // a logit of −∞ gives an exact zero, a row of them or a NaN gives NaN
    const double relative = roundings + std::abs(row.logits[j] - most) + row.addition_error[j] + mean_addition_error;
    scale[j] = weighs ? probs[j] * relative : 0;
  }
}

}  // namespace

std::vector<Shape> WindowSoftmax::infer(const Params&, const Inputs<double>& in) {
  const Shape& scores = in.scores.shape;
  if (in.mask && scores[0] % in.mask->shape[0] != 0) {
    reject(name, fmt::format("input scores has shape {}, whose {} windows are not a multiple of the {} of mask {}",
                             to_string(scores), scores[0], in.mask->shape[0], to_string(in.mask->shape)));
  }
  return {scores};
}

void WindowSoftmax::oracle(const Params&, const Inputs<double>& in, const Outputs<double>& out, ErrorScale& error) {
  const Shape& s = in.scores.shape;
  const std::int64_t heads = s[1], N = s[2];
  Row row{std::vector<double>(static_cast<std::size_t>(N)), std::vector<double>(static_cast<std::size_t>(N))};
  for (std::int64_t w = 0; w < s[0]; ++w)
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t i = 0; i < N; ++i) {
        const std::int64_t at = ((w * heads + head) * N + i) * N;
        const double* bias = in.bias ? in.bias->data + (head * N + i) * N : nullptr;
        const double* mask = in.mask ? in.mask->data + (w % in.mask->shape[0] * N + i) * N : nullptr;
        load_row(row, in.scores.data + at, bias, mask);
        softmax_row(row, out.probs.data + at, error[0].data() + at);
      }
}

/// Five operations an element: two additions, the exponential, its sum and the division, each counted once.
Cost WindowSoftmax::cost(const Params&, const Inputs<double>& in, std::int64_t element_bytes) {
  const std::int64_t scores = in.scores.shape.elements();
  std::int64_t moved = 2 * scores;
  if (in.bias) moved += in.bias->shape.elements();
  if (in.mask) moved += in.mask->shape.elements();
  return {static_cast<double>(moved * element_bytes), 5.0 * static_cast<double>(scores)};
}

std::vector<CaseOf<WindowSoftmax>> WindowSoftmax::cases() {
  std::vector<CaseOf<WindowSoftmax>> made = {
      softmax_case("seed_2x2", "worked example: one window of 2x2", 1, 1, 1, 4, false)};
  for (const window::Stage& stage : window::stages) {
    const std::int64_t images = 2;
    made.push_back(softmax_case(std::string(stage.name), stage.source, images, stage.windows, stage.heads,
                                stage.window_h * stage.window_w, stage.windows > 1));
  }
  // 200x334 tokens padded up to windows of 7: 29 by 48 of them
  made.push_back(softmax_case("swin_dense", "Swin-T detector on 800x1333, stage 1", 1, 29 * 48, 3, 49, true));
  made.push_back(softmax_case("as_many_heads_as_windows", "bias and mask of one shape: one taken for the other", 2, 3,
                              3, 5, true));
  made.back().tier = Tier::small;
  made.push_back(softmax_case("rows_of_minus_infinity", "-inf taken as a finite number: a row of nothing else is NaN",
                              2, 4, 3, 3, false));
  made.back().inputs[0].recipe = Choice{{0, 1, -INFINITY, -INFINITY}};  // one row in eight, whatever the seed
  made.back().tier = Tier::small;
  made.push_back(softmax_case("rows_of_1025", "a denominator of 1,025 terms", 1, 1, 1, 1025, false));
  made.back().inputs.pop_back();  // a bias would hide its rounding under the addition's
  made.back().tier = Tier::small;
  return made;
}

namespace {

/// Scores of 2⁴⁰ leave nothing of a sum in float32: they are a test only where nothing is added.
bool is_a_test(const Choices& choices) {
  const bool added = !choices.is("bias", "absent") || !choices.is("mask", "absent");
  return !added || !(choices.is("scores", "large") || choices.is("scores", "largest"));
}

}  // namespace

Domain WindowSoftmax::domain() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<ValueClass> scores =
      values::reals(Normal{0, 2}, {"equal", "ties", "ascending", "descending", "large", "small", "outlier_last",
                                   "minus_zero", "subnormal", "largest", "infinite"});
  scores.push_back(values::always("minus_infinity", Choice{{0, 1, -INFINITY, -INFINITY}}, values::has(-INFINITY)));
  scores.push_back(values::always("nan_last", Outlier{{0, 2}, nan}, values::has(nan)));
  std::vector<ValueClass> bias = values::reals(Normal{0, 0.5}, {"equal", "ties"});
  bias.push_back(values::absent());
  std::vector<ValueClass> mask = {
      values::always("shifted", Choice{{0, 0, -100}}, values::has(-100)),
      values::always("none", Choice{{0}}, values::all(0)), values::always("all", Choice{{-100}}, values::all(-100)),
      values::always("minus_infinity", Choice{{0, -INFINITY}}, values::has(-INFINITY)), values::absent()};
  return {.extents = {counts("B"), counts("nW"), counts("heads"), extents("N")},
          .fields = {{"scores", scores}, {"bias", bias}, {"mask", mask}},
          .valid = is_a_test,
          .independent = "heads"};
}

}  // namespace assay
