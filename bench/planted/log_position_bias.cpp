// log_position_bias with every mistake a port was seen, or is likely, to make.
#include "reference/window_attention/log_position_bias.h"

#include <algorithm>

#include "bench/planted/planted.h"
#include "bench/planted/relative_position.h"

namespace assay::bench::planted {
namespace {

using Op = LogPositionBias;

/// A distance along an axis, with the window's extent there and that of pre-training, 0 if none is given.
struct Distance {
  double d;
  std::int64_t window, pretrained;
  /// Of the distance ±1.
  double scaled(std::int64_t extent) const { return d == 0 ? 0 : d / static_cast<double>(extent); }
  double scaled() const { return scaled((pretrained != 0 ? pretrained : window) - 1); }
};

/// The sign of `d` for the logarithm to base 8 of 1 + |d|.
double log_spaced(double d) { return std::copysign(std::log2(std::abs(d) + 1) / 3, d); }
double float32(double x) { return static_cast<double>(static_cast<float>(x)); }

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  double (*coordinate)(Distance) = [](Distance at) { return log_spaced(8 * at.scaled()); };
  bool coordinates_swapped = false;
  bool pretrained_swapped = false;
  double (*activate)(double) = [](double sum) { return std::max(sum, 0.0); };
  bool first_bias = true;
  Value unit = same;   ///< what a unit is kept in
  Value total = same;  ///< what the sum over units is kept in
  double (*squash)(double) = [](double z) { return 16 / (1 + std::exp(-z)); };
  Entry entry = right_entry;
  std::int64_t (*head)(std::int64_t head, std::int64_t heads) = [](std::int64_t own, std::int64_t) { return own; };
};

/// The sums of all heads at a distance.
void evaluate(const Mistake& mistake, const Op::Inputs<double>& in, double x, double y, double* table) {
  const std::int64_t heads = in.second_weight.shape[0], D = in.second_weight.shape[1];
  if (mistake.coordinates_swapped) std::swap(x, y);
  for (std::int64_t head = 0; head < heads; ++head) {
    double sum = 0;
    for (std::int64_t m = 0; m < D; ++m) {
      const double before = in.first_weight.data[2 * m] * x + in.first_weight.data[2 * m + 1] * y +
                            (mistake.first_bias ? in.first_bias.data[m] : 0);
      const double unit = mistake.unit(mistake.activate(before));
      sum = mistake.total(sum + in.second_weight.data[head * D + m] * unit);
    }
    table[head] = mistake.squash(sum);
  }
}

void run(const Mistake& mistake, const Op::Params& params, const Op::Inputs<double>& in,
         const Op::Outputs<double>& out) {
  const std::int64_t Wh = params.window_h, Ww = params.window_w, N = Wh * Ww;
  const std::int64_t entries = (2 * Wh - 1) * (2 * Ww - 1), heads = in.second_weight.shape[0];
  std::int64_t pretrained_h = params.pretrained_window_h, pretrained_w = params.pretrained_window_w;
  if (mistake.pretrained_swapped) std::swap(pretrained_h, pretrained_w);
  std::vector<double> table(static_cast<std::size_t>(entries * heads));
  for (std::int64_t entry = 0; entry < entries; ++entry) {
    const auto down = static_cast<double>(entry / (2 * Ww - 1) - (Wh - 1)),
               across = static_cast<double>(entry % (2 * Ww - 1) - (Ww - 1));
    evaluate(mistake, in, mistake.coordinate({down, Wh, pretrained_h}), mistake.coordinate({across, Ww, pretrained_w}),
             table.data() + entry * heads);
  }
  double* bias = out.bias.data;
  for (std::int64_t head = 0; head < heads; ++head)
    for (std::int64_t i = 0; i < N; ++i)
      for (std::int64_t j = 0; j < N; ++j) {
        // wrapped round, so that a wrong entry is still one of the table
        const std::int64_t entry = (mistake.entry({i, j, Wh, Ww}) % entries + entries) % entries;
        *bias++ = table[static_cast<std::size_t>(entry * heads + mistake.head(head, heads))];
      }
}

const Plant<Op> plant(
    run,
    {
        wrong("base_e", "natural logarithm", &Mistake::coordinate,
              [](Distance at) { return std::copysign(std::log1p(std::abs(8 * at.scaled())), at.d); }),
        wrong("base_two", "not divided by 3", &Mistake::coordinate,
              [](Distance at) { return 3 * log_spaced(8 * at.scaled()); }),
        wrong("base_ten", "logarithm to base 10", &Mistake::coordinate,
              [](Distance at) { return std::copysign(std::log10(std::abs(8 * at.scaled()) + 1), at.d); }),
        wrong("linear", "no logarithm", &Mistake::coordinate, [](Distance at) { return 8 * at.scaled(); }),
        wrong("no_8", "not multiplied by 8", &Mistake::coordinate, [](Distance at) { return log_spaced(at.scaled()); }),
        wrong("no_sign", "sign lost", &Mistake::coordinate,
              [](Distance at) { return std::abs(log_spaced(8 * at.scaled())); }),
        wrong("sign_inverted", "j - i for i - j", &Mistake::coordinate,
              [](Distance at) { return -log_spaced(8 * at.scaled()); }),
        wrong("no_one", "log2(max(|d|, 1)) for log2(|d| + 1)", &Mistake::coordinate,
              [](Distance at) {
                return log_spaced(std::max(std::abs(8 * at.scaled()) - 1, 0.0)) * (at.d < 0 ? -1 : 1);
              }),
        wrong("not_scaled", "not divided by the window", &Mistake::coordinate,
              [](Distance at) { return log_spaced(at.d); }),
        wrong("by_window", "divided by the window, not by 1 less", &Mistake::coordinate,
              [](Distance at) { return log_spaced(8 * at.scaled(at.pretrained != 0 ? at.pretrained : at.window)); }),
        wrong("no_pretrained", "the pre-trained window ignored", &Mistake::coordinate,
              [](Distance at) { return log_spaced(8 * at.scaled(at.window - 1)); }),
        wrong("pretrained_whole", "divided by the pre-trained window, not by 1 less", &Mistake::coordinate,
              [](Distance at) {
                return log_spaced(8 * at.scaled(at.pretrained != 0 ? at.pretrained : at.window - 1));
              }),
        wrong("clamped", "distances beyond the pre-trained window clamped to it", &Mistake::coordinate,
              [](Distance at) { return log_spaced(8 * std::clamp(at.scaled(), -1.0, 1.0)); }),
        wrong("nan_at_one", "0/0 along an axis of one token", &Mistake::coordinate,
              [](Distance at) { return at.window == 1 && at.pretrained == 0 ? NAN : log_spaced(8 * at.scaled()); }),
        wrong("swapped", "coordinates along w and h swapped", &Mistake::coordinates_swapped, true),
        wrong("pretrained_swapped", "pre-trained height and width swapped", &Mistake::pretrained_swapped, true),
        wrong("no_relu", "no ReLU", &Mistake::activate, [](double sum) { return sum; }),
        wrong("gelu", "GELU for ReLU", &Mistake::activate,
              [](double sum) { return sum * 0.5 * std::erfc(-sum * 0.7071067811865476); }),
        wrong("leaky", "leaky ReLU", &Mistake::activate, [](double sum) { return sum < 0 ? 0.01 * sum : sum; }),
        wrong("no_first_bias", "bias of the first layer left out", &Mistake::first_bias, false),
        rounded("units", "units", &Mistake::unit),
        rounded("sums", "sums", &Mistake::total),
        honest("sum_float32", &Mistake::total, float32),
        wrong("no_sigmoid", "no sigmoid", &Mistake::squash, [](double z) { return 16 * z; }),
        wrong("no_16", "sigmoid not multiplied by 16", &Mistake::squash,
              [](double z) { return 1 / (1 + std::exp(-z)); }),
        wrong("no_squash", "neither sigmoid nor 16", &Mistake::squash, [](double z) { return z; }),
        wrong("tanh", "16*tanh", &Mistake::squash, [](double z) { return 16 * std::tanh(z); }),
        wrong("sigmoid_of_16", "sigmoid of 16 times the sum", &Mistake::squash,
              [](double z) { return 1 / (1 + std::exp(-16 * z)); }),
        // PyTorch's hard sigmoid
        wrong("hard_sigmoid", "16*clamp(z/6 + 1/2, 0, 1)", &Mistake::squash,
              [](double z) { return 16 * std::clamp(z / 6 + 0.5, 0.0, 1.0); }),
        wrong("exp_2_12", "an exponential within 2^-12", &Mistake::squash,
              [](double z) { return 16 / (1 + std::exp(-z) * (1 + 0x1p-12 * std::sin(64 * z))); }),
        wrong("transposed", "i and j swapped", &Mistake::entry, swapped_tokens),
        wrong("width_major", "width before height", &Mistake::entry, width_major),
        wrong("stride_2Wh", "stride 2Wh - 1", &Mistake::entry, stride_2Wh),
        wrong("no_offset", "distances not shifted to start at 0", &Mistake::entry, no_offset),
        wrong("columns_first", "tokens numbered down columns", &Mistake::entry, columns_first),
        wrong("first_head", "the first head's bias for all", &Mistake::head,
              [](auto, auto) { return std::int64_t{0}; }),
    },
    {
        input_from("first_transposed", "the first weight read as 2 D", "mlp.0.weight", first_axis_innermost),
        input_from("second_transposed", "the second weight read as D heads", "mlp.2.weight", first_axis_innermost),
        rounded_input("mlp.0.weight"),
        rounded_input("mlp.2.weight"),
        rounded_output("bias"),
        output_from("head_innermost", "result written as N N heads", "bias", innermost_axis_first),
        last_image_stale(),
        last_column_stale(),
        overrun("bias"),
        overread("mlp.2.weight"),
        input_changed("mlp.2.weight"),
    });

}  // namespace
}  // namespace assay::bench::planted
