// The operators of set prediction. Boxes are turned into columns, so that vectors run over boxes; softmax and cross
// entropy work on a few rows of logits at a time, in a worker's own cache. hungarian_assignment: assignment.h.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backends/backend.h"
#include "backends/openmp/assignment.h"
#include "backends/openmp/blocks.h"
#include "backends/openmp/parallel.h"
#include "backends/openmp/simd_math.h"
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"
#include "reference/set_prediction/generalized_box_iou.h"
#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/set_prediction/matching_cost.h"
#include "reference/set_prediction/postprocess_detections.h"
#include "reference/set_prediction/set_criterion.h"

namespace assay::openmp {
namespace {

constexpr std::int64_t blocks_of(std::int64_t count, std::int64_t size) { return (count + size - 1) / size; }

/// How many rows of so many bytes a task holds.
std::int64_t rows_of_task(std::int64_t row_bytes, std::int64_t rows) {
  return std::clamp<std::int64_t>(thresholds.score_block / std::max<std::int64_t>(row_bytes, 1), 1,
                                  std::max<std::int64_t>(rows, 1));
}

// ---- boxes ----

inline float least(float a, float b) { return a < b ? a : b; }
inline float most(float a, float b) { return a < b ? b : a; }

/// A box by its corners.
struct Box {
  float x0, y0, x1, y1;
  float area() const { return (x1 - x0) * (y1 - y0); }
};

inline Box from_corners(const float* box) { return {box[0], box[1], box[2], box[3]}; }
inline Box from_centre_and_size(float cx, float cy, float w, float h) {
  return {cx - 0.5F * w, cy - 0.5F * h, cx + 0.5F * w, cy + 0.5F * h};
}
inline Box from_centre_and_size(const float* box) { return from_centre_and_size(box[0], box[1], box[2], box[3]); }

/// The extent that two boxes share along one axis, and the one that holds both.
inline float shared(float a0, float a1, float b0, float b1) { return most(least(a1, b1) - most(a0, b0), 0); }
inline float spanned(float a0, float a1, float b0, float b1) { return most(a1, b1) - least(a0, b0); }
inline float giou_of(float overlap, float hull, float areas) {
  const float united = areas - overlap;
  return overlap / united - (hull - united) / hull;
}
inline float generalized_iou(const Box& a, const Box& b) {
  return giou_of(shared(a.x0, a.x1, b.x0, b.x1) * shared(a.y0, a.y1, b.y0, b.y1),
                 spanned(a.x0, a.x1, b.x0, b.x1) * spanned(a.y0, a.y1, b.y0, b.y1), a.area() + b.area());
}

void box_cxcywh_to_xyxy(const BoxCxcywhToXyxy::Params&, const BoxCxcywhToXyxy::Inputs<float>& in,
                        const BoxCxcywhToXyxy::Outputs<float>& out) {
  constexpr std::int64_t bytes_of_box = 32;  // read and written
  const std::int64_t N = in.boxes.shape[0], each = rows_of_task(bytes_of_box, N);
  parallel_for(blocks_of(N, each), N * bytes_of_box, [&](std::int64_t task, int) {
    const std::int64_t begin = task * each, count = std::min(N - begin, each);
    const float* boxes = in.boxes.data + 4 * begin;
    float* corners = out.boxes.data + 4 * begin;
    for (std::int64_t i = 0; i < count; ++i) {
      const Box box = from_centre_and_size(boxes + 4 * i);
      corners[4 * i] = box.x0;
      corners[4 * i + 1] = box.y0;
      corners[4 * i + 2] = box.x1;
      corners[4 * i + 3] = box.y1;
    }
  });
}

/// Boxes that a task turns into columns: 4 KB a column.
constexpr std::int64_t tile = 1024;

/// How a table of N rows and M columns is shared: tasks of some rows and a tile of columns.
struct Tiles {
  std::int64_t N, M, width, rows;
  Tiles(std::int64_t n, std::int64_t m)
      : N(n), M(m), width(std::min(m, tile)), rows(rows_of_task(width * static_cast<std::int64_t>(sizeof(float)), n)) {}

  std::int64_t count() const { return M == 0 ? 0 : blocks_of(N, rows) * blocks_of(M, width); }
  std::int64_t first_row(std::int64_t task) const { return task / blocks_of(M, width) * rows; }
  std::int64_t end_row(std::int64_t task) const { return std::min(N, first_row(task) + rows); }
  std::int64_t first_column(std::int64_t task) const { return task % blocks_of(M, width) * width; }
  std::int64_t columns(std::int64_t task) const { return std::min(width, M - first_column(task)); }
};

/// Boxes in columns.
struct Columns {
  float *x0, *y0, *x1, *y1, *area;
  static constexpr std::int64_t floats = 5 * tile;
  explicit Columns(float* room)
      : x0(room), y0(room + tile), x1(room + 2 * tile), y1(room + 3 * tile), area(room + 4 * tile) {}
  void set(std::int64_t j, const Box& box) const {
    x0[j] = box.x0;
    y0[j] = box.y0;
    x1[j] = box.x1;
    y1[j] = box.y1;
    area[j] = box.area();
  }
  /// GIoU of box j with the box a. It loads numbers and no Box: GCC 12 keeps a Box in memory and vectorises nothing,
  /// which takes 564 µs instead of 80 µs on match_b2_q900.
  [[gnu::always_inline]] float generalized_iou_with(const Box& a, float area_a, std::int64_t j) const {
    const float b_x0 = x0[j], b_y0 = y0[j], b_x1 = x1[j], b_y1 = y1[j];
    return giou_of(shared(a.x0, a.x1, b_x0, b_x1) * shared(a.y0, a.y1, b_y0, b_y1),
                   spanned(a.x0, a.x1, b_x0, b_x1) * spanned(a.y0, a.y1, b_y0, b_y1), area_a + area[j]);
  }
};

Scratch prepare_giou(const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>&) {
  return Scratch(Columns::floats);
}

void generalized_box_iou(Scratch& scratch, const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>& in,
                         const GeneralizedBoxIou::Outputs<float>& out) {
  const Tiles tiles(in.a.shape[0], in.b.shape[0]);
  parallel_for(tiles.count(), tiles.N * tiles.M * 4, [&](std::int64_t task, int worker) {
    const Columns b(scratch[worker]);
    const std::int64_t first = tiles.first_column(task), columns = tiles.columns(task);
    for (std::int64_t j = 0; j < columns; ++j) b.set(j, from_corners(in.b.data + 4 * (first + j)));
    for (std::int64_t i = tiles.first_row(task); i < tiles.end_row(task); ++i) {
      const Box a = from_corners(in.a.data + 4 * i);
      const float area = a.area();
      float* giou = out.giou.data + i * tiles.M + first;
#pragma omp simd
      for (std::int64_t j = 0; j < columns; ++j) giou[j] = b.generalized_iou_with(a, area, j);
    }
  });
}

// ---- classes ----

/// Rows are padded to whole blocks with −∞, whose exponential is 0, so that no loop has a scalar tail.
std::int64_t padded(std::int64_t K) { return blocks_of(K, block) * block; }

/// Rows that go through each pass together: enough that one row's sum need not wait for another's, within 4 KB.
std::int64_t rows_at_once(std::int64_t K) { return std::clamp<std::int64_t>(1024 / padded(K), 1, 64); }

float largest(const float* values, std::int64_t count) {
  float most_of_all = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : most_of_all)
  for (std::int64_t k = 0; k < count; ++k) most_of_all = values[k] > most_of_all ? values[k] : most_of_all;
  return most_of_all;
}

/// A few rows of logits and what a softmax needs of them.
struct LogitRows {
  std::int64_t K, at_once;
  float *values, *most, *sum;  ///< [at_once, padded]: 16·e^(x − most); [at_once]; [at_once]: of the values

  static std::int64_t floats(std::int64_t K) { return rows_at_once(K) * (padded(K) + 2); }
  LogitRows(float* room, std::int64_t classes)
      : K(classes),
        at_once(rows_at_once(classes)),
        values(room),
        most(room + at_once * padded(K)),
        sum(most + at_once) {}

  const float* row(std::int64_t i) const { return values + i * padded(K); }
  float* row(std::int64_t i) { return values + i * padded(K); }

  void load(const float* logits, std::int64_t rows) {
    const std::int64_t whole = K / block * block;
    for (std::int64_t i = 0; i < rows; ++i) {
      const float* from = logits + i * K;
      float* to = row(i);
#pragma omp simd
      for (std::int64_t k = 0; k < whole; ++k) to[k] = from[k];
      std::fill(std::copy(from + whole, from + K, to + whole), to + padded(K), -std::numeric_limits<float>::infinity());
    }
    for (std::int64_t i = 0; i < rows; ++i) most[i] = largest(row(i), padded(K));
    for (std::int64_t i = 0; i < rows; ++i) sum[i] = exponentials_times_16(row(i), most[i], padded(K));
  }
};

// ---- matching_cost ----

/// Targets by centre and size, in columns, and the probability of each one's class.
struct TargetColumns {
  Columns corners;
  float *cx, *cy, *w, *h, *probability;
  static constexpr std::int64_t floats = Columns::floats + 5 * tile;
  explicit TargetColumns(float* room)
      : corners(room), cx(room + Columns::floats), cy(cx + tile), w(cy + tile), h(w + tile), probability(h + tile) {}
  void set(std::int64_t j, const float* box) const {
    corners.set(j, from_centre_and_size(box));
    cx[j] = box[0];
    cy[j] = box[1];
    w[j] = box[2];
    h[j] = box[3];
  }
};

struct CostWeights {
  float of_class, of_l1, of_giou;
};

/// One query against a tile of targets.
void cost_row(const float* box, const CostWeights& weights, const TargetColumns& targets, std::int64_t columns,
              float* cost) {
  const float cx = box[0], cy = box[1], w = box[2], h = box[3];
  const Box corners = from_centre_and_size(box);
  const float area = corners.area();
#pragma omp simd
  for (std::int64_t t = 0; t < columns; ++t) {
    const float distance = std::abs(cx - targets.cx[t]) + std::abs(cy - targets.cy[t]) + std::abs(w - targets.w[t]) +
                           std::abs(h - targets.h[t]);
    const float giou = targets.corners.generalized_iou_with(corners, area, t);
    cost[t] = weights.of_l1 * distance - weights.of_class * targets.probability[t] - weights.of_giou * giou;
  }
}

Scratch prepare_cost(const MatchingCost::Params&, const MatchingCost::Inputs<float>& in) {
  return Scratch(TargetColumns::floats + LogitRows::floats(in.logits.shape[2]));
}

void matching_cost(Scratch& scratch, const MatchingCost::Params& params, const MatchingCost::Inputs<float>& in,
                   const MatchingCost::Outputs<float>& out) {
  const std::int64_t K = in.logits.shape[2], T = in.labels.shape[0];
  const Tiles tiles(in.logits.shape[0] * in.logits.shape[1], T);
  const auto of_class = static_cast<float>(params.class_weight);
  // 0.8 ns for a logit or a pair, on match_b2_q900: counted as 16 bytes
  parallel_for(tiles.count(), tiles.N * (K + T) * 16, [&](std::int64_t task, int worker) {
    const TargetColumns targets(scratch[worker]);
    LogitRows rows(scratch[worker] + TargetColumns::floats, K);
    const std::int64_t first = tiles.first_column(task), columns = tiles.columns(task);
    for (std::int64_t j = 0; j < columns; ++j) targets.set(j, in.target_boxes.data + 4 * (first + j));
    for (std::int64_t i = tiles.first_row(task), end = tiles.end_row(task), count = 0; i < end; i += count) {
      count = std::min(rows.at_once, end - i);
      rows.load(in.logits.data + i * K, count);
      for (std::int64_t r = 0; r < count; ++r) {
        const float* exponentials = rows.row(r);
        for (std::int64_t j = 0; j < columns; ++j) targets.probability[j] = exponentials[in.labels.data[first + j]];
        const CostWeights weights{of_class / rows.sum[r], static_cast<float>(params.bbox_weight),
                                  static_cast<float>(params.giou_weight)};
        cost_row(in.boxes.data + 4 * (i + r), weights, targets, columns, out.cost.data + (i + r) * T + first);
      }
    }
  });
}

// ---- hungarian_assignment ----

/// Where each image's targets and pairs begin, and room for as many images as workers can have at a time.
struct Matcher {
  std::vector<std::int64_t> first_target, first_pair;
  std::vector<Assignment> assignments;
};

Matcher prepare_matcher(const HungarianAssignment::Params&, const HungarianAssignment::Inputs<float>& in) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1];
  Matcher matcher;
  matcher.assignments.resize(static_cast<std::size_t>(std::min<std::int64_t>(B, thread_count())));
  std::int64_t targets = 0, pairs = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t T_b = in.sizes.data[b];
    matcher.first_target.push_back(targets);
    matcher.first_pair.push_back(pairs);
    targets += T_b;
    pairs += std::min(Q, T_b);
    for (Assignment& assignment : matcher.assignments)
      if (T_b > 0) assignment.reserve(Q, T_b);
  }
  for (Assignment& assignment : matcher.assignments) assignment.allocate();
  return matcher;
}

void hungarian_assignment(Matcher& matcher, const HungarianAssignment::Params&,
                          const HungarianAssignment::Inputs<float>& in,
                          const HungarianAssignment::Outputs<float>& out) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1], T = in.cost.shape[2];
  // 1.2 ns for a cost, on match_b2_q900: counted as 16 bytes
  parallel_for(B, Q * T * 16, [&](std::int64_t b, int worker) {
    const std::int64_t target = matcher.first_target[static_cast<std::size_t>(b)],
                       pair = matcher.first_pair[static_cast<std::size_t>(b)];
    matcher.assignments[static_cast<std::size_t>(worker)].solve(in.cost.data + b * Q * T + target, Q, in.sizes.data[b],
                                                                T, out.query.data + pair, out.target.data + pair);
  });
}

// ---- set_criterion ----

/// Sums that a task leaves.
struct PartialSums {
  double entropy = 0, weight = 0, distance = 0, misfit = 0;
  PartialSums& operator+=(const PartialSums& other) {
    entropy += other.entropy;
    weight += other.weight;
    distance += other.distance;
    misfit += other.misfit;
    return *this;
  }
};

struct Criterion {
  Scratch scratch;
  std::vector<std::int64_t> first_query, first_target;  ///< [P]: of each pair's image, among those of the batch
  std::vector<std::int64_t> class_of;                   ///< [B·Q]
  std::vector<PartialSums> of_rows, of_pairs;           ///< by task
};

constexpr std::int64_t pairs_of_task = 512;

std::int64_t logit_rows_of_task(const Shape& logits) {
  return rows_of_task(logits[2] * static_cast<std::int64_t>(sizeof(float)), logits[0] * logits[1]);
}

Criterion prepare_criterion(const SetCriterion::Params&, const SetCriterion::Inputs<float>& in) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], P = in.query.shape[0];
  Criterion criterion;
  criterion.scratch = Scratch(LogitRows::floats(in.logits.shape[2]));
  std::int64_t before = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    const auto pairs = static_cast<std::size_t>(std::min(Q, in.sizes.data[b]));
    criterion.first_query.insert(criterion.first_query.end(), pairs, b * Q);
    criterion.first_target.insert(criterion.first_target.end(), pairs, before);
    before += in.sizes.data[b];
  }
  criterion.class_of.resize(static_cast<std::size_t>(B * Q));
  criterion.of_rows.resize(static_cast<std::size_t>(blocks_of(B * Q, logit_rows_of_task(in.logits.shape))));
  criterion.of_pairs.resize(static_cast<std::size_t>(blocks_of(P, pairs_of_task)));
  return criterion;
}

/// The losses of the boxes of some pairs, and the classes of their queries.
PartialSums compare_pairs(Criterion& criterion, const SetCriterion::Inputs<float>& in, std::int64_t begin,
                          std::int64_t end) {
  PartialSums sums;
  for (std::int64_t p = begin; p < end; ++p) {
    const std::int64_t row = criterion.first_query[static_cast<std::size_t>(p)] + in.query.data[p],
                       t = criterion.first_target[static_cast<std::size_t>(p)] + in.target.data[p];
    const float *box = in.boxes.data + 4 * row, *target = in.target_boxes.data + 4 * t;
    const Box a = from_centre_and_size(box), b = from_centre_and_size(target);
    criterion.class_of[static_cast<std::size_t>(row)] = in.labels.data[t];
    const float distance = std::abs(box[0] - target[0]) + std::abs(box[1] - target[1]) + std::abs(box[2] - target[2]) +
                           std::abs(box[3] - target[3]);
    sums.distance += static_cast<double>(distance);
    sums.misfit += 1 - static_cast<double>(generalized_iou(a, b));
  }
  return sums;
}

/// The weighted cross entropies of some queries.
PartialSums cross_entropies(const Criterion& criterion, const SetCriterion::Inputs<float>& in, double eos_coef,
                            LogitRows rows, std::int64_t begin, std::int64_t end) {
  PartialSums sums;
  const std::int64_t K = in.logits.shape[2];
  for (std::int64_t i = begin, count = 0; i < end; i += count) {
    count = std::min(rows.at_once, end - i);
    rows.load(in.logits.data + i * K, count);
    for (std::int64_t r = 0; r < count; ++r) {
      const std::int64_t target = criterion.class_of[static_cast<std::size_t>(i + r)];
      const double weight = target == K - 1 ? eos_coef : 1;
      const float log_sum = std::log(rows.sum[r] * 0.0625F);
      const float logit = in.logits.data[(i + r) * K + target];
      sums.entropy += weight * static_cast<double>(rows.most[r] - logit + log_sum);
      sums.weight += weight;
    }
  }
  return sums;
}

PartialSums total_of(const std::vector<PartialSums>& tasks) {
  PartialSums total;
  for (const PartialSums& task : tasks) total += task;
  return total;
}

void set_criterion(Criterion& criterion, const SetCriterion::Params& params, const SetCriterion::Inputs<float>& in,
                   const SetCriterion::Outputs<float>& out) {
  const std::int64_t rows = in.logits.shape[0] * in.logits.shape[1], K = in.logits.shape[2], P = in.query.shape[0];
  const std::int64_t each = logit_rows_of_task(in.logits.shape);
  std::fill(criterion.class_of.begin(), criterion.class_of.end(), K - 1);
  parallel_for(blocks_of(P, pairs_of_task), P * 64, [&](std::int64_t task, int) {
    const std::int64_t begin = task * pairs_of_task;
    criterion.of_pairs[static_cast<std::size_t>(task)] =
        compare_pairs(criterion, in, begin, std::min(P, begin + pairs_of_task));
  });
  // 0.4 to 0.8 ns for a logit, on match_b2_q900: counted as 16 bytes
  parallel_for(blocks_of(rows, each), rows * K * 16, [&](std::int64_t task, int worker) {
    const std::int64_t begin = task * each;
    criterion.of_rows[static_cast<std::size_t>(task)] = cross_entropies(
        criterion, in, params.eos_coef, LogitRows(criterion.scratch[worker], K), begin, std::min(rows, begin + each));
  });
  const PartialSums of_rows = total_of(criterion.of_rows), of_pairs = total_of(criterion.of_pairs);
  const auto boxes = static_cast<double>(std::max<std::int64_t>(in.labels.shape[0], 1));
  *out.loss_ce.data = static_cast<float>(of_rows.entropy / of_rows.weight);
  *out.loss_bbox.data = static_cast<float>(of_pairs.distance / boxes);
  *out.loss_giou.data = static_cast<float>(of_pairs.misfit / boxes);
}

// ---- postprocess_detections ----

/// The first place of a value that is there.
std::int64_t first_place(const float* values, float value) {
  for (std::int64_t begin = 0;; begin += block) {
    std::int32_t place = block;
#pragma omp simd simdlen(16) reduction(min : place)
    for (std::int32_t lane = 0; lane < block; ++lane) {
      const std::int32_t here = values[begin + lane] == value ? lane : static_cast<std::int32_t>(block);
      place = here < place ? here : place;
    }
    if (place < block) return begin + place;
  }
}

Scratch prepare_detections(const PostprocessDetections::Params&, const PostprocessDetections::Inputs<float>& in) {
  return Scratch(LogitRows::floats(in.logits.shape[2]));
}

void postprocess_detections(Scratch& scratch, const PostprocessDetections::Params&,
                            const PostprocessDetections::Inputs<float>& in,
                            const PostprocessDetections::Outputs<float>& out) {
  const std::int64_t Q = in.logits.shape[1], N = in.logits.shape[0] * Q, K = in.logits.shape[2];
  const std::int64_t each = logit_rows_of_task(in.logits.shape);
  // 0.4 to 0.8 ns for a logit, on match_b2_q900: counted as 16 bytes
  parallel_for(blocks_of(N, each), N * K * 16, [&](std::int64_t task, int worker) {
    LogitRows rows(scratch[worker], K);
    for (std::int64_t i = task * each, end = std::min(N, i + each), count = 0; i < end; i += count) {
      count = std::min(rows.at_once, end - i);
      rows.load(in.logits.data + i * K, count);
      for (std::int64_t r = 0; r < count; ++r) {
        float* exponentials = rows.row(r);
        exponentials[K - 1] = -1;  // no object is never the best
        const float best = largest(exponentials, padded(K));
        out.scores.data[i + r] = best / rows.sum[r];
        out.labels.data[i + r] = first_place(exponentials, best);
        const std::int64_t* size = in.target_sizes.data + 2 * ((i + r) / Q);
        const auto height = static_cast<float>(size[0]), width = static_cast<float>(size[1]);
        const Box box = from_centre_and_size(in.boxes.data + 4 * (i + r));
        float* corners = out.boxes.data + 4 * (i + r);
        corners[0] = box.x0 * width;
        corners[1] = box.y0 * height;
        corners[2] = box.x1 * width;
        corners[3] = box.y1 * height;
      }
    }
  });
}

const Kernels kernels([](KernelTable& table) {
  table.add<BoxCxcywhToXyxy, float>(box_cxcywh_to_xyxy);
  table.add<GeneralizedBoxIou, float>(prepare_giou, generalized_box_iou);
  table.add<MatchingCost, float>(prepare_cost, matching_cost);
  table.add<HungarianAssignment, float>(prepare_matcher, hungarian_assignment);
  table.add<SetCriterion, float>(prepare_criterion, set_criterion);
  table.add<PostprocessDetections, float>(prepare_detections, postprocess_detections);
});

}  // namespace

}  // namespace assay::openmp
