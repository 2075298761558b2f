// generalized_box_iou pair by pair. hungarian_assignment, for each image, by shortest augmenting paths with dual
// potentials (Kuhn 1955, Munkres 1957; in the O(n²m) form of Jonker and Volgenant 1987). Both in float64; costs whose
// sums float64 cannot tell apart are solved again in integers.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "backends/backend.h"
#include "reference/set_prediction/generalized_box_iou.h"
#include "reference/set_prediction/hungarian_assignment.h"
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

// ---- generalized_box_iou ----

double area(const float* box) {
  return (static_cast<double>(box[2]) - static_cast<double>(box[0])) *
         (static_cast<double>(box[3]) - static_cast<double>(box[1]));
}

/// The extent of [low, high], 0 where it is empty.
double extent(float low, float high) { return std::max(static_cast<double>(high) - static_cast<double>(low), 0.0); }

void generalized_box_iou(const GeneralizedBoxIou::Params&, const GeneralizedBoxIou::Inputs<float>& in,
                         const GeneralizedBoxIou::Outputs<float>& out) {
  const std::int64_t N = in.a.shape[0], M = in.b.shape[0];
  for (std::int64_t i = 0; i < N; ++i)
    for (std::int64_t j = 0; j < M; ++j) {
      const float *a = in.a.data + 4 * i, *b = in.b.data + 4 * j;
      const double overlap =
          extent(std::max(a[0], b[0]), std::min(a[2], b[2])) * extent(std::max(a[1], b[1]), std::min(a[3], b[3]));
      const double hull =
          extent(std::min(a[0], b[0]), std::max(a[2], b[2])) * extent(std::min(a[1], b[1]), std::max(a[3], b[3]));
      const double united = area(a) + area(b) - overlap;
      out.giou.data[i * M + j] = static_cast<float>(overlap / united - (hull - united) / hull);
    }
}

const Kernels kernels([](KernelTable& table) {
  table.add<GeneralizedBoxIou, float>(generalized_box_iou);
  table.add<HungarianAssignment, float>(prepare, hungarian_assignment);
});

}  // namespace

}  // namespace assay::scalar
