// Validation, oracle, error scale, cost and cases of relative_position_index, relative_position_bias and
// window_softmax.
#include "reference/window_attention.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace assay {
namespace {

/// A Swin stage: its window, its heads and how many windows an image has there.
struct Stage {
  std::string_view name;
  std::int64_t window_h, window_w, heads, windows;
  std::string_view source;
};

constexpr std::array<Stage, 7> stages = {{
    {"ws7_h3", 7, 7, 3, 64, "Swin-T/S 224, window 7, stage 1"},
    {"ws7_h24", 7, 7, 24, 1, "Swin-T/S 224, window 7, stage 4"},
    {"ws12_h4", 12, 12, 4, 64, "Swin-B 384, window 12, stage 1"},
    {"ws12_h48", 12, 12, 48, 1, "Swin-L 384, window 12, stage 4"},
    {"ws16_h8", 16, 16, 8, 16, "Swin V2-B 256, window 16, stage 2"},
    {"ws24_h32", 24, 24, 32, 1, "Swin V2-B 384, window 24, stage 4"},
    {"ws7x12_h6", 7, 12, 6, 16, "a window that is not square, stage 2 of Swin-T/S"},
}};

/// Rejects windows that are not positive or whose N² pairs cannot be counted.
void check_window(std::string_view op, std::int64_t window_h, std::int64_t window_w) {
  require_positive(op, "window_h", window_h);
  require_positive(op, "window_w", window_w);
  std::int64_t tokens = 0, pairs = 0;
  if (__builtin_mul_overflow(window_h, window_w, &tokens) || __builtin_mul_overflow(tokens, tokens, &pairs) ||
      pairs > INT64_MAX / 8) {
    reject(op, fmt::format("a window of {}x{} has more pairs of tokens than can be addressed", window_h, window_w));
  }
}

std::int64_t table_entries(std::int64_t window_h, std::int64_t window_w) {
  return (2 * window_h - 1) * (2 * window_w - 1);
}

std::int64_t index_of(std::int64_t i, std::int64_t j, std::int64_t window_h, std::int64_t window_w) {
  const std::int64_t down = i / window_w - j / window_w, across = i % window_w - j % window_w;
  return (down + window_h - 1) * (2 * window_w - 1) + (across + window_w - 1);
}

CaseOf<RelativePositionBias> bias_case(std::string name, std::string_view source, std::int64_t window_h,
                                       std::int64_t window_w, std::int64_t heads) {
  // trunc_normal_(std=.02) in Swin; the spread of the values plays no part where they are only moved
  return {std::move(name),
          std::string(source),
          {window_h, window_w},
          {{"table", {table_entries(window_h, window_w), heads}, Normal{0, 0.02}}}};
}

/// `images` images of `windows` windows. The shift mask has the values Swin gives it, 0 and −100.
CaseOf<WindowSoftmax> softmax_case(std::string name, std::string_view source, std::int64_t images, std::int64_t windows,
                                   std::int64_t heads, std::int64_t tokens, bool with_mask) {
  CaseOf<WindowSoftmax> made{std::move(name), std::string(source), {}, {}};
  made.inputs.push_back({"scores", {images * windows, heads, tokens, tokens}, Normal{0, 2}});
  made.inputs.push_back({"bias", {heads, tokens, tokens}, Normal{0, 0.5}});
  if (with_mask) made.inputs.push_back({"mask", {windows, tokens, tokens}, Choice{{0, 0, -100}}});
  return made;
}

// ---- the oracle of window_softmax, one row at a time ----

/// One row's logits t = s + b + m and A = |s + b| + |t|, the absolute error (in u) that the two additions can leave in
/// t.
struct Row {
  std::vector<double> logits, addition_error;
};

template <class T>
void load_row(Row& row, const T* scores, const T* bias, const T* mask) {
  for (std::size_t j = 0; j < row.logits.size(); ++j) {
    const double biased = static_cast<double>(scores[j]) + (bias != nullptr ? static_cast<double>(bias[j]) : 0.0);
    const double logit = biased + (mask != nullptr ? static_cast<double>(mask[j]) : 0.0);
    row.logits[j] = logit;
    row.addition_error[j] = std::abs(biased) + std::abs(logit);
  }
}

/// probs and S = r(1 + |t − max| + A + Σ r_j A_j): the relative error of exp is that of its argument taken absolutely,
/// which the subtraction of the maximum (|t − max|) and the additions (A) leave; the denominator's is their mean under
/// r.
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
  for (std::size_t j = 0; j < N; ++j) {
    const bool weighs = probs[j] > 0;  // a logit of −∞ gives an exact zero, a row of them or a NaN gives NaN
    scale[j] =
        weighs ? probs[j] * (1 + std::abs(row.logits[j] - most) + row.addition_error[j] + mean_addition_error) : 0;
  }
}

}  // namespace

// ---- relative_position_index ----

template <class T>
std::vector<Shape> RelativePositionIndex::infer(const Params& params, const Inputs<T>&) {
  check_window(name, params.window_h, params.window_w);
  const std::int64_t N = params.window_h * params.window_w;
  return {{N, N}};
}

template <class T>
void RelativePositionIndex::oracle(const Params& params, const Inputs<T>&, const Outputs<double>& out, ErrorScale&) {
  const std::int64_t N = out.index.shape[0];
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < N; ++j) out.index.data[i * N + j] = index_of(i, j, params.window_h, params.window_w);
}

template <class T>
Cost RelativePositionIndex::cost(const Params& params, const Inputs<T>& in) {
  return {static_cast<double>(infer(params, in)[0].elements()) * sizeof(std::int64_t), 0};
}

std::vector<CaseOf<RelativePositionIndex>> RelativePositionIndex::cases() {
  std::vector<CaseOf<RelativePositionIndex>> made = {{"seed_2x2", "worked example: a table of 9 entries", {2, 2}, {}}};
  for (const Stage& stage : stages)
    made.push_back({std::string(stage.name), std::string(stage.source), {stage.window_h, stage.window_w}, {}});
  return made;
}

CaseOf<RelativePositionIndex> RelativePositionIndex::random_case(Draw& draw) {
  const std::int64_t window_h = draw.integer(1, 13);
  return {
      "", "property", {window_h, draw.integer(window_h == 1 ? 2 : 1, 13)}, {}};  // a 1x1 window has nothing but a zero
}

// ---- relative_position_bias ----

template <class T>
std::vector<Shape> RelativePositionBias::infer(const Params& params, const Inputs<T>& in) {
  check_window(name, params.window_h, params.window_w);
  const std::int64_t entries = table_entries(params.window_h, params.window_w), N = params.window_h * params.window_w;
  if (in.table.shape[0] != entries) {
    reject(name, fmt::format("input table has shape {}, but a window of {}x{} needs {} entries",
                             to_string(in.table.shape), params.window_h, params.window_w, entries));
  }
  return {{in.table.shape[1], N, N}};
}

template <class T>
void RelativePositionBias::oracle(const Params& params, const Inputs<T>& in, const Outputs<double>& out, ErrorScale&) {
  const std::int64_t heads = out.bias.shape[0], N = out.bias.shape[1];
  double* bias = out.bias.data;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j)
        *bias++ = static_cast<double>(in.table.data[index_of(i, j, params.window_h, params.window_w) * heads + head]);
}

template <class T>
Cost RelativePositionBias::cost(const Params& params, const Inputs<T>& in) {
  return {static_cast<double>(in.table.shape.elements() + infer(params, in)[0].elements()) * sizeof(T), 0};
}

std::vector<CaseOf<RelativePositionBias>> RelativePositionBias::cases() {
  std::vector<CaseOf<RelativePositionBias>> made = {
      bias_case("seed_2x2", "worked example: a table of 9 entries", 2, 2, 1)};
  for (const Stage& stage : stages)
    made.push_back(bias_case(std::string(stage.name), stage.source, stage.window_h, stage.window_w, stage.heads));
  return made;
}

CaseOf<RelativePositionBias> RelativePositionBias::random_case(Draw& draw) {
  CaseOf<RelativePositionBias> made =
      bias_case("", "property", draw.integer(1, 11), draw.integer(1, 11), draw.integer(1, 9));
  if (draw.chance(0.25)) made.inputs[0].recipe = Specials{};
  return made;
}

// ---- window_softmax ----

template <class T>
std::vector<Shape> WindowSoftmax::infer(const Params&, const Inputs<T>& in) {
  const Shape& scores = in.scores.shape;
  if (in.mask && scores[0] % in.mask->shape[0] != 0) {
    reject(name, fmt::format("input scores has shape {}, whose {} windows are not a multiple of the {} of mask {}",
                             to_string(scores), scores[0], in.mask->shape[0], to_string(in.mask->shape)));
  }
  return {scores};
}

template <class T>
void WindowSoftmax::oracle(const Params&, const Inputs<T>& in, const Outputs<double>& out, ErrorScale& error) {
  const Shape& s = in.scores.shape;
  const std::int64_t heads = s[1], N = s[2];
  Row row{std::vector<double>(static_cast<std::size_t>(N)), std::vector<double>(static_cast<std::size_t>(N))};
  for (std::int64_t w = 0; w < s[0]; ++w)
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t i = 0; i < N; ++i) {
        const std::int64_t at = ((w * heads + head) * N + i) * N;
        const T* bias = in.bias ? in.bias->data + (head * N + i) * N : nullptr;
        const T* mask = in.mask ? in.mask->data + (w % in.mask->shape[0] * N + i) * N : nullptr;
        load_row(row, in.scores.data + at, bias, mask);
        softmax_row(row, out.probs.data + at, error[0].data() + at);
      }
}

/// Five operations an element: two additions, the exponential, its sum and the division, each counted once.
template <class T>
Cost WindowSoftmax::cost(const Params&, const Inputs<T>& in) {
  const std::int64_t scores = in.scores.shape.elements();
  std::int64_t moved = 2 * scores;
  if (in.bias) moved += in.bias->shape.elements();
  if (in.mask) moved += in.mask->shape.elements();
  return {static_cast<double>(moved) * sizeof(T), 5.0 * static_cast<double>(scores)};
}

std::vector<CaseOf<WindowSoftmax>> WindowSoftmax::cases() {
  std::vector<CaseOf<WindowSoftmax>> made = {
      softmax_case("seed_2x2", "worked example: one window of 2x2", 1, 1, 1, 4, false)};
  for (const Stage& stage : stages) {
    const std::int64_t images = 2;
    made.push_back(softmax_case(std::string(stage.name), stage.source, images, stage.windows, stage.heads,
                                stage.window_h * stage.window_w, stage.windows > 1));
  }
  // 200x334 tokens padded up to windows of 7: 29 by 48 of them
  made.push_back(softmax_case("swin_dense", "Swin-T detector on 800x1333, stage 1", 1, 29 * 48, 3, 49, true));
  made.push_back(softmax_case("rows_of_minus_infinity", "-inf taken as a finite number: a row of nothing else is NaN",
                              2, 4, 3, 3, false));
  made.back().inputs[0].recipe = Choice{{0, 1, -INFINITY, -INFINITY}};  // one row in eight, whatever the seed
  made.back().tier = Tier::small;
  return made;
}

CaseOf<WindowSoftmax> WindowSoftmax::random_case(Draw& draw) {
  const std::int64_t windows = draw.integer(1, 4), heads = draw.integer(1, 5), tokens = draw.integer(1, 37);
  CaseOf<WindowSoftmax> made =
      softmax_case("", "property", draw.integer(1, 3), windows, heads, tokens, draw.chance(0.6));
  if (draw.chance(0.3)) made.inputs[0].recipe = Normal{0, 40};       // V2-sized logits: a masked key can still win
  if (draw.chance(0.3)) made.inputs.erase(made.inputs.begin() + 1);  // no bias
  return made;
}

template std::vector<Shape> RelativePositionIndex::infer(const Params&, const Inputs<float>&);
template void RelativePositionIndex::oracle(const Params&, const Inputs<float>&, const Outputs<double>&, ErrorScale&);
template Cost RelativePositionIndex::cost(const Params&, const Inputs<float>&);
template std::vector<Shape> RelativePositionBias::infer(const Params&, const Inputs<float>&);
template void RelativePositionBias::oracle(const Params&, const Inputs<float>&, const Outputs<double>&, ErrorScale&);
template Cost RelativePositionBias::cost(const Params&, const Inputs<float>&);
template std::vector<Shape> WindowSoftmax::infer(const Params&, const Inputs<float>&);
template void WindowSoftmax::oracle(const Params&, const Inputs<float>&, const Outputs<double>&, ErrorScale&);
template Cost WindowSoftmax::cost(const Params&, const Inputs<float>&);

}  // namespace assay
