// Laying out tables.
#include "bench/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "backends/registry.h"
#include "bench/base/units.h"
#include "bench/report/output.h"

namespace assay::bench {
namespace {

/// Columns that UTF-8 text takes on a terminal. Escape sequences take none; every character in these tables takes one.
std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
      continue;
    }
    count += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
  }
  return count;
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width - std::min(width, columns(text)), ' ');
  return right ? space + text : text + space;
}

const std::string none = "–";

std::string ratio_text(const std::optional<double>& ratio) { return ratio ? fmt::format("{:.3g}", *ratio) : none; }

using CaseKey = std::tuple<std::string, std::string, std::string>;
CaseKey key_of(const Row& row) { return {row.op, row.case_name, row.dtype}; }

bool timed(const Row& row) { return row.verdict == Verdict::passed && row.timing && !row.timing->samples_ns.empty(); }

/// "±0.6 %": the larger half of the median's interval; with ! if the time ran out before it was as narrow as asked.
std::string spread_text(const Timing& timing) {
  const double half = std::max(timing.high_ns - timing.median_ns, timing.median_ns - timing.low_ns);
  return fmt::format("±{}{}", format_share(half / timing.median_ns), timing.settled ? "" : " !");
}

std::string dtype_suffix(const Row& row) { return row.dtype == "f32" ? std::string() : fmt::format(" {}", row.dtype); }

/// The checks of one operator on one backend, counted by verdict.
struct Cell {
  std::size_t passed = 0, failed = 0, invalid = 0, unsupported = 0, unavailable = 0;
  double worst = 0;

  void count(const Row& row) {
    passed += row.verdict == Verdict::passed;
    failed += row.verdict == Verdict::failed || row.verdict == Verdict::mistrusted;
    invalid += row.verdict == Verdict::invalid;
    unsupported += row.verdict == Verdict::unsupported;
    unavailable += row.verdict == Verdict::unavailable;
    if (row.verdict == Verdict::passed && row.max_error_ratio) worst = std::max(worst, *row.max_error_ratio);
  }
  void count_recorded(const RecordedOutputs& outputs) {
    passed += outputs.passed;
    failed += !outputs.passed;
    if (outputs.passed) worst = std::max(worst, outputs.max_error_ratio);
  }
  std::string text() const {
    const std::size_t all = passed + failed + invalid;
    if (failed > 0) return coloured(fmt::format("{} of {} FAILED", failed, all), "FAILED");
    if (invalid > 0) return coloured(fmt::format("{} of {} INVALID", invalid, all), "INVALID");
    if (passed > 0)
      return coloured(worst == 0 ? fmt::format("{} exact", passed) : fmt::format("{} at {:.2f}", passed, worst),
                      "PASSED");
    if (unsupported > 0) return coloured("UNSUPPORTED", "UNSUPPORTED");
    if (unavailable > 0) return coloured("UNAVAILABLE", "UNAVAILABLE");
    return none;
  }
};

}  // namespace

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const std::string& cell : heading_) widths.push_back(columns(cell));
  for (const auto& line : lines_)
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], columns(line[c]));
  return widths;
}

std::string Table::text(std::size_t first_right) const {
  const std::vector<std::size_t> width = widths();
  std::string text;
  const auto add = [&](const std::vector<std::string>& line) {
    std::string made;
    for (std::size_t c = 0; c < line.size(); ++c)
      made += (c == 0 ? "" : "  ") + padded(line[c], width[c], c >= first_right);
    made.erase(made.find_last_not_of(' ') + 1);
    text += made + "\n";
  };
  add(heading_);
  for (const auto& line : lines_) add(line);
  return text;
}

std::string Table::markdown(std::size_t first_right) const {
  std::string text;
  const auto add = [&](const std::vector<std::string>& line) {
    for (const std::string& cell : line) text += "| " + cell + " ";
    text += "|\n";
  };
  add(heading_);
  for (std::size_t c = 0; c < heading_.size(); ++c) text += c >= first_right ? "|---:" : "|---";
  text += "|\n";
  for (const auto& line : lines_) add(line);
  return text;
}

Table timing_table(std::span<const Row> rows) {
  const std::string_view baseline = backend_names().front();  // the simplest; speeds are relative to it
  std::map<CaseKey, double> baseline_ns;
  for (const Row& row : rows)
    if (row.backend == baseline && timed(row)) baseline_ns[key_of(row)] = row.timing->median_ns;
  Table table({"operator/case", "backend", "threads", "verdict", "time", "interval", "prepare", "GB/s", "roof", "error",
               fmt::format("× {}", baseline)});
  CaseKey last;
  for (const Row& row : rows) {
    const std::string title =
        key_of(row) == last ? std::string() : fmt::format("{}/{}{}", row.op, row.case_name, dtype_suffix(row));
    last = key_of(row);
    const std::string verdict = coloured(name_of(row.verdict), name_of(row.verdict));
    std::vector<std::string> cells = {title, row.backend, fmt::format("{}", row.threads),  verdict, none, none, none,
                                      none,  none,        ratio_text(row.max_error_ratio), none};
    if (timed(row)) {
      const Timing& timing = *row.timing;
      cells[4] = format_time(timing.median_ns);
      cells[5] = spread_text(timing);
      cells[6] = format_time(row.prepare_ns);
      cells[7] = fmt::format("{:.3g}", row.cost.bytes / timing.median_ns);
      if (row.roof_fraction) cells[8] = fmt::format("{} {}", format_share(*row.roof_fraction), row.bound_by);
      const auto found = baseline_ns.find(last);
      if (found != baseline_ns.end()) cells[10] = fmt::format("{:.3g}", found->second / timing.median_ns);
    }
    table.add(std::move(cells));
  }
  return table;
}

Table verdict_table(std::span<const Row> rows) {
  std::vector<std::string> operators, backends;
  std::map<std::pair<std::string, std::string>, Cell> cells;
  std::map<std::string, Cell> recorded;
  for (const Row& row : rows) {
    if (std::find(operators.begin(), operators.end(), row.op) == operators.end()) operators.push_back(row.op);
    if (std::find(backends.begin(), backends.end(), row.backend) == backends.end()) backends.push_back(row.backend);
    cells[{row.op, row.backend}].count(row);
  }
  for (const Row* row : rows_with_recorded_outputs(rows)) recorded[row->op].count_recorded(*row->recorded);
  std::vector<std::string> heading = {"operator"};
  heading.insert(heading.end(), backends.begin(), backends.end());
  heading.emplace_back("recorded");
  Table table(heading);
  for (const std::string& op : operators) {
    std::vector<std::string> line = {op};
    for (const std::string& backend : backends) line.push_back(cells[{op, backend}].text());
    line.push_back(recorded[op].text());
    table.add(std::move(line));
  }
  return table;
}

std::string sampled_note(std::span<const Row> rows) {
  std::map<std::string, std::string> cases;
  for (const Row& row : rows)
    if (row.sampled) cases[fmt::format("{}/{}{}", row.op, row.case_name, dtype_suffix(row))] = describe(*row.sampled);
  std::string note;
  for (const auto& [name, sampled] : cases)
    note +=
        fmt::format("note: the truth of {} is sampled: {}; all bytes are compared between runs alone\n", name, sampled);
  return note;
}

namespace {

/// The check of one operator by one contestant that used most of its tolerance.
struct Margin {
  double share = -1;
  std::string precision, ulp, place;

  void take(double used, std::string_view precision_class, const std::vector<OutputReport>& outputs,
            const std::string& where) {
    if (!(used > share)) return;
    *this = {used, std::string(precision_class), none, where};
    for (const OutputReport& output : outputs) {
      if (output.max_error_ratio != used) continue;
      if (std::isfinite(used)) ulp = fmt::format("{:.3g}", output.max_ulp);
      if (output.worst) place += fmt::format(" {}", describe(output.name, *output.worst));
    }
  }
};

}  // namespace

Table margins_table(std::span<const Row> rows) {
  constexpr double honest_share = 0.25;  // an honest backend leaves the rest for harder inputs than these
  std::map<std::pair<std::string, std::string>, Margin> margins;
  for (const Row* row : rows_with_recorded_outputs(rows)) {
    const RecordedOutputs& recorded = *row->recorded;
    margins[{row->op, "(recorded)"}].take(recorded.max_error_ratio, recorded.precision_class(), recorded.outputs,
                                          row->case_name);
  }
  for (const Row& row : rows) {
    if (row.verdict != Verdict::passed || !row.max_error_ratio) continue;
    margins[{row.op, row.backend}].take(*row.max_error_ratio, row.precision_class(), row.outputs,
                                        fmt::format("{}/{}/{}", row.case_name, row.dtype, row.threads));
  }
  Table table({"operator", "backend", "share", "precision", "ULP", "where"});
  for (const auto& [key, margin] : margins) {
    const std::string share = margin.share == 0 ? "exact" : fmt::format("{:.3f}", margin.share);
    const bool wide = !(margin.share <= honest_share);
    table.add({key.first, key.second, wide ? coloured(share + " > 1/4", "FAILED") : share, margin.precision, margin.ulp,
               margin.share == 0 ? none : margin.place});
  }
  return table;
}

}  // namespace assay::bench
