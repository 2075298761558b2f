// Laying out the rows, and explaining a filter that takes none.
#include "bench/cases/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "backends/registry.h"
#include "bench/cases/filter.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

/// The thread counts that get a row: 0 on a device, 1 if the backend does not honour them.
std::vector<int> thread_counts(std::string_view backend, const std::vector<int>& asked) {
  const BackendStatus& status = find_backend(backend);
  if (status.backend == nullptr) return {1};
  if (!status.backend->works_on_host_memory()) return {0};
  return status.backend->claims().honours_threads ? asked : std::vector<int>{1};
}

/// Of the thread counts those that a case of a covering array is verified at: the largest, and one that its name draws.
/// Over the array each level meets each count; all counts for each case would take three times as long.
std::vector<int> drawn_counts(const std::vector<int>& counts, std::string_view case_name) {
  if (counts.size() <= 2) return counts;
  std::vector<int> others = counts;
  const auto most = std::max_element(others.begin(), others.end());
  const int largest = *most;
  others.erase(most);
  return {largest, others[derive_key(0, case_name) % others.size()]};
}

/// The rows of cases that the filters take, and which filters take any.
class RowFinder {
 public:
  explicit RowFinder(const SelectionOptions& options)
      : options_(options), index_(options.filters), backends_(backend_names()), used_(options.filters.size(), false) {}

  /// Whether a filter may take a row of a case of which only the name is known.
  bool may_take(std::string_view op, std::string_view case_name) const {
    return index_.empty() || !index_.about(op, case_name).empty();
  }

  std::vector<Row> rows_of(const BoundCase& bound) {
    std::vector<Row> rows;
    const auto candidates = index_.about(bound.op->name, bound.name);
    if (candidates.empty() && !index_.empty()) return rows;
    for (const std::string_view backend : backends_) {
      const bool possible = index_.empty() || std::any_of(candidates.begin(), candidates.end(),
                                                          [&](const auto* c) { return c->may_take(backend); });
      if (!possible) continue;
      std::vector<int> counts = thread_counts(backend, options_.threads);
      if (options_.cases.drawn == Drawn::array) counts = drawn_counts(counts, bound.name);
      for (const int threads : counts) {
        Row row;
        row.op = bound.op->name;
        row.case_name = bound.name;
        row.backend = backend;
        row.dtype = name_of(bound.instance->dtype);
        row.threads = threads;
        row.tier = bound.tier;
        row.seed = options_.cases.seed;
        if (takes(candidates, row.label())) rows.push_back(std::move(row));
      }
    }
    return rows;
  }

  bool is_used(std::size_t filter) const { return used_[filter]; }

 private:
  /// Whether any filter takes the row. All are asked, so that none looks idle that takes what another takes too.
  bool takes(const std::vector<const FilterIndex::Candidate*>& candidates, const std::string& label) {
    bool any = index_.empty();
    for (const FilterIndex::Candidate* candidate : candidates) {
      if (!glob_matches(options_.filters[candidate->filter], label)) continue;
      used_[candidate->filter] = any = true;
    }
    return any;
  }

  const SelectionOptions& options_;
  FilterIndex index_;
  std::vector<std::string_view> backends_;
  std::vector<bool> used_;
};

bool taken(Tier tier, const SelectionOptions& options) {
  return tier == Tier::large ? options.large : tier == Tier::small ? options.small : true;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

/// "; there is no operator foo (did you mean bar?)" for the first part of the filter that is spelt out and unknown.
std::string unknown_part(std::string_view filter, const CaseList& list, const SelectionOptions& options) {
  const std::vector<std::string_view> parts = split(filter);
  std::set<std::string_view> operators_seen, cases_seen;
  for (const OperatorEntry& op : operators()) operators_seen.insert(op.name);
  for (const BoundCase& bound : list.cases)
    if (glob_matches(parts[0], bound.op->name)) cases_seen.insert(bound.name);
  for (const UnreadFile& file : list.unread)
    if (glob_matches(parts[0], file.op)) cases_seen.insert(file.name);
  std::vector<std::string> threads;
  for (const int count : options.threads) threads.push_back(fmt::format("{}", count));
  const std::vector<std::string_view> backends = backend_names();
  const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> known = {
      {"operator", {operators_seen.begin(), operators_seen.end()}},
      {"case of it", {cases_seen.begin(), cases_seen.end()}},
      {"backend", backends},
      {"dtype", {"f32", "u8", "i64", "f64", "bool"}},
      {"thread count in --threads", {threads.begin(), threads.end()}}};
  for (std::size_t i = 0; i < std::min(parts.size(), known.size()); ++i) {
    // a star may reach over slashes, so that the parts after one cannot be told apart
    if (parts[i].find('*') != std::string_view::npos && parts.size() != known.size()) break;
    const auto& [what, names] = known[i];
    const bool matched =
        std::any_of(names.begin(), names.end(), [&](std::string_view name) { return glob_matches(parts[i], name); });
    if (!matched) return fmt::format(": there is no {} {}{}", what, parts[i], nearest_name(parts[i], names));
  }
  if (parts.size() != 5 && filter.find('*') == std::string_view::npos)
    return ": a filter spells out operator/case/backend/dtype/threads, or has * for any of them";
  return {};
}

/// Whether a filter's operator and case are those of a damaged golden file.
bool names_damaged(std::string_view filter, const DamagedFile& file) {
  const std::vector<std::string_view> parts = split(filter);
  if (parts.size() < 2) return glob_matches(filter, file.op + "/" + file.name);
  return glob_matches(parts[0], file.op) && glob_matches(parts[1], file.name);
}

/// Why a filter takes nothing: InvalidArgument.
[[noreturn]] void refuse(const std::string& filter, const Selection& selection, const SelectionOptions& options) {
  SelectionOptions wider = options;
  wider.filters = {filter};
  RowFinder finder(wider);
  for (const BoundCase& bound : selection.list.cases)
    if (!finder.rows_of(bound).empty())
      throw InvalidArgument(
          fmt::format("the filter {} takes cases of tier {} alone; add --all", filter, name_of(bound.tier)));
  throw InvalidArgument(fmt::format("the filter {} takes no row{}; `assay list cases` shows all", filter,
                                    unknown_part(filter, selection.list, options)));
}

void refuse_idle_filters(const RowFinder& finder, const Selection& selection, const SelectionOptions& options) {
  for (std::size_t i = 0; i < options.filters.size(); ++i) {
    const std::string& filter = options.filters[i];
    // what a filter takes of a damaged file cannot be told any more, but that it does
    const auto is_named = [&](const DamagedFile& file) { return names_damaged(filter, file); };
    const std::vector<DamagedFile>& damaged = selection.list.damaged;
    if (!finder.is_used(i) && std::none_of(damaged.begin(), damaged.end(), is_named))
      refuse(filter, selection, options);
  }
}

/// The drawn cases that filters spell out.
std::vector<NamedCase> drawn_by_name(std::span<const std::string> filters) {
  std::vector<NamedCase> named;
  for (const std::string& filter : filters) {
    const std::vector<std::string_view> parts = split(filter);
    if (parts.size() < 2 || !parts[1].starts_with(drawn_prefix)) continue;
    const bool spelt_out = parts[0].find_first_of("*?") == std::string_view::npos &&
                           parts[1].find_first_of("*?") == std::string_view::npos;
    if (spelt_out) named.push_back({std::string(parts[0]), std::string(parts[1])});
  }
  return named;
}

Row damaged_row(const DamagedFile& file) {
  Row row;
  row.op = file.op;
  row.case_name = file.name;
  row.backend = "golden";
  row.dtype = "-";
  row.threads = 0;
  row.verdict = Verdict::invalid;
  row.reason = file.reason;
  return row;
}

}  // namespace

Selection select(const SelectionOptions& options) {
  Selection selection;
  RowFinder finder(options);
  CaseOptions cases = options.cases;
  cases.named = drawn_by_name(options.filters);
  selection.list =
      collect_cases(cases, [&](std::string_view op, std::string_view name) { return finder.may_take(op, name); });
  for (const BoundCase& bound : selection.list.cases) {
    if (!taken(bound.tier, options)) continue;
    CaseRows found{&bound, finder.rows_of(bound)};
    selection.rows += found.rows.size();
    if (!found.rows.empty()) selection.cases.push_back(std::move(found));
  }
  for (const DamagedFile& file : selection.list.damaged) selection.damaged.push_back(damaged_row(file));
  refuse_idle_filters(finder, selection, options);
  if (selection.rows == 0 && selection.damaged.empty())
    throw InvalidArgument("no case is selected, so there would be nothing to check");
  return selection;
}

}  // namespace assay::bench
