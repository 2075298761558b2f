// Writing rows. NaN and infinity have no spelling in JSON and become null.
#include "bench/report/result_file.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/machine/context.h"

namespace assay::bench {
namespace {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

json shape_json(const Shape& shape) { return json(std::vector<std::int64_t>(shape.begin(), shape.end())); }

json place_json(const Place& place) {
  return {{"index", shape_json(place.index)},
          {"got", number(place.got)},
          {"expected", number(place.expected)},
          {"tolerance", number(place.tolerance)}};
}

json output_json(const OutputReport& output) {
  json places = json::array();
  for (const Place& place : output.places) places.push_back(place_json(place));
  return {{"name", output.name},
          {"dtype", name_of(output.dtype)},
          {"shape", shape_json(output.shape)},
          {"ok", output.ok},
          {"elements", output.elements},
          {"mismatches", output.mismatches},
          {"unspecified", output.unspecified},
          {"max_abs", number(output.max_abs)},
          {"max_rel", number(output.max_rel)},
          {"max_ulp", number(output.max_ulp)},
          {"max_error_ratio", number(output.max_error_ratio)},
          {"nmse", number(output.nmse)},
          {"nan_got", output.nan_got},
          {"nan_expected", output.nan_expected},
          {"inf_got", output.inf_got},
          {"inf_expected", output.inf_expected},
          {"precision_class", output.precision_class},
          {"worst", output.worst ? place_json(*output.worst) : json()},
          {"places", std::move(places)}};
}

/// The verdict on the outputs of the row's golden file, or null.
json recorded_json(const RecordedOutputs* recorded) {
  if (recorded == nullptr) return nullptr;
  return {{"verdict", name_of(recorded->passed ? Verdict::passed : Verdict::failed)},
          {"reason", recorded->reason},
          {"max_error_ratio", number(recorded->max_error_ratio)},
          {"precision_class", recorded->precision_class()}};
}

/// The keys that `benchmarks` and `checks` share.
json check_json(const Row& row) {
  json outputs = json::array();
  for (const OutputReport& output : row.outputs) outputs.push_back(output_json(output));
  return {{"operator", row.op},
          {"case", row.case_name},
          {"backend", row.backend},
          {"dtype", row.dtype},
          {"threads", row.threads},
          {"tier", name_of(row.tier)},
          {"verdict", name_of(row.verdict)},
          {"reason", row.reason},
          {"max_error_ratio", number(row.max_error_ratio)},
          {"recorded", recorded_json(row.recorded.get())},
          {"precision_class", row.precision_class()},
          {"bytes", row.cost.bytes},
          {"flops", row.cost.flops},
          {"seed", row.seed},
          {"repro", row.repro},
          {"witness", row.witness},
          {"told_apart", row.told_apart},
          {"outputs", std::move(outputs)}};
}

/// Error and no time where a row did not pass, as Google Benchmark writes skipped ones.
json benchmark_json(const Row& row, std::size_t family) {
  json entry = check_json(row);
  entry["name"] = entry["run_name"] = row.label();
  entry["family_index"] = family;
  entry["per_family_instance_index"] = 0;
  entry["run_type"] = "iteration";
  entry["repetitions"] = 1;
  entry["repetition_index"] = 0;
  entry["time_unit"] = "ns";
  entry["cache"] = row.cache == CacheState::cold ? "cold" : "hot";
  entry["allocate"] = row.allocation == Allocation::each ? "each" : "once";
  entry["pinned"] = row.pinned;
  const bool timed = row.verdict == Verdict::passed && row.timing && !row.timing->samples_ns.empty();
  const Timing timing = timed ? *row.timing : Timing{};
  entry["iterations"] = timing.calls * static_cast<std::int64_t>(timing.samples_ns.size());
  entry["real_time"] = timing.median_ns;
  entry["cpu_time"] = timing.cpu_ns;
  if (!timed) {
    entry["error_occurred"] = true;
    entry["error_message"] = row.reason.empty() ? std::string(name_of(row.verdict))
                                                : fmt::format("{}: {}", name_of(row.verdict), row.reason);
    return entry;
  }
  entry["samples_ns"] = timing.samples_ns;
  entry["rounds"] = timing.rounds;
  entry["median_interval_ns"] = {timing.low_ns, timing.high_ns};
  entry["settled"] = timing.settled;
  entry["spent_s"] = timing.spent_s;
  entry["prepare_ns"] = row.prepare_ns;
  entry["gb_per_s"] = number(row.cost.bytes / timing.median_ns);
  entry["roof_fraction"] = number(row.roof_fraction);
  entry["bound_by"] = row.bound_by.empty() ? json(nullptr) : json(row.bound_by);
  return entry;
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

/// "; the worst: encoding[0, 3] is 0.5, expected 0.25 (tolerance 1e-06)": of the outputs that are wrong, each its own.
std::string worst_of(const Row& row) {
  std::string text;
  for (const OutputReport& output : row.outputs)
    if (!output.ok && output.worst) text += fmt::format("; the worst: {}", describe(output.name, *output.worst));
  return text;
}

std::string details_of(const Row& row) {
  std::string text = fmt::format("{}{}\n", row.reason, worst_of(row));
  for (const OutputReport& output : row.outputs)
    for (const Place& place : output.places)
      text += fmt::format("{}{} got {} expected {} tolerance {}\n", output.name, to_string(place.index), place.got,
                          place.expected, place.tolerance);
  return text + fmt::format("reproduce: {}\n", row.repro);
}

std::string test_case_xml(const Row& row) {
  const std::string head =
      fmt::format(R"(    <testcase classname="{}" name="{}")", xml_escaped(row.op), xml_escaped(row.label()));
  if (row.verdict == Verdict::passed) return head + "/>\n";
  if (!breaks_parity(row.verdict))
    return fmt::format("{}><skipped message=\"{}: {}\"/></testcase>\n", head, name_of(row.verdict),
                       xml_escaped(row.reason));
  return fmt::format("{}><failure type=\"{}\" message=\"{}\">{}</failure></testcase>\n", head, name_of(row.verdict),
                     xml_escaped(row.reason + worst_of(row)), xml_escaped(details_of(row)));
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// The escapes of GitHub's workflow commands; a property also escapes `:` and `,`.
std::string github_escaped(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : text) {
    const bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    escaped += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return escaped;
}

std::string dump(const json& document) { return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

}  // namespace

json benchmark_entries(std::span<const Row> rows) {
  json entries = json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) entries.push_back(benchmark_json(rows[i], i));
  return entries;
}

std::string results_json(std::span<const Row> rows, const RunFacts& facts) {
  json about = context(facts.partial);
  about["assay"]["aa_floor"] = number(facts.aa_floor);
  return dump({{"context", std::move(about)}, {"benchmarks", benchmark_entries(rows)}});
}

std::string checks_json(std::span<const Row> rows, bool partial) {
  json checks = json::array();
  for (const Row& row : rows) checks.push_back(check_json(row));
  return dump({{"context", context(partial)}, {"checks", std::move(checks)}});
}

std::string probe_json() { return dump({{"context", context(false)}}); }

std::string results_csv(std::span<const Row> rows) {
  std::string text =
      "operator,case,backend,dtype,threads,verdict,reason,median_ns,low_ns,high_ns,samples,bytes,gb_per_s,roof_"
      "fraction,bound_by,max_error_ratio\n";
  for (const Row& row : rows) {
    text += fmt::format("{},{},{},{},{},{},{},", row.op, csv_field(row.case_name), row.backend, row.dtype, row.threads,
                        name_of(row.verdict), csv_field(row.reason));
    if (row.verdict == Verdict::passed && row.timing && !row.timing->samples_ns.empty()) {
      const Timing& timing = *row.timing;
      text += fmt::format("{},{},{},{},{},{},{},{},", timing.median_ns, timing.low_ns, timing.high_ns,
                          timing.samples_ns.size(), row.cost.bytes, row.cost.bytes / timing.median_ns,
                          row.roof_fraction ? fmt::format("{}", *row.roof_fraction) : "", row.bound_by);
    } else {
      text += ",,,,,,,,";
    }
    text += row.max_error_ratio ? fmt::format("{}\n", *row.max_error_ratio) : "\n";
  }
  return text;
}

std::string junit_xml(std::span<const Row> rows, bool partial) {
  std::map<std::string, std::vector<const Row*>> suites;
  for (const Row& row : rows) suites[row.op].push_back(&row);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay\">\n";
  for (const auto& [op, members] : suites) {
    std::size_t failures = 0, skipped = 0;
    std::string cases;
    for (const Row* row : members) {
      failures += breaks_parity(row->verdict);
      skipped += row->verdict == Verdict::unsupported || row->verdict == Verdict::unavailable;
      cases += test_case_xml(*row);
    }
    text += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n{}  </testsuite>\n",
                        xml_escaped(op), members.size(), failures, skipped, cases);
  }
  if (partial)
    text +=
        "  <testsuite name=\"run\" tests=\"1\" errors=\"1\">\n"
        "    <testcase classname=\"run\" name=\"interrupted\"><error message=\"partial: rows are "
        "missing\"/></testcase>\n"
        "  </testsuite>\n";
  return text + "</testsuites>\n";
}

std::string github_annotation(const Row& row) {
  return fmt::format("::error title={}::{}: {}{}; reproduce: {}\n", github_escaped(row.label(), true),
                     name_of(row.verdict), github_escaped(row.reason, false), github_escaped(worst_of(row), false),
                     github_escaped(row.repro, false));
}

}  // namespace assay::bench
