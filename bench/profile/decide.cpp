// Choosing the best backend of each case, and the sizes at which the choice changes.
#include "bench/profile/decide.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

namespace assay::bench {
namespace {

using Group = std::tuple<std::string, std::string, int>;  ///< operator, dtype, most threads

bool overlaps(const Measured& a, const Measured& b) { return a.low_ns <= b.high_ns && b.low_ns <= a.high_ns; }

/// The index of a backend in the order of simplicity; an unknown backend comes last.
std::size_t rank(const std::vector<std::string>& simplest_first, const std::string& backend) {
  return static_cast<std::size_t>(std::find(simplest_first.begin(), simplest_first.end(), backend) -
                                  simplest_first.begin());
}

Choice choose(std::vector<Measured> rows, int most_threads, const std::vector<std::string>& simplest_first) {
  std::sort(rows.begin(), rows.end(), [](const Measured& a, const Measured& b) { return a.median_ns < b.median_ns; });
  const Measured fastest = rows.front();
  const auto simpler = [&](const Measured& a, const Measured& b) {
    return std::pair(rank(simplest_first, a.backend), a.threads) <
           std::pair(rank(simplest_first, b.backend), b.threads);
  };
  Choice choice{fastest, most_threads, {}, std::nullopt};
  std::set<std::string> tied;
  for (const Measured& row : rows) {
    if (!overlaps(row, fastest)) {
      if (!choice.over_next_ns) choice.over_next_ns = row.median_ns;
      continue;
    }
    tied.insert(row.backend);
    if (simpler(row, choice.best)) choice.best = row;
  }
  tied.erase(choice.best.backend);
  choice.tied.assign(tied.begin(), tied.end());
  return choice;
}

/// The fastest row of a backend in one case, whatever its thread count.
const Measured* best_of(const std::vector<Measured>& rows, const std::string& backend) {
  const Measured* best = nullptr;
  for (const Measured& row : rows)
    if (row.backend == backend && (best == nullptr || row.median_ns < best->median_ns)) best = &row;
  return best;
}

/// ln(time of `from` / time of `to`) in one case: negative if `from` is faster.
struct LogRatio {
  double middle, low, high;
};
std::optional<LogRatio> log_ratio(const std::vector<Measured>& rows, const std::string& from, const std::string& to) {
  const Measured *a = best_of(rows, from), *b = best_of(rows, to);
  if (a == nullptr || b == nullptr) return std::nullopt;
  return LogRatio{std::log(a->median_ns / b->median_ns), std::log(a->low_ns / b->high_ns),
                  std::log(a->high_ns / b->low_ns)};
}

/// The size at which a line between two points crosses zero, on a logarithmic scale of sizes, clamped to the two sizes.
double crossing(double left_size, double left, double right_size, double right) {
  const double share = left == right ? 0.5 : std::clamp(-left / (right - left), 0.0, 1.0);
  return left_size * std::pow(right_size / left_size, share);
}

/// Whether size can explain that two neighbouring cases have different best backends: not if they have one size.
bool cross_between(const Choice& smaller, const Choice& larger) {
  return smaller.best.backend != larger.best.backend && smaller.best.bytes < larger.best.bytes;
}

/// Whether this case has another best backend than its two neighbours, which have the same.
bool is_island(const std::vector<Choice>& choices, std::size_t i) {
  return i > 0 && i + 1 < choices.size() && choices[i - 1].best.backend == choices[i + 1].best.backend &&
         choices[i].best.backend != choices[i - 1].best.backend;
}

/// The crossover between two neighbouring cases with different best backends.
Crossover cross(const Choice& smaller, const std::vector<Measured>& smaller_rows, const Choice& larger,
                const std::vector<Measured>& larger_rows) {
  const std::string &from = smaller.best.backend, &to = larger.best.backend;
  const double left = std::max(smaller.best.bytes, 1.0), right = std::max(larger.best.bytes, 1.0);
  Crossover made{smaller.best.op,      smaller.best.dtype,      from, to,
                 smaller.most_threads, std::sqrt(left * right), left, right};
  const auto before = log_ratio(smaller_rows, from, to), after = log_ratio(larger_rows, from, to);
  if (!before || !after) return made;  // a backend was not timed in both cases: the interval is all between them
  made.bytes = crossing(left, before->middle, right, after->middle);
  made.low = crossing(left, before->high, right, after->high);
  made.high = crossing(left, before->low, right, after->low);
  return made;
}

}  // namespace

std::vector<Measured> measured_rows(std::span<const Row> rows) {
  std::vector<Measured> measured;
  for (const Row& row : rows) {
    if (row.verdict != Verdict::passed || !row.timing || row.timing->samples_ns.empty()) continue;
    const Timing& timing = *row.timing;
    measured.push_back({row.op, row.dtype, row.case_name, row.backend, row.threads, row.cost.bytes, timing.median_ns,
                        timing.low_ns, timing.high_ns, row.roof_fraction, row.bound_by});
  }
  return measured;
}

Decision decide(const std::vector<Measured>& rows, const std::vector<std::string>& simplest_first,
                const std::vector<std::string>& refused) {
  std::set<int> counts;
  for (const Measured& row : rows) counts.insert(row.threads);
  using Cases = std::map<std::pair<double, std::string>, std::vector<Measured>>;  // by size and name
  std::map<Group, Cases> groups;
  for (const Measured& row : rows) {
    if (std::find(refused.begin(), refused.end(), row.op + "/" + row.backend) != refused.end()) continue;
    for (const int most : counts)
      if (row.threads <= most) groups[{row.op, row.dtype, most}][{row.bytes, row.case_name}].push_back(row);
  }
  Decision decision;
  for (const auto& [group, cases] : groups) {
    std::vector<Choice> choices;
    std::vector<const std::vector<Measured>*> members;
    for (const auto& [key, rows_of_case] : cases) {
      choices.push_back(choose(rows_of_case, std::get<2>(group), simplest_first));
      members.push_back(&rows_of_case);
    }
    std::size_t before = 0;
    for (std::size_t i = 1; i < choices.size(); ++i) {
      if (is_island(choices, i)) continue;
      if (cross_between(choices[before], choices[i]))
        decision.crossovers.push_back(cross(choices[before], *members[before], choices[i], *members[i]));
      before = i;
    }
    std::ranges::move(choices, std::back_inserter(decision.choices));
  }
  return decision;
}

std::vector<Choice> furthest_from_roof(const Decision& decision, std::size_t count) {
  std::vector<Choice> known;
  for (const Choice& choice : decision.choices)
    if (choice.best.roof_fraction) known.push_back(choice);
  std::sort(known.begin(), known.end(),
            [](const Choice& a, const Choice& b) { return *a.best.roof_fraction < *b.best.roof_fraction; });
  std::vector<Choice> furthest;
  std::set<std::string> seen;
  for (Choice& choice : known)
    if (furthest.size() < count && seen.insert(choice.best.op).second) furthest.push_back(std::move(choice));
  return furthest;
}

}  // namespace assay::bench
