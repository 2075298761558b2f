// Boxes and classes query by query and pair by pair. hungarian_assignment, for each image, by shortest augmenting paths
// with dual potentials (Kuhn 1955, Munkres 1957; in the O(n²m) form of Jonker and Volgenant 1987). All in float64;
// costs whose sums float64 cannot tell apart are solved again in integers.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "backends/backend.h"
#include "reference/set_prediction/box_cxcywh_to_xyxy.h"
#include "reference/set_prediction/generalized_box_iou.h"
#include "reference/set_prediction/hungarian_assignment.h"
#include "reference/set_prediction/matching_cost.h"
#include "reference/set_prediction/postprocess_detections.h"
#include "reference/set_prediction/set_criterion.h"
#include "reference/wide_integer.h"

namespace assay::scalar {
namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

/// What costs and their sums are held in: float64, or integers in units of the smallest subnormal float, 2^-149. Every
/// sum of n finite floats is less than n·2^277 of these. Infinite costs stay above `infinity`, whatever is subtracted.
template <class Number>
struct Arithmetic;
template <>
struct Arithmetic<double> {
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static double number(float cost) { return static_cast<double>(cost); }
};
using Exact = WideInteger<5>;
template <>
struct Arithmetic<Exact> {
  static constexpr Exact infinity = Exact::shifted(1, 317);
  static Exact number(float cost) {
    if (std::isinf(cost)) return Exact::shifted(1, 318);
    constexpr int digits = std::numeric_limits<float>::digits;
    const int shift = cost == 0 ? 0 : std::max(std::ilogb(cost) + 150 - digits, 0);
    return Exact::shifted(static_cast<std::int64_t>(std::ldexp(static_cast<double>(cost), 149 - shift)), shift);
  }
};

/// A cost matrix of `rows` ≤ `columns`: one image's block, turned on its side where it has fewer targets than queries.
struct Matrix {
  const float* first;
  std::size_t rows, columns, row_stride, column_stride;
  float operator()(std::size_t row, std::size_t column) const {
    return first[row * row_stride + column * column_stride];
  }
};

/// Room for one assignment, reused for every image.
template <class Number>
struct Workspace {
  std::vector<Number> row_potential, column_potential, distance;
  std::vector<Number> length;                 ///< by row: of the path that matched it
  std::vector<std::size_t> row_of, previous;  ///< by column: the matched row, the column before it on the path
  std::vector<bool> done;

  void reset(const Matrix& cost) {
    row_potential.assign(cost.rows, {});
    column_potential.assign(cost.columns, {});
    row_of.assign(cost.columns, none);
    length.resize(cost.rows);
    distance.resize(cost.columns);
    previous.resize(cost.columns);
    done.resize(cost.columns);
  }
};

/// Grows the tree of shortest paths from `row` (Dijkstra on reduced costs) until it meets a column that is free.
template <class Number>
std::size_t nearest_free_column(Workspace<Number>& work, const Matrix& cost, std::size_t row) {
  using Numbers = Arithmetic<Number>;
  std::fill(work.distance.begin(), work.distance.end(), Numbers::infinity);
  std::fill(work.previous.begin(), work.previous.end(), none);
  std::fill(work.done.begin(), work.done.end(), false);
  std::size_t from = none;
  Number reached{};
  while (true) {  // each turn is done with one more column
    std::size_t nearest = none;
    for (std::size_t j = 0; j < cost.columns; ++j) {
      if (work.done[j]) continue;
      const Number through =
          reached + Numbers::number(cost(row, j)) - work.row_potential[row] - work.column_potential[j];
      if (through < work.distance[j]) {
        work.distance[j] = through;
        work.previous[j] = from;
      }
      if (nearest == none || work.distance[j] < work.distance[nearest]) nearest = j;
    }
    if (nearest == none || !(work.distance[nearest] < Numbers::infinity))        // unreached: validate() refuses this
      reject(HungarianAssignment::name, "no assignment of finite cost exists");  // unreached: validate() refuses this
    work.done[nearest] = true;
    reached = work.distance[nearest];
    if (work.row_of[nearest] == none) return nearest;
    row = work.row_of[nearest];
    from = nearest;
  }
}

/// Keeps all reduced costs non-negative, and those on matched pairs zero.
template <class Number>
void update_potentials(Workspace<Number>& work, std::size_t start, std::size_t end) {
  const Number length = work.distance[end];
  work.row_potential[start] += length;
  for (std::size_t j = 0; j < work.distance.size(); ++j) {
    if (!work.done[j] || j == end) continue;
    work.row_potential[work.row_of[j]] += length - work.distance[j];
    work.column_potential[j] -= length - work.distance[j];
  }
}

/// Matches every row.
template <class Number>
void assign(Workspace<Number>& work, const Matrix& cost) {
  work.reset(cost);
  for (std::size_t row = 0; row < cost.rows; ++row) {
    std::size_t column = nearest_free_column(work, cost, row);
    work.length[row] = work.distance[column];
    update_potentials(work, row, column);
    while (work.previous[column] != none) {
      work.row_of[column] = work.row_of[work.previous[column]];
      column = work.previous[column];
    }
    work.row_of[column] = row;
  }
}

/// Whether float64 may have lost costs that count. Path lengths add up to the total; row potentials start at a length
/// and grow, column potentials only fall, so `moved` + `deepest` bounds every sum that counts. A sum may be wrong by
/// units of 2^-53 of that. Sixteen such units are the tolerance, 2^-40 of the chosen costs, at 2^9 times these costs.
bool cancels(const Workspace<double>& work, const Matrix& cost) {
  double moved = 0, deepest = 0, chosen = 0;
  for (const double length : work.length) moved += std::abs(length);
  for (std::size_t j = 0; j < cost.columns; ++j) {
    deepest = std::max(deepest, -work.column_potential[j]);
    if (work.row_of[j] != none) chosen += static_cast<double>(std::abs(cost(work.row_of[j], j)));
  }
  return moved + deepest > 0x1p9 * chosen;
}

struct State {
  Workspace<double> work;
  Workspace<Exact> exact_work;
  std::vector<std::size_t> target_of;  ///< by query
};

/// For each column its row, or `none`.
const std::vector<std::size_t>& matched_rows(State& state, const Matrix& cost) {
  assign(state.work, cost);
  if (!cancels(state.work, cost)) return state.work.row_of;
  assign(state.exact_work, cost);
  return state.exact_work.row_of;
}

State prepare(const HungarianAssignment::Params&, const HungarianAssignment::Inputs<float>&) { return {}; }

void hungarian_assignment(State& state, const HungarianAssignment::Params&,
                          const HungarianAssignment::Inputs<float>& in,
                          const HungarianAssignment::Outputs<float>& out) {
  const std::int64_t B = in.cost.shape[0], Q = in.cost.shape[1], all = in.cost.shape[2];
  const auto queries = static_cast<std::size_t>(Q), stride = static_cast<std::size_t>(all);
  std::int64_t *query = out.query.data, *target = out.target.data;
  std::int64_t before = 0;  // targets of the images before this one: its block starts there in every row
  for (std::int64_t b = 0; b < B; ++b) {
    const auto targets = static_cast<std::size_t>(in.sizes.data[b]);
    const float* block = in.cost.data + b * Q * all + before;
    before += in.sizes.data[b];
    if (targets == 0) continue;
    if (targets > queries) {
      const std::vector<std::size_t>& query_of = matched_rows(state, {block, queries, targets, stride, 1});
      state.target_of.resize(queries);
      for (std::size_t t = 0; t < targets; ++t)
        if (query_of[t] != none) state.target_of[query_of[t]] = t;
      for (std::size_t q = 0; q < queries; ++q) {
        *query++ = static_cast<std::int64_t>(q);
        *target++ = static_cast<std::int64_t>(state.target_of[q]);
      }
    } else {
      const std::vector<std::size_t>& target_of = matched_rows(state, {block, targets, queries, 1, stride});
      for (std::size_t q = 0; q < queries; ++q) {
        if (target_of[q] == none) continue;
        *query++ = static_cast<std::int64_t>(q);
        *target++ = static_cast<std::int64_t>(target_of[q]);
      }
    }
  }
}

// ---- boxes ----

/// A box by its corners.
struct Box {
  double x0, y0, x1, y1;
  double area() const { return (x1 - x0) * (y1 - y0); }
};

Box from_corners(const float* box) {
  return {static_cast<double>(box[0]), static_cast<double>(box[1]), static_cast<double>(box[2]),
          static_cast<double>(box[3])};
}

Box from_centre_and_size(const float* box) {
  const auto [cx, cy, w, h] = from_corners(box);
  return {cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2};
}

double generalized_iou(const Box& a, const Box& b) {
  const auto extent = [](double low, double high) { return std::max(high - low, 0.0); };
  const double overlap =
      extent(std::max(a.x0, b.x0), std::min(a.x1, b.x1)) * extent(std::max(a.y0, b.y0), std::min(a.y1, b.y1));
  const double hull =
      extent(std::min(a.x0, b.x0), std::max(a.x1, b.x1)) * extent(std::min(a.y0, b.y0), std::max(a.y1, b.y1));
  const double united = a.area() + b.area() - overlap;
  return overlap / united - (hull - united) / hull;
}

double l1_distance(const float* a, const float* b) {
  double distance = 0;
  for (int i = 0; i < 4; ++i) distance += std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  return distance;
}

void box_cxcywh_to_xyxy(const BoxCxcywhToXyxy::Params&, const BoxCxcywhToXyxy::Inputs<float>& in,
                        const BoxCxcywhToXyxy::Outputs<float>& out) {
  for (std::int64_t i = 0; i < in.boxes.shape[0]; ++i) {
    const Box box = from_centre_and_size(in.boxes.data + 4 * i);
    float* corners = out.boxes.data + 4 * i;
    corners[0] = static_cast<float>(box.x0);
    corners[1] = static_cast<float>(box.y0);
    corners[2] = static_cast<float>(box.x1);
    corners[3] = static_cast<float>(box.y1);
  }
}

void generalized_box_iou(const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>& in,
                         const GeneralizedBoxIou::Outputs<float>& out) {
  const std::int64_t N = in.a.shape[0], M = in.b.shape[0];
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < M; ++j)
      out.giou.data[i * M + j] =
          static_cast<float>(generalized_iou(from_corners(in.a.data + 4 * i), from_corners(in.b.data + 4 * j)));
}

// ---- classes ----

/// The largest logit of a row, and Σ e^(x − most).
struct Softmax {
  double most, sum;
  Softmax(const float* logits, std::int64_t K)
      : most(static_cast<double>(*std::max_element(logits, logits + K))), sum(0) {
    for (std::int64_t k = 0; k < K; ++k) sum += std::exp(static_cast<double>(logits[k]) - most);
  }
  double probability(float logit) const { return std::exp(static_cast<double>(logit) - most) / sum; }
  double cross_entropy(float logit) const { return most - static_cast<double>(logit) + std::log(sum); }
};

void matching_cost(const MatchingCost::Params& params, const MatchingCost::Inputs<float>& in,
                   const MatchingCost::Outputs<float>& out) {
  const std::int64_t rows = in.logits.shape[0] * in.logits.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  for (std::int64_t row = 0; row < rows; ++row) {
    const float *logits = in.logits.data + row * K, *box = in.boxes.data + 4 * row;
    const Softmax classes(logits, K);
    for (std::int64_t t = 0; t < T; ++t) {
      const float* target = in.target_boxes.data + 4 * t;
      const double giou = generalized_iou(from_centre_and_size(box), from_centre_and_size(target));
      out.cost.data[row * T + t] = static_cast<float>(
          params.bbox_weight * l1_distance(box, target) -
          params.class_weight * classes.probability(logits[in.labels.data[t]]) - params.giou_weight * giou);
    }
  }
}

/// Room for the class of each query.
using ClassOf = std::vector<std::int64_t>;

ClassOf prepare_criterion(const SetCriterion::Params&, const SetCriterion::Inputs<float>& in) {
  return ClassOf(static_cast<std::size_t>(in.logits.shape[0] * in.logits.shape[1]));
}

void set_criterion(ClassOf& class_of, const SetCriterion::Params& params, const SetCriterion::Inputs<float>& in,
                   const SetCriterion::Outputs<float>& out) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2], T = in.labels.shape[0];
  const std::int64_t no_object = K - 1;
  std::fill(class_of.begin(), class_of.end(), no_object);
  double distance = 0, misfit = 0;
  std::int64_t pair = 0, first_target = 0;
  for (std::int64_t b = 0; b < B; ++b) {
    const std::int64_t targets = in.sizes.data[b];
    for (const std::int64_t end = pair + std::min(Q, targets); pair < end; ++pair) {
      const std::int64_t row = b * Q + in.query.data[pair], t = first_target + in.target.data[pair];
      const float *box = in.boxes.data + 4 * row, *target = in.target_boxes.data + 4 * t;
      class_of[static_cast<std::size_t>(row)] = in.labels.data[t];
      distance += l1_distance(box, target);
      misfit += 1 - generalized_iou(from_centre_and_size(box), from_centre_and_size(target));
    }
    first_target += targets;
  }
  double entropy = 0, weights = 0;
  for (std::int64_t row = 0; row < B * Q; ++row) {
    const float* logits = in.logits.data + row * K;
    const std::int64_t target = class_of[static_cast<std::size_t>(row)];
    const double weight = target == no_object ? params.eos_coef : 1;
    entropy += weight * Softmax(logits, K).cross_entropy(logits[target]);
    weights += weight;
  }
  const auto boxes = static_cast<double>(std::max<std::int64_t>(T, 1));
  *out.loss_ce.data = static_cast<float>(entropy / weights);
  *out.loss_bbox.data = static_cast<float>(distance / boxes);
  *out.loss_giou.data = static_cast<float>(misfit / boxes);
}

void postprocess_detections(const PostprocessDetections::Params&, const PostprocessDetections::Inputs<float>& in,
                            const PostprocessDetections::Outputs<float>& out) {
  const std::int64_t B = in.logits.shape[0], Q = in.logits.shape[1], K = in.logits.shape[2];
  for (std::int64_t row = 0; row < B * Q; ++row) {
    const float* logits = in.logits.data + row * K;
    const float* best = std::max_element(logits, logits + K - 1);  // the last class is no object
    out.scores.data[row] = static_cast<float>(Softmax(logits, K).probability(*best));
    out.labels.data[row] = best - logits;
    const Box box = from_centre_and_size(in.boxes.data + 4 * row);
    const auto height = static_cast<double>(in.target_sizes.data[row / Q * 2]),
               width = static_cast<double>(in.target_sizes.data[row / Q * 2 + 1]);
    float* corners = out.boxes.data + 4 * row;
    corners[0] = static_cast<float>(box.x0 * width);
    corners[1] = static_cast<float>(box.y0 * height);
    corners[2] = static_cast<float>(box.x1 * width);
    corners[3] = static_cast<float>(box.y1 * height);
  }
}

const Kernels kernels([](KernelTable& table) {
  table.add<BoxCxcywhToXyxy, float>(box_cxcywh_to_xyxy);
  table.add<GeneralizedBoxIou, float>(generalized_box_iou);
  table.add<MatchingCost, float>(matching_cost);
  table.add<HungarianAssignment, float>(prepare, hungarian_assignment);
  table.add<SetCriterion, float>(prepare_criterion, set_criterion);
  table.add<PostprocessDetections, float>(postprocess_detections);
});

}  // namespace

}  // namespace assay::scalar
