// Writing CSV, JUnit and workflow commands.
#include "bench/report/exports.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "bench/base/text.h"

namespace assay::bench {
namespace {

/// Characters that XML 1.0 has no place for, not even as references, become U+FFFD: control characters but tab and line
/// ends, U+FFFE, U+FFFF, and what is no UTF-8.
std::string xml_escaped(std::string_view text) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  const std::string valid = valid_utf8(text);
  std::string escaped;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    const std::string_view three = std::string_view(valid).substr(i, 3);
    if (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf") {
      escaped += replacement;
      i += 2;
      continue;
    }
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\t': escaped += "&#9;"; break;  // in an attribute, a reader would take these three for spaces
      case '\n': escaped += "&#10;"; break;
      case '\r': escaped += "&#13;"; break;
      default: static_cast<unsigned char>(c) < 0x20 ? escaped += replacement : escaped += c;
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
  const std::string valid = valid_utf8(text);
  if (valid.find_first_of(",\"\r\n") == std::string::npos) return valid;
  std::string quoted = "\"";
  for (const char c : valid) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// The escapes of GitHub's workflow commands; a property also escapes `:` and `,`.
std::string github_escaped(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : valid_utf8(text)) {
    const bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    escaped += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return escaped;
}

}  // namespace

std::string results_csv(std::span<const Row> rows) {
  std::string text =
      "operator,case,backend,dtype,threads,verdict,reason,median_ns,low_ns,high_ns,samples,bytes,gb_per_s,roof_"
      "fraction,bound_by,max_error_ratio\n";
  for (const Row& row : rows) {
    text += fmt::format("{},{},{},{},{},{},{},", csv_field(row.op), csv_field(row.case_name), csv_field(row.backend),
                        csv_field(row.dtype), row.threads, name_of(row.verdict), csv_field(row.reason));
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
