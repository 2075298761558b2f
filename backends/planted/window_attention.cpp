// relative_position_index, relative_position_bias and window_softmax with every mistake a port was seen, or is likely,
// to make.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "backends/planted/planted.h"
#include "bench/planted/rounding.h"
#include "reference/window_attention/relative_position_bias.h"
#include "reference/window_attention/relative_position_index.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::planted {
namespace {

constexpr std::int64_t vector_lanes = 8;  // of a 256-bit vector of float32

// ---- relative_position_index ----

struct IndexMistake {
  enum class Formula : std::uint8_t {
    right,
    transposed,
    width_major,
    stride_of_height,
    stride_one_more,
    stride_of_window,
    no_offset,
    offsets_swapped,
    offset_of_height_alone,
    offset_of_width_alone,
    columns_first,
    absolute,
    one_more,
    from_the_end
  } formula{};
  enum class Store : std::uint8_t { int64, in_8_bits, in_half, in_bfloat16, int32_pairs, first_query_alone } store{};
};

/// The entry for tokens i and j: right, or as a mistake has it.
std::int64_t entry_of(IndexMistake::Formula mistake, std::int64_t i, std::int64_t j, std::int64_t Wh, std::int64_t Ww) {
  using Formula = IndexMistake::Formula;
  if (mistake == Formula::transposed) std::swap(i, j);
  const std::int64_t per_line = mistake == Formula::columns_first ? Wh : Ww;
  std::int64_t down = i / per_line - j / per_line, across = i % per_line - j % per_line;
  if (mistake == Formula::columns_first) std::swap(down, across);
  if (mistake == Formula::absolute) down = std::abs(down), across = std::abs(across);
  std::int64_t from_h = Wh - 1, from_w = Ww - 1, stride = 2 * Ww - 1;
  switch (mistake) {
    case Formula::width_major: return (across + from_w) * (2 * Wh - 1) + down + from_h;
    case Formula::stride_of_height: stride = 2 * Wh - 1; break;
    case Formula::stride_one_more: stride = 2 * Ww; break;
    case Formula::stride_of_window: stride = Ww; break;
    case Formula::no_offset: from_h = from_w = 0; break;
    case Formula::offsets_swapped: std::swap(from_h, from_w); break;
    case Formula::offset_of_height_alone: from_w = 0; break;
    case Formula::offset_of_width_alone: from_h = 0; break;
    default: break;
  }
  const std::int64_t entry = (down + from_h) * stride + across + from_w;
  if (mistake == Formula::from_the_end) return (2 * Wh - 1) * (2 * Ww - 1) - entry;
  return mistake == Formula::one_more ? entry + 1 : entry;
}

std::int64_t stored(IndexMistake::Store mistake, std::int64_t entry) {
  using Store = IndexMistake::Store;
  if (mistake == Store::in_8_bits) return entry % 256;
  if (mistake == Store::in_half) return static_cast<std::int64_t>(rounded(Format::half, static_cast<double>(entry)));
  if (mistake == Store::in_bfloat16)
    return static_cast<std::int64_t>(rounded(Format::bfloat16, static_cast<double>(entry)));
  return entry;
}

template <IndexMistake mistake>
void relative_position_index(const RelativePositionIndex::Params& params, const RelativePositionIndex::Inputs<float>&,
                             const RelativePositionIndex::Outputs<float>& out) {
  using Store = IndexMistake::Store;
  const std::int64_t Wh = params.window_h, Ww = params.window_w, N = Wh * Ww;
  auto* bytes = reinterpret_cast<char*>(out.index.data);
  for (std::int64_t i = 0; i < (mistake.store == Store::first_query_alone ? 1 : N); ++i)
    for (std::int64_t j = 0; j < N; ++j) {
      const std::int64_t entry = stored(mistake.store, entry_of(mistake.formula, i, j, Wh, Ww));
      const auto narrow = static_cast<std::int32_t>(entry);
      if (mistake.store == Store::int32_pairs) {
        std::memcpy(bytes + (i * N + j) * 4, &narrow, sizeof narrow);
      } else {
        out.index.data[i * N + j] = entry;
      }
    }
}

void plant_relative_position_index(Garden& garden) {
  using M = IndexMistake;
  using F = M::Formula;
  plant<RelativePositionIndex, float>(
      garden, "window attention",
      {
          {"control", "", relative_position_index<M{}>},
          {"transposed", "i and j swapped", relative_position_index<M{.formula = F::transposed}>},
          {"width_major", "width before height", relative_position_index<M{.formula = F::width_major}>},
          {"stride_2Wh", "stride 2Wh - 1", relative_position_index<M{.formula = F::stride_of_height}>},
          {"stride_2Ww", "stride 2Ww", relative_position_index<M{.formula = F::stride_one_more}>},
          {"stride_Ww", "stride Ww", relative_position_index<M{.formula = F::stride_of_window}>},
          {"no_offset", "distances not shifted to start at 0", relative_position_index<M{.formula = F::no_offset}>},
          {"offsets_swapped", "Ww - 1 added to h, Wh - 1 to w",
           relative_position_index<M{.formula = F::offsets_swapped}>},
          {"offset_h", "only h shifted", relative_position_index<M{.formula = F::offset_of_height_alone}>},
          {"offset_w", "only w shifted", relative_position_index<M{.formula = F::offset_of_width_alone}>},
          {"columns_first", "tokens numbered down columns", relative_position_index<M{.formula = F::columns_first}>},
          {"absolute", "distances without their sign", relative_position_index<M{.formula = F::absolute}>},
          {"one_more", "entries counted from 1", relative_position_index<M{.formula = F::one_more}>},
          {"from_the_end", "entries counted from the end", relative_position_index<M{.formula = F::from_the_end}>},
          {"in_8_bits", "entries kept in 8 bits", relative_position_index<M{.store = M::Store::in_8_bits}>},
          {"in_half", "entries kept in float16", relative_position_index<M{.store = M::Store::in_half}>},
          {"in_bfloat16", "entries kept in bfloat16", relative_position_index<M{.store = M::Store::in_bfloat16}>},
          {"int32", "I64 written as int32", relative_position_index<M{.store = M::Store::int32_pairs}>},
          {"one_query", "only the first query's row written",
           relative_position_index<M{.store = M::Store::first_query_alone}>},
      });
}

// ---- relative_position_bias ----

struct BiasMistake {
  IndexMistake::Formula index{};
  enum class Table : std::uint8_t { right, head_major, first_head, heads_reversed } table{};
  enum class Place : std::uint8_t { right, head_innermost, all_but_last_query, beyond_the_end } place{};
  enum class Value : std::uint8_t { same, plus_zero, flushed, sigmoid } value{};
  Format format = Format::full;
  bool reads_beyond = false;
};

float passed_on(const BiasMistake& mistake, float value) {
  using Value = BiasMistake::Value;
  if (mistake.value == Value::plus_zero) return value + 0.0F;
  if (mistake.value == Value::flushed && std::abs(value) < std::numeric_limits<float>::min())
    return std::copysign(0.0F, value);
  if (mistake.value == Value::sigmoid) return 16 / (1 + std::exp(-value));  // as Swin V2 does before it adds the bias
  return mistake.format == Format::full ? value
                                        : static_cast<float>(rounded(mistake.format, static_cast<double>(value)));
}

void gather_bias(const BiasMistake& mistake, const RelativePositionBias::Params& params,
                 const RelativePositionBias::Inputs<float>& in, const RelativePositionBias::Outputs<float>& out) {
  using Table = BiasMistake::Table;
  using Place = BiasMistake::Place;
  const std::int64_t Wh = params.window_h, Ww = params.window_w, N = Wh * Ww;
  const std::int64_t entries = in.table.shape[0], heads = in.table.shape[1], pairs = heads * N * N;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N - (mistake.place == Place::all_but_last_query); ++i)
      for (std::int64_t j = 0; j < N; ++j) {
        // wrapped round, so that a wrong entry is still one of the table
        const std::int64_t entry = (entry_of(mistake.index, i, j, Wh, Ww) % entries + entries) % entries;
        std::int64_t column = head;
        if (mistake.table == Table::first_head) column = 0;
        if (mistake.table == Table::heads_reversed) column = heads - 1 - head;
        const std::int64_t from =
            mistake.table == Table::head_major ? column * entries + entry : entry * heads + column;
        const std::int64_t to =
            mistake.place == Place::head_innermost ? (i * N + j) * heads + head : (head * N + i) * N + j;
        out.bias.data[to] = passed_on(mistake, in.table.data[from]);
      }
  for (std::int64_t at = pairs; mistake.place == Place::beyond_the_end && at % vector_lanes != 0; ++at)
    out.bias.data[at] = 0;
  for (std::int64_t at = entries * heads; mistake.reads_beyond && at % vector_lanes != 0; ++at)
    [[maybe_unused]] const volatile float lost = const_cast<const volatile float*>(in.table.data)[at];
}

template <BiasMistake mistake>
void relative_position_bias(const RelativePositionBias::Params& params, const RelativePositionBias::Inputs<float>& in,
                            const RelativePositionBias::Outputs<float>& out) {
  gather_bias(mistake, params, in, out);
}

void plant_relative_position_bias(Garden& garden) {
  using M = BiasMistake;
  using F = IndexMistake::Formula;
  plant<RelativePositionBias, float>(
      garden, "window attention",
      {
          {"control", "", relative_position_bias<M{}>},
          {"transposed", "i and j swapped", relative_position_bias<M{.index = F::transposed}>},
          {"width_major", "width before height", relative_position_bias<M{.index = F::width_major}>},
          {"stride_2Wh", "stride 2Wh - 1", relative_position_bias<M{.index = F::stride_of_height}>},
          {"no_offset", "distances not shifted to start at 0", relative_position_bias<M{.index = F::no_offset}>},
          {"columns_first", "tokens numbered down columns", relative_position_bias<M{.index = F::columns_first}>},
          {"absolute", "distances without their sign", relative_position_bias<M{.index = F::absolute}>},
          {"one_more", "the entry after the right one", relative_position_bias<M{.index = F::one_more}>},
          {"head_major", "table read head-major", relative_position_bias<M{.table = M::Table::head_major}>},
          {"first_head", "the first head's bias for all", relative_position_bias<M{.table = M::Table::first_head}>},
          {"heads_reversed", "heads in reverse", relative_position_bias<M{.table = M::Table::heads_reversed}>},
          {"head_innermost", "result written as N N heads",
           relative_position_bias<M{.place = M::Place::head_innermost}>},
          {"last_query", "the last query left out", relative_position_bias<M{.place = M::Place::all_but_last_query}>},
          {"plus_zero", "0 added: -0 is lost", relative_position_bias<M{.value = M::Value::plus_zero}>},
          {"flushed", "subnormal values flushed to 0", relative_position_bias<M{.value = M::Value::flushed}>},
          {"sigmoid", "16*sigmoid, as in Swin V2", relative_position_bias<M{.value = M::Value::sigmoid}>},
          {"tf32", "values through TF32", relative_position_bias<M{.format = Format::tf32}>},
          {"half", "values through float16", relative_position_bias<M{.format = Format::half}>},
          {"bfloat16", "values through bfloat16", relative_position_bias<M{.format = Format::bfloat16}>},
          {"overrun", "the last vector stored whole", relative_position_bias<M{.place = M::Place::beyond_the_end}>,
           wrote_beyond},
          {"overread", "the last vector loaded whole", relative_position_bias<M{.reads_beyond = true}>, read_beyond},
      });
}

// ---- window_softmax ----

struct SoftmaxMistake {
  enum class Bias : std::uint8_t {
    right,
    dropped,
    twice,
    subtracted,
    first_head,
    transposed,
    head_innermost,
    to_first_window,
    after
  } bias{};
  enum class Mask : std::uint8_t {
    right,
    dropped,
    twice,
    transposed,
    of_first_window,
    by_image,
    modulo_images,
    to_first_image,
    to_first_head,
    windows_outermost,
    by_head,
    minus_infinity,
    zeroed_after,
    kept_where_set
  } mask{};
  enum class Maximum : std::uint8_t {
    of_row,
    none,
    from_zero,
    of_window,
    of_first_key,
    of_all_but_last,
    of_first_32
  } maximum{};
  enum class Exp : std::uint8_t { right, within_2_12, bits, limit, base_two, cut_at_20, clamped_to_80, sigmoid } exp{};
  enum class Sum : std::uint8_t {
    right,
    in_half,
    in_bfloat16,
    last_key_left_out,
    of_first_32,
    padding_keys_too,
    one_more,
    not_rescaled,
    carried_over,
    none
  } sum{};
  enum class Divide : std::uint8_t { right, reciprocal_in_12_bits, small_to_zero, logarithm } divide{};
  enum class Axis : std::uint8_t { keys, queries, heads } axis{};
  enum class Write : std::uint8_t {
    right,
    last_key_left_out,
    last_window_left_out,
    transposed,
    beyond_the_end,
    in_place
  } write{};
  enum class Infinity : std::uint8_t { right, infinite_row_is_zero, infinity_is_finite } infinity{};
  bool scaled = false;
  Format scores = Format::full, logits = Format::full, exponentials = Format::full, probs = Format::full;
};

using Softmax = WindowSoftmax;

/// Which window of the mask goes with window w of the batch.
std::int64_t mask_window(SoftmaxMistake::Mask mistake, std::int64_t w, std::int64_t head, std::int64_t all,
                         std::int64_t windows) {
  using Mask = SoftmaxMistake::Mask;
  if (mistake == Mask::of_first_window) return 0;
  if (mistake == Mask::by_image) return w / windows % windows;
  if (mistake == Mask::modulo_images) return w % (all / windows) % windows;
  if (mistake == Mask::windows_outermost) return w / (all / windows);
  if (mistake == Mask::by_head) return head % windows;
  return w % windows;
}

double bias_of(const SoftmaxMistake& mistake, const Softmax::Inputs<float>& in, std::int64_t w, std::int64_t head,
               std::int64_t i, std::int64_t j) {
  using Bias = SoftmaxMistake::Bias;
  if (mistake.bias == Bias::to_first_window && w > 0) return 0;
  if (!in.bias || mistake.bias == Bias::dropped || mistake.bias == Bias::after) return 0;
  const std::int64_t heads = in.bias->shape[0], N = in.bias->shape[1];
  if (mistake.bias == Bias::transposed) std::swap(i, j);
  std::int64_t at = ((mistake.bias == Bias::first_head ? 0 : head) * N + i) * N + j;
  if (mistake.bias == Bias::head_innermost) at = (i * N + j) * heads + head;
  const auto value = static_cast<double>(in.bias->data[at]);
  return mistake.bias == Bias::twice ? 2 * value : mistake.bias == Bias::subtracted ? -value : value;
}

/// The mask's value before it is used.
double raw_mask(const SoftmaxMistake& mistake, const Softmax::Inputs<float>& in, std::int64_t w, std::int64_t head,
                std::int64_t i, std::int64_t j) {
  using Mask = SoftmaxMistake::Mask;
  if (!in.mask) return 0;
  if (mistake.mask == Mask::to_first_image && w >= in.mask->shape[0]) return 0;
  if (mistake.mask == Mask::to_first_head && head > 0) return 0;
  const std::int64_t N = in.mask->shape[1];
  if (mistake.mask == Mask::transposed) std::swap(i, j);
  const std::int64_t window = mask_window(mistake.mask, w, head, in.scores.shape[0], in.mask->shape[0]);
  return static_cast<double>(in.mask->data[(window * N + i) * N + j]);
}

double mask_of(const SoftmaxMistake& mistake, double raw) {
  using Mask = SoftmaxMistake::Mask;
  switch (mistake.mask) {
    case Mask::dropped:
    case Mask::zeroed_after: return 0;
    case Mask::twice: return 2 * raw;
    case Mask::minus_infinity: return raw < -50 ? -INFINITY : raw;
    case Mask::kept_where_set: return raw != 0 ? 0 : -100;
    default: return raw;
  }
}

/// e^x: right, or as a mistake has it.
double exponential(SoftmaxMistake::Exp mistake, double x) {
  using Exp = SoftmaxMistake::Exp;
  switch (mistake) {
    case Exp::right:
    case Exp::clamped_to_80: break;
    case Exp::within_2_12: return std::exp(x) * (1 + 0x1p-12 * std::sin(64 * x));
    case Exp::bits:
      return std::exp2(std::floor(x * 1.4426950408889634)) *
             (1 + x * 1.4426950408889634 - std::floor(x * 1.4426950408889634));  // Schraudolph 1999
    case Exp::limit: return std::pow(std::max(1 + x / 1024, 0.0), 1024);
    case Exp::base_two: return std::exp2(x);
    case Exp::cut_at_20: return x < -20 ? 0 : std::exp(x);
    case Exp::sigmoid: return 1 / (1 + std::exp(-x));
  }
  return static_cast<double>(std::exp(static_cast<float>(x)));
}

/// Elements that are brought to a sum of one: `length` of them, `step` apart.
struct Group {
  std::int64_t first, step, length;
};

double maximum_of(SoftmaxMistake::Maximum mistake, const std::vector<double>& logits, const Group& group) {
  using Maximum = SoftmaxMistake::Maximum;
  if (mistake == Maximum::none) return 0;
  if (mistake == Maximum::of_window) return *std::max_element(logits.begin(), logits.end());
  double most = mistake == Maximum::from_zero ? 0 : logits[static_cast<std::size_t>(group.first)];
  if (mistake == Maximum::of_first_key) return most;
  std::int64_t length = group.length;
  if (mistake == Maximum::of_all_but_last) --length;
  if (mistake == Maximum::of_first_32) length = std::min<std::int64_t>(length, 32);  // a warp's lanes
  for (std::int64_t k = 0; k < length; ++k)
    most = std::max(most, logits[static_cast<std::size_t>(group.first + k * group.step)]);
  return most;
}

/// Normalises the groups of one window, heads × N × N logits.
class Normaliser {
 public:
  explicit Normaliser(const SoftmaxMistake& mistake) : mistake_(mistake) {}

  void operator()(const std::vector<double>& logits, const Group& group, std::vector<double>& probs) {
    const double most = maximum_of(mistake_.maximum, logits, group);
    const auto at = [&](std::int64_t k) { return static_cast<std::size_t>(group.first + k * group.step); };
    for (std::int64_t k = 0; k < group.length; ++k)
      probs[at(k)] = rounded(mistake_.exponentials, exponential(mistake_.exp, logits[at(k)] - most));
    sum_up(logits, group, probs, most);
    const bool infinite = mistake_.infinity == SoftmaxMistake::Infinity::infinite_row_is_zero && most == -INFINITY;
    for (std::int64_t k = 0; k < group.length; ++k) probs[at(k)] = infinite ? 0 : share(probs[at(k)]);
  }

 private:
  void sum_up(const std::vector<double>& logits, const Group& group, const std::vector<double>& exponentials,
              double most) {
    using Sum = SoftmaxMistake::Sum;
    const Format format = mistake_.sum == Sum::in_half       ? Format::half
                          : mistake_.sum == Sum::in_bfloat16 ? Format::bfloat16
                                                             : Format::full;
    if (mistake_.sum != Sum::carried_over) sum_ = 0;
    double running = -INFINITY;
    std::int64_t length = group.length;
    if (mistake_.sum == Sum::last_key_left_out && length > 1) --length;
    if (mistake_.sum == Sum::of_first_32) length = std::min<std::int64_t>(length, 32);
    for (std::int64_t k = 0; k < length; ++k) {
      const auto at = static_cast<std::size_t>(group.first + k * group.step);
      running = std::max(running, logits[at]);
      const double term =
          mistake_.sum == Sum::not_rescaled ? exponential(mistake_.exp, logits[at] - running) : exponentials[at];
      sum_ = rounded(format, sum_ + term);
    }
    const std::int64_t lanes_left = (vector_lanes - group.length % vector_lanes) % vector_lanes;
    if (mistake_.sum == Sum::padding_keys_too) sum_ += static_cast<double>(lanes_left) * std::exp(-most);
    if (mistake_.sum == Sum::one_more) sum_ += 1;
  }

  double share(double exponential_) const {
    using Divide = SoftmaxMistake::Divide;
    if (mistake_.sum == SoftmaxMistake::Sum::none || mistake_.exp == SoftmaxMistake::Exp::sigmoid) return exponential_;
    if (mistake_.divide == Divide::reciprocal_in_12_bits)
      return exponential_ * (1 / sum_) * (1 + 0x1p-12 * std::sin(64 * sum_));
    const double share = exponential_ / sum_;
    if (mistake_.divide == Divide::small_to_zero && share < 1e-6) return 0;
    return mistake_.divide == Divide::logarithm ? std::log(share) : share;
  }

  const SoftmaxMistake& mistake_;
  double sum_ = 0;
};

/// The groups of one window.
std::vector<Group> groups_of(SoftmaxMistake::Axis axis, std::int64_t heads, std::int64_t N) {
  using Axis = SoftmaxMistake::Axis;
  std::vector<Group> groups;
  if (axis == Axis::keys)
    for (std::int64_t row = 0; row < heads * N; ++row) groups.push_back({row * N, 1, N});
  if (axis == Axis::queries)
    for (std::int64_t column = 0; column < heads * N; ++column)
      groups.push_back({column / N * N * N + column % N, N, N});
  if (axis == Axis::heads)
    for (std::int64_t pair = 0; pair < N * N; ++pair) groups.push_back({pair, N * N, heads});
  return groups;
}

double logit_of(const SoftmaxMistake& mistake, const Softmax::Inputs<float>& in, std::int64_t w, std::int64_t head,
                std::int64_t i, std::int64_t j) {
  const std::int64_t heads = in.scores.shape[1], N = in.scores.shape[2];
  const auto exact = static_cast<double>(in.scores.data[((w * heads + head) * N + i) * N + j]);
  double score = rounded(mistake.scores, exact);
  if (mistake.scaled) score /= std::sqrt(32.0);  // the scores hold the scale already; 32 is Swin's head dimension
  const double mask = mask_of(mistake, raw_mask(mistake, in, w, head, i, j));
  double logit = rounded(mistake.logits, score + bias_of(mistake, in, w, head, i, j) + mask);
  if (mistake.exp == SoftmaxMistake::Exp::clamped_to_80) logit = std::clamp(logit, -80.0, 80.0);
  if (mistake.infinity == SoftmaxMistake::Infinity::infinity_is_finite && logit == -INFINITY)
    logit = static_cast<double>(std::numeric_limits<float>::lowest());
  return logit;
}

/// What is done to a probability after the softmax.
double finished(const SoftmaxMistake& mistake, const Softmax::Inputs<float>& in, double prob, std::int64_t w,
                std::int64_t head, std::int64_t i, std::int64_t j) {
  if (mistake.mask == SoftmaxMistake::Mask::zeroed_after && raw_mask(mistake, in, w, head, i, j) != 0) return 0;
  if (mistake.bias == SoftmaxMistake::Bias::after && in.bias) {
    const std::int64_t N = in.bias->shape[1];
    prob += static_cast<double>(in.bias->data[(head * N + i) * N + j]);
  }
  return rounded(mistake.probs, prob);
}

void softmax(const SoftmaxMistake& mistake, const Softmax::Inputs<float>& in, const Softmax::Outputs<float>& out) {
  using Write = SoftmaxMistake::Write;
  const std::int64_t all = in.scores.shape[0], heads = in.scores.shape[1], N = in.scores.shape[2];
  std::vector<double> logits(static_cast<std::size_t>(heads * N * N)), probs(logits.size());
  const std::vector<Group> groups = groups_of(mistake.axis, heads, N);
  Normaliser normalise(mistake);
  const auto each = [&](auto&& visit) {
    std::size_t k = 0;
    for (std::int64_t head = 0; head < heads; ++head)
      for (std::int64_t i = 0; i < N; ++i)
        for (std::int64_t j = 0; j < N; ++j) visit(k++, head, i, j);
  };
  for (std::int64_t w = 0; w < all - (mistake.write == Write::last_window_left_out); ++w) {
    const std::int64_t first = w * heads * N * N;
    each([&](std::size_t k, std::int64_t head, std::int64_t i, std::int64_t j) {
      logits[k] = logit_of(mistake, in, w, head, i, j);
    });
    for (const Group& group : groups) normalise(logits, group, probs);
    each([&](std::size_t k, std::int64_t head, std::int64_t i, std::int64_t j) {
      if (mistake.write == Write::last_key_left_out && j == N - 1) return;
      const std::int64_t to =
          mistake.write == Write::transposed ? (head * N + j) * N + i : static_cast<std::int64_t>(k);
      out.probs.data[first + to] = static_cast<float>(finished(mistake, in, probs[k], w, head, i, j));
      if (mistake.write == Write::in_place)
        const_cast<float*>(in.scores.data)[first + static_cast<std::int64_t>(k)] = static_cast<float>(logits[k]);
    });
  }
  for (std::int64_t at = all * heads * N * N; mistake.write == Write::beyond_the_end && at % vector_lanes != 0; ++at)
    out.probs.data[at] = 0;
}

template <SoftmaxMistake mistake>
void window_softmax(const Softmax::Params&, const Softmax::Inputs<float>& in, const Softmax::Outputs<float>& out) {
  softmax(mistake, in, out);
}

/// Changed them, or, where neither bias nor mask changes a bit, only wrote to them.
constexpr std::string_view touched_scores = " input scores";

void plant_window_softmax(Garden& garden) {
  using M = SoftmaxMistake;
  plant<Softmax, float>(
      garden, "window attention",
      {
          {"control", "", window_softmax<M{}>},
          {"bias_dropped", "bias dropped", window_softmax<M{.bias = M::Bias::dropped}>},
          {"bias_twice", "bias added twice", window_softmax<M{.bias = M::Bias::twice}>},
          {"bias_subtracted", "bias subtracted", window_softmax<M{.bias = M::Bias::subtracted}>},
          {"bias_first_head", "the first head's bias for all", window_softmax<M{.bias = M::Bias::first_head}>},
          {"bias_transposed", "bias of (j, i)", window_softmax<M{.bias = M::Bias::transposed}>},
          {"bias_innermost", "bias read as N N heads", window_softmax<M{.bias = M::Bias::head_innermost}>},
          {"bias_first_window", "bias added in the first window alone",
           window_softmax<M{.bias = M::Bias::to_first_window}>},
          {"bias_after", "bias added after the softmax", window_softmax<M{.bias = M::Bias::after}>},
          {"mask_dropped", "mask dropped", window_softmax<M{.mask = M::Mask::dropped}>},
          {"mask_twice", "mask added twice", window_softmax<M{.mask = M::Mask::twice}>},
          {"mask_transposed", "mask of (j, i)", window_softmax<M{.mask = M::Mask::transposed}>},
          {"mask_first", "the first window's mask for all", window_softmax<M{.mask = M::Mask::of_first_window}>},
          {"mask_by_image", "mask of w / nW", window_softmax<M{.mask = M::Mask::by_image}>},
          {"mask_modulo", "mask of w mod B", window_softmax<M{.mask = M::Mask::modulo_images}>},
          {"mask_outermost", "mask of w / B: windows taken as outermost",
           window_softmax<M{.mask = M::Mask::windows_outermost}>},
          {"mask_by_head", "mask of the head's number", window_softmax<M{.mask = M::Mask::by_head}>},
          {"mask_first_image", "mask added in the first image alone",
           window_softmax<M{.mask = M::Mask::to_first_image}>},
          {"mask_first_head", "mask added in the first head alone", window_softmax<M{.mask = M::Mask::to_first_head}>},
          {"mask_infinite", "-100 taken as -inf", window_softmax<M{.mask = M::Mask::minus_infinity}>},
          {"mask_after", "masked keys zeroed after the softmax", window_softmax<M{.mask = M::Mask::zeroed_after}>},
          {"mask_inverted", "keys kept where the mask is set", window_softmax<M{.mask = M::Mask::kept_where_set}>},
          {"no_maximum", "no maximum subtracted", window_softmax<M{.maximum = M::Maximum::none}>},
          {"maximum_from_zero", "maximum never below 0", window_softmax<M{.maximum = M::Maximum::from_zero}>},
          {"maximum_window", "maximum of the whole window", window_softmax<M{.maximum = M::Maximum::of_window}>},
          {"maximum_first_key", "the first key's logit for the maximum",
           window_softmax<M{.maximum = M::Maximum::of_first_key}>},
          {"maximum_tail", "maximum without the last key", window_softmax<M{.maximum = M::Maximum::of_all_but_last}>},
          {"maximum_32", "maximum of the first 32 keys", window_softmax<M{.maximum = M::Maximum::of_first_32}>},
          {"exp_2_12", "an exponential within 2^-12", window_softmax<M{.exp = M::Exp::within_2_12}>},
          {"exp_bits", "an exponential of the exponent's bits", window_softmax<M{.exp = M::Exp::bits}>},
          {"exp_limit", "(1 + x/1024)^1024 for e^x", window_softmax<M{.exp = M::Exp::limit}>},
          {"exp_base_two", "2^x for e^x", window_softmax<M{.exp = M::Exp::base_two}>},
          {"exp_cut", "e^x = 0 below -20", window_softmax<M{.exp = M::Exp::cut_at_20}>},
          {"exp_clamped", "logits clamped to +-80", window_softmax<M{.exp = M::Exp::clamped_to_80}>},
          {"sigmoid", "sigmoid for softmax", window_softmax<M{.maximum = M::Maximum::none, .exp = M::Exp::sigmoid}>},
          {"sum_half", "sum in float16", window_softmax<M{.sum = M::Sum::in_half}>},
          {"sum_bfloat16", "sum in bfloat16", window_softmax<M{.sum = M::Sum::in_bfloat16}>},
          {"sum_tail", "sum without the last key", window_softmax<M{.sum = M::Sum::last_key_left_out}>},
          {"sum_32", "sum of the first 32 keys", window_softmax<M{.sum = M::Sum::of_first_32}>},
          {"sum_padding", "sum over the lanes past the last key too",
           window_softmax<M{.sum = M::Sum::padding_keys_too}>},
          {"sum_one_more", "1 added to the sum", window_softmax<M{.sum = M::Sum::one_more}>},
          {"sum_not_rescaled", "streamed sum not rescaled to a new maximum",
           window_softmax<M{.sum = M::Sum::not_rescaled}>},
          {"sum_carried", "sum not reset between rows", window_softmax<M{.sum = M::Sum::carried_over}>},
          {"no_sum", "not divided by the sum", window_softmax<M{.sum = M::Sum::none}>},
          {"reciprocal", "a reciprocal within 2^-12", window_softmax<M{.divide = M::Divide::reciprocal_in_12_bits}>},
          {"small_to_zero", "probabilities under 1e-6 dropped", window_softmax<M{.divide = M::Divide::small_to_zero}>},
          {"logarithm", "log-softmax", window_softmax<M{.divide = M::Divide::logarithm}>},
          {"over_queries", "softmax over queries", window_softmax<M{.axis = M::Axis::queries}>},
          {"over_heads", "softmax over heads", window_softmax<M{.axis = M::Axis::heads}>},
          {"infinite_row_zero", "a row of -inf gives 0",
           window_softmax<M{.infinity = M::Infinity::infinite_row_is_zero}>},
          {"infinity_finite", "-inf taken as the lowest number",
           window_softmax<M{.infinity = M::Infinity::infinity_is_finite}>},
          {"scaled_again", "scores scaled by d^-1/2 once more", window_softmax<M{.scaled = true}>},
          {"scores_tf32", "scores in TF32", window_softmax<M{.scores = Format::tf32}>},
          {"scores_half", "scores in float16", window_softmax<M{.scores = Format::half}>},
          {"scores_bfloat16", "scores in bfloat16", window_softmax<M{.scores = Format::bfloat16}>},
          {"logits_tf32", "logits in TF32", window_softmax<M{.logits = Format::tf32}>},
          {"logits_half", "logits in float16", window_softmax<M{.logits = Format::half}>},
          {"logits_bfloat16", "logits in bfloat16", window_softmax<M{.logits = Format::bfloat16}>},
          {"exp_half", "exponentials in float16", window_softmax<M{.exponentials = Format::half}>},
          {"exp_bfloat16", "exponentials in bfloat16", window_softmax<M{.exponentials = Format::bfloat16}>},
          {"probs_tf32", "probabilities in TF32", window_softmax<M{.probs = Format::tf32}>},
          {"probs_half", "probabilities in float16", window_softmax<M{.probs = Format::half}>},
          {"probs_bfloat16", "probabilities in bfloat16", window_softmax<M{.probs = Format::bfloat16}>},
          {"tail", "the last key not written", window_softmax<M{.write = M::Write::last_key_left_out}>},
          {"last_window", "the last window left out", window_softmax<M{.write = M::Write::last_window_left_out}>},
          {"transposed", "result written as (j, i)", window_softmax<M{.write = M::Write::transposed}>},
          {"overrun", "the last vector stored whole", window_softmax<M{.write = M::Write::beyond_the_end}>,
           wrote_beyond},
          {"in_place", "logits written over the scores", window_softmax<M{.write = M::Write::in_place}>,
           touched_scores},
      });
}

}  // namespace

void plant_window_attention(Garden& garden) {
  plant_relative_position_index(garden);
  plant_relative_position_bias(garden);
  plant_window_softmax(garden);
}

}  // namespace assay::planted
