// postprocess_detections with every mistake a port was seen, or is likely, to make.
#include "reference/set_prediction/postprocess_detections.h"

#include <algorithm>
#include <array>

#include "bench/planted/planted.h"
#include "reference/set_prediction/detection.h"

namespace assay::bench::planted {
namespace {

using Op = PostprocessDetections;
using detection::Box;

struct Detection {
  std::int64_t label;
  double score;
};

/// The best of the classes from `first` to before `end`, the first of them where several are.
std::int64_t best_of(const double* logits, std::int64_t first, std::int64_t end) {
  return std::max_element(logits + first, logits + end) - logits;
}
double softmax(const double* logits, std::int64_t K, std::int64_t label) {
  return detection::classes_of(logits, K).probability(logits[label]);
}

/// The extents of the images, and the one that a box belongs to.
struct Images {
  const std::int64_t* sizes;  ///< height, width of each
  std::int64_t B, b, query;
  double height(std::int64_t image) const { return static_cast<double>(sizes[2 * image]); }
  double width(std::int64_t image) const { return static_cast<double>(sizes[2 * image + 1]); }
};
using Factors = std::array<double, 4>;

/// The replaceable parts of the kernel; the defaults are right.
struct Mistake {
  Detection (*detect)(const double* logits, std::int64_t K) = [](const double* logits, std::int64_t K) {
    const std::int64_t label = best_of(logits, 0, K - 1);
    return Detection{label, softmax(logits, K, label)};
  };
  Box (*corners)(const double* box) = detection::from_centre_and_size;
  Factors (*factors)(Images) = [](Images i) {
    return Factors{i.width(i.b), i.height(i.b), i.width(i.b), i.height(i.b)};
  };
  double (*pixel)(double corner, double extent) = [](double corner, double) { return corner; };
};

void run(const Mistake& mistake, const Op::Params&, const Op::Inputs<double>& in, const Op::Outputs<double>& out) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2];
  for (std::int64_t row = 0; row < B * Q; ++row) {
    const Detection found = mistake.detect(in.logits.data + row * K, K);
    out.scores.data[row] = found.score;
    out.labels.data[row] = found.label;
    const Box box = mistake.corners(in.boxes.data + 4 * row);
    const Factors factors = mistake.factors({in.target_sizes.data, B, row / Q, row % Q});
    const double corners[] = {box.x0, box.y0, box.x1, box.y1};
    for (std::size_t i = 0; i < 4; ++i)
      out.boxes.data[4 * row + static_cast<std::int64_t>(i)] = mistake.pixel(corners[i] * factors[i], factors[i]);
  }
}

const Plant<Op> plant(
    run,
    {
        wrong("no_object_too", "the last class a label like the others", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K);
                return Detection{label, softmax(logits, K, label)};
              }),
        wrong("no_object_first", "the first class taken for no object", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 1, K);
                return Detection{label - 1, softmax(logits, K, label)};
              }),
        wrong("classes_alone", "softmax over the classes without no object", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K - 1);
                return Detection{label, softmax(logits, K - 1, label)};
              }),
        wrong("sigmoid", "sigmoid for softmax", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K - 1);
                return Detection{label, 1 / (1 + std::exp(-logits[label]))};
              }),
        wrong("logit", "the logit for its probability", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K - 1);
                return Detection{label, logits[label]};
              }),
        wrong("largest_score", "the score of no object where that is the best", &Mistake::detect,
              [](const double* logits, auto K) {
                return Detection{best_of(logits, 0, K - 1), softmax(logits, K, best_of(logits, 0, K))};
              }),
        wrong("label_off_by_one", "labels counted from 1", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K - 1);
                return Detection{label + 1, softmax(logits, K, label)};
              }),
        wrong("label_tail", "the label among the first whole vectors alone", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K - 1), whole = K / vector_lanes * vector_lanes;
                return Detection{whole == 0 ? label : best_of(logits, 0, std::min(whole, K - 1)),
                                 softmax(logits, K, label)};
              }),
        wrong("label_in_8_bits", "labels in 8 bits", &Mistake::detect,
              [](const double* logits, auto K) {
                const std::int64_t label = best_of(logits, 0, K - 1);
                return Detection{label % 256, softmax(logits, K, label)};
              }),
        honest("last_of_the_best", &Mistake::detect,
               [](const double* logits, auto K) {
                 std::int64_t label = 0;
                 for (std::int64_t k = 1; k + 1 < K; ++k) label = logits[k] >= logits[label] ? k : label;
                 return Detection{label, softmax(logits, K, label)};
               }),
        wrong("not_converted", "centre and size left as they are", &Mistake::corners, detection::from_corners),
        wrong("no_half", "the whole extent on either side of the centre", &Mistake::corners,
              [](const double* b) {
                return Box{b[0] - b[2], b[1] - b[3], b[0] + b[2], b[1] + b[3]};
              }),
        wrong("swapped_extents", "the boxes' width and height swapped", &Mistake::corners,
              [](const double* b) {
                return Box{b[0] - b[3] / 2, b[1] - b[2] / 2, b[0] + b[3] / 2, b[1] + b[2] / 2};
              }),
        wrong("height_width", "x times the height, y times the width", &Mistake::factors,
              [](Images i) {
                return Factors{i.height(i.b), i.width(i.b), i.height(i.b), i.width(i.b)};
              }),
        wrong("width_alone", "y times the width too", &Mistake::factors,
              [](Images i) {
                return Factors{i.width(i.b), i.width(i.b), i.width(i.b), i.width(i.b)};
              }),
        wrong("first_image", "the first image's size for all", &Mistake::factors,
              [](Images i) {
                return Factors{i.width(0), i.height(0), i.width(0), i.height(0)};
              }),
        wrong("by_query", "the size of the image of the query's number", &Mistake::factors,
              [](Images i) {
                const std::int64_t b = i.query % i.B;
                return Factors{i.width(b), i.height(b), i.width(b), i.height(b)};
              }),
        wrong("canvas", "the size of the padded batch", &Mistake::factors,
              [](Images i) {
                double height = 0, width = 0;
                for (std::int64_t b = 0; b < i.B; ++b) {
                  height = std::max(height, i.height(b));
                  width = std::max(width, i.width(b));
                }
                return Factors{width, height, width, height};
              }),
        wrong("not_scaled", "boxes left in 0..1", &Mistake::factors,
              [](Images) {
                return Factors{1, 1, 1, 1};
              }),
        wrong("clamped", "corners clamped to the image", &Mistake::pixel,
              [](double corner, double extent) { return std::clamp(corner, 0.0, extent); }),
        wrong("whole_pixels", "corners in whole pixels", &Mistake::pixel,
              [](double corner, double) { return std::round(corner); }),
    },
    {
        input_from("first_image_logits", "the first image's logits for all", "logits", first_slice),
        input_from("logits_transposed", "logits read as K by Q", "logits", last_axes_swapped),
        output_from("transposed", "labels written as Q by B", "labels", first_axis_innermost),
        rounded_input("logits"),
        rounded_input("boxes"),
        rounded_output("scores"),
        output("corners_tf32", "corners in TF32", "boxes", tf32),
        output("corners_half", "corners in float16", "boxes", half),
        output("corners_bfloat16", "corners in bfloat16", "boxes", bfloat16),
        last_image_stale(),
        last_column_stale(),
        tail_stale(),
        overrun("scores"),
        overread("logits"),
        input_changed("boxes"),
    });

}  // namespace
}  // namespace assay::bench::planted
