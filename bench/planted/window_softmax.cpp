// window_softmax with every mistake a port was seen, or is likely, to make.
#include "reference/window_attention/window_softmax.h"

#include <algorithm>

#include "bench/planted/planted.h"

namespace assay::bench::planted {
namespace {

using Op = WindowSoftmax;

/// The logits of one window, heads × N × N, of which `length` elements `step` apart are brought to a sum of one.
struct Group {
  const std::vector<double>& logits;
  std::int64_t first, step, length;
  double operator[](std::int64_t k) const { return logits[static_cast<std::size_t>(first + k * step)]; }
  double maximum(double most, std::int64_t keys) const {
    for (std::int64_t k = 0; k < std::min(keys, length); ++k) most = std::max(most, (*this)[k]);
    return most;
  }
};

double float32(double x) { return static_cast<double>(static_cast<float>(x)); }
double exponential(double x) { return float32(std::exp(static_cast<float>(x))); }

/// A sum of exponentials, each step kept in a format.
template <Value format>
double sum_in(const Group&, const std::vector<double>& exponentials, double, double) {
  double sum = 0;
  for (const double term : exponentials) sum = format(sum + term);
  return sum;
}
double sum_of(const std::vector<double>& exponentials, std::int64_t keys) {
  double sum = 0;
  for (std::int64_t k = 0; k < std::min(keys, static_cast<std::int64_t>(exponentials.size())); ++k)
    sum += exponentials[static_cast<std::size_t>(k)];
  return sum;
}

std::int64_t window_of(std::int64_t w, std::int64_t, std::int64_t, std::int64_t nW) { return w % nW; }

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  /// The mask for window w of all and a head, of nW; −1: none.
  std::int64_t (*mask)(std::int64_t w, std::int64_t head, std::int64_t all, std::int64_t nW) = window_of;
  bool mask_zeroes = false;  ///< masked keys become 0 after the softmax, and nothing is added
  bool (*has_bias)(std::int64_t w) = [](std::int64_t) { return true; };
  bool bias_after = false;  ///< the bias is added to the probabilities
  Value logit = same;
  double (*maximum)(const Group&) = [](const Group& row) { return row.maximum(row[0], row.length); };
  Value exponential = planted::exponential;
  Value exponential_in = same;
  double (*sum)(const Group&, const std::vector<double>& exponentials, double maximum,
                double previous_sum) = sum_in<same>;
  double (*share)(double exponential, double sum) = [](double part, double whole) { return part / whole; };
  enum class Axis : std::uint8_t { keys, queries, heads } axis = Axis::keys;
  bool minus_infinity_gives_zero = false;
};

/// The groups of one window.
std::vector<Group> groups_of(Mistake::Axis axis, const std::vector<double>& logits, std::int64_t heads,
                             std::int64_t N) {
  std::vector<Group> groups;
  if (axis == Mistake::Axis::keys)
    for (std::int64_t row = 0; row < heads * N; ++row) groups.push_back({logits, row * N, 1, N});
  if (axis == Mistake::Axis::queries)
    for (std::int64_t column = 0; column < heads * N; ++column)
      groups.push_back({logits, column / N * N * N + column % N, N, N});
  if (axis == Mistake::Axis::heads)
    for (std::int64_t pair = 0; pair < N * N; ++pair) groups.push_back({logits, pair, N * N, heads});
  return groups;
}

void normalise(const Mistake& mistake, const Group& group, double& sum, double* probs) {
  const double most = mistake.maximum(group);
  std::vector<double> exponentials;
  for (std::int64_t k = 0; k < group.length; ++k)
    exponentials.push_back(mistake.exponential_in(mistake.exponential(group[k] - most)));
  sum = mistake.sum(group, exponentials, most, sum);
  const bool zero = mistake.minus_infinity_gives_zero && most == -INFINITY;
  for (std::int64_t k = 0; k < group.length; ++k)
    probs[group.first + k * group.step] = zero ? 0 : mistake.share(exponentials[static_cast<std::size_t>(k)], sum);
}

/// One window: its logits, their shares, and what comes after.
void run_window(const Mistake& mistake, const Op::Inputs<double>& in, std::int64_t w, double& sum, double* probs) {
  const Shape& s = in.scores.shape;
  const std::int64_t heads = s[1], per_head = s[2] * s[3];
  const double *bias = in.bias ? in.bias->data : nullptr, *scores = in.scores.data + w * heads * per_head;
  std::vector<double> logits, masks;
  for (std::int64_t head = 0; head < heads; ++head) {
    const std::int64_t window = in.mask ? mistake.mask(w, head, s[0], in.mask->shape[0]) : -1;
    for (std::int64_t pair = 0; pair < per_head; ++pair) {
      masks.push_back(window < 0 ? 0 : in.mask->data[window * per_head + pair]);
      double logit = *scores++;
      if (bias != nullptr && mistake.has_bias(w) && !mistake.bias_after) logit += bias[head * per_head + pair];
      if (!mistake.mask_zeroes) logit += masks.back();
      logits.push_back(mistake.logit(logit));
    }
  }
  for (const Group& group : groups_of(mistake.axis, logits, heads, s[2])) normalise(mistake, group, sum, probs);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (mistake.mask_zeroes && masks[i] != 0) probs[i] = 0;
    if (mistake.bias_after && bias != nullptr) probs[i] += bias[i];
  }
}

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const std::int64_t windows = out.probs.shape[0], each = out.probs.shape.elements() / windows;
  double sum = 0;
  for (std::int64_t w = 0; w < windows; ++w) run_window(mistake, in, w, sum, out.probs.data + w * each);
}

const Plant<Op> plant(
    run,
    {
        wrong("bias_first_window", "bias added in the first window alone", &Mistake::has_bias,
              [](auto w) { return w == 0; }),
        wrong("bias_after", "bias added after the softmax", &Mistake::bias_after, true),
        wrong("mask_by_image", "mask of w / nW", &Mistake::mask,
              [](auto w, auto, auto, auto nW) { return w / nW % nW; }),
        wrong("mask_modulo", "mask of w mod B", &Mistake::mask,
              [](auto w, auto, auto all, auto nW) { return w % (all / nW) % nW; }),
        wrong("mask_outermost", "mask of w / B: windows taken as outermost", &Mistake::mask,
              [](auto w, auto, auto all, auto nW) { return w / (all / nW); }),
        wrong("mask_by_head", "mask of the head's number", &Mistake::mask,
              [](auto, auto head, auto, auto nW) { return head % nW; }),
        wrong("mask_first_image", "mask added in the first image alone", &Mistake::mask,
              [](auto w, auto, auto, auto nW) { return w < nW ? w : -1; }),
        wrong("mask_first_head", "mask added in the first head alone", &Mistake::mask,
              [](auto w, auto head, auto, auto nW) { return head == 0 ? w % nW : -1; }),
        wrong("mask_after", "masked keys zeroed after the softmax", &Mistake::mask_zeroes, true),
        wrong("no_maximum", "no maximum subtracted", &Mistake::maximum, [](const Group&) { return 0.0; }),
        wrong("maximum_from_zero", "maximum never below 0", &Mistake::maximum,
              [](const Group& row) { return row.maximum(0, row.length); }),
        wrong("maximum_window", "maximum of the whole window", &Mistake::maximum,
              [](const Group& row) { return *std::max_element(row.logits.begin(), row.logits.end()); }),
        wrong("maximum_first_key", "the first key's logit for the maximum", &Mistake::maximum,
              [](const Group& row) { return row[0]; }),
        wrong("maximum_tail", "maximum without the last key", &Mistake::maximum,
              [](const Group& row) { return row.maximum(row[0], row.length - 1); }),
        // a warp's lanes
        wrong("maximum_32", "maximum of the first 32 keys", &Mistake::maximum,
              [](const Group& row) { return row.maximum(row[0], 32); }),
        wrong("exp_2_12", "an exponential within 2^-12", &Mistake::exponential,
              [](double x) { return std::exp(x) * (1 + 0x1p-12 * std::sin(64 * x)); }),
        // Schraudolph 1999
        wrong("exp_bits", "an exponential of the exponent's bits", &Mistake::exponential,
              [](double x) {
                const double binary = x * 1.4426950408889634;
                return std::exp2(std::floor(binary)) * (1 + binary - std::floor(binary));
              }),
        wrong("exp_limit", "(1 + x/1024)^1024 for e^x", &Mistake::exponential,
              [](double x) { return std::pow(std::max(1 + x / 1024, 0.0), 1024); }),
        wrong("exp_base_two", "2^x for e^x", &Mistake::exponential, [](double x) { return std::exp2(x); }),
        wrong("exp_cut", "e^x = 0 below -20", &Mistake::exponential,
              [](double x) { return x < -20 ? 0 : std::exp(x); }),
        wrong("exp_clamped", "logits clamped to +-80", &Mistake::logit,
              [](double x) { return std::clamp(x, -80.0, 80.0); }),
        {{"sigmoid",
          "sigmoid for softmax",
          {.maximum = [](const Group&) { return 0.0; },
           .exponential = [](double x) { return 1 / (1 + std::exp(-x)); },
           .share = [](double sigmoid, double) { return sigmoid; }}}},
        honest("sum_float32", &Mistake::sum, sum_in<float32>),
        wrong("sum_half", "sum in float16", &Mistake::sum, sum_in<half>),
        wrong("sum_bfloat16", "sum in bfloat16", &Mistake::sum, sum_in<bfloat16>),
        wrong("sum_tail", "sum without the last key", &Mistake::sum,
              [](const Group& row, const auto& exponentials, double, double) {
                return sum_of(exponentials, std::max<std::int64_t>(row.length - 1, 1));
              }),
        wrong("sum_32", "sum of the first 32 keys", &Mistake::sum,
              [](const Group&, const auto& exponentials, double, double) { return sum_of(exponentials, 32); }),
        wrong("sum_padding", "sum over the lanes past the last key too", &Mistake::sum,
              [](const Group& row, const auto& exponentials, double maximum, double) {
                const std::int64_t lanes_left = (vector_lanes - row.length % vector_lanes) % vector_lanes;
                return sum_of(exponentials, row.length) + static_cast<double>(lanes_left) * std::exp(-maximum);
              }),
        wrong("sum_one_more", "1 added to the sum", &Mistake::sum,
              [](const Group& row, const auto& exponentials, double, double) {
                return sum_of(exponentials, row.length) + 1;
              }),
        wrong("sum_not_rescaled", "streamed sum not rescaled to a new maximum", &Mistake::sum,
              [](const Group& row, const auto&, double, double) {
                double sum = 0;
                for (std::int64_t k = 0; k < row.length; ++k)
                  sum += exponential(row[k] - row.maximum(-INFINITY, k + 1));
                return sum;
              }),
        wrong("sum_carried", "sum not reset between rows", &Mistake::sum,
              [](const Group& row, const auto& exponentials, double, double previous) {
                return previous + sum_of(exponentials, row.length);
              }),
        wrong("no_sum", "not divided by the sum", &Mistake::share,
              [](double exponential, double) { return exponential; }),
        wrong("reciprocal", "a reciprocal within 2^-12", &Mistake::share,
              [](double exponential, double sum) {
                return exponential * (1 / sum) * (1 + 0x1p-12 * std::sin(64 * sum));
              }),
        wrong("small_to_zero", "probabilities under 1e-6 dropped", &Mistake::share,
              [](double exponential, double sum) { return exponential / sum < 1e-6 ? 0 : exponential / sum; }),
        wrong("logarithm", "log-softmax", &Mistake::share,
              [](double exponential, double sum) { return std::log(exponential / sum); }),
        wrong("over_queries", "softmax over queries", &Mistake::axis, Mistake::Axis::queries),
        wrong("over_heads", "softmax over heads", &Mistake::axis, Mistake::Axis::heads),
        wrong("infinite_row_zero", "a row of -inf gives 0", &Mistake::minus_infinity_gives_zero, true),
        rounded("logits", "logits", &Mistake::logit),
        rounded("exp", "exponentials", &Mistake::exponential_in),
    },
    {
        without_input("bias_dropped", "bias dropped", "bias"),
        input("bias_twice", "bias added twice", "bias", [](double bias) { return 2 * bias; }),
        input("bias_subtracted", "bias subtracted", "bias", [](double bias) { return -bias; }),
        input_from("bias_first_head", "the first head's bias for all", "bias", first_slice),
        input_from("bias_transposed", "bias of (j, i)", "bias", last_axes_swapped),
        input_from("bias_innermost", "bias read as N N heads", "bias", first_axis_innermost),
        without_input("mask_dropped", "mask dropped", "mask"),
        input("mask_twice", "mask added twice", "mask", [](double mask) { return 2 * mask; }),
        input_from("mask_transposed", "mask of (j, i)", "mask", last_axes_swapped),
        input_from("mask_first", "the first window's mask for all", "mask", first_slice),
        input("mask_infinite", "-100 taken as -inf", "mask", [](double mask) { return mask < -50 ? -INFINITY : mask; }),
        input("mask_inverted", "keys kept where the mask is set", "mask",
              [](double mask) { return mask != 0 ? 0.0 : -100.0; }),
        input("infinity_finite", "-inf taken as the lowest number", "scores", finite),
        input("scaled_again", "scores scaled by d^-1/2 once more", "scores",  // 32 is Swin's head dimension
              [](double score) { return score / std::sqrt(32.0); }),
        rounded_input("scores"),
        rounded_output("probs"),
        last_column_stale(),
        last_image_stale(),
        output_from("transposed", "result written as (j, i)", "probs", last_axes_swapped),
        overrun("probs"),
        input_changed("scores"),
    });

}  // namespace
}  // namespace assay::bench::planted
