// What verify, bench and profile have in common: options, the command that reproduces a row, and the sentence at the
// end.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "backends/registry.h"
#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/base/text.h"
#include "bench/machine/affinity.h"
#include "bench/machine/environment.h"
#include "bench/program/verbs.h"
#include "bench/report/exports.h"
#include "bench/report/output.h"

namespace assay::bench {
namespace {

/// One entry of --threads: a number, or n for as many as this process may use.
std::optional<int> parse_thread_count(std::string_view text) {
  if (text == "n") return usable_cpus();
  int count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || stop != text.data() + text.size() || count < 1 || count > most_threads)
    return std::nullopt;
  return count;
}

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || stop != text.data() + text.size())
    throw InvalidArgument(fmt::format("--seed is {}, but a number from 0 to {} is needed", text, UINT64_MAX));
  return seed;
}

/// What --require calls the outputs of golden files. No backend may have this name.
constexpr std::string_view recorded_name = "recorded";

/// Why the recorded outputs did not all pass; empty if they did.
std::string unmet_by_recorded(std::span<const Row> rows) {
  const std::vector<const Row*> judged = rows_with_recorded_outputs(rows);
  if (judged.empty())
    return fmt::format(
        "--require {0}: no {0} output was judged: a golden file whose case is not INVALID has to be selected",
        recorded_name);
  const auto failed = [](const Row* row) { return !row->recorded->passed; };
  const auto first = std::find_if(judged.begin(), judged.end(), failed);
  if (first == judged.end()) return {};
  return fmt::format("--require {}: {} of {} golden files recorded a wrong output, for one {}/{}/{}: {}", recorded_name,
                     std::count_if(judged.begin(), judged.end(), failed), judged.size(), (*first)->op,
                     (*first)->case_name, (*first)->dtype, (*first)->recorded->reason);
}

/// Why a required backend did not pass everything; empty if it did.
std::string unmet_requirement(const std::string& backend, std::span<const Row> rows) {
  if (backend == recorded_name) return unmet_by_recorded(rows);
  std::size_t passed = 0;
  std::map<std::string_view, std::pair<std::size_t, const Row*>> others;
  for (const Row& row : rows) {
    if (row.backend != backend) continue;
    if (row.verdict == Verdict::passed) {
      ++passed;
      continue;
    }
    auto& [count, first] = others[name_of(row.verdict)];
    if (count++ == 0) first = &row;
  }
  if (passed == 0 && others.empty()) return fmt::format("--require {}: no row of it was selected", backend);
  if (others.empty()) return {};
  const auto& [verdict, counted] = *others.begin();
  return fmt::format("--require {}: {} rows are {}, for one {}: {}", backend, counted.first, verdict,
                     counted.second->label(), counted.second->reason);
}

/// "; 1 of 3 recorded outputs FAILED: operator/case/f32"; empty if none failed.
std::string failed_recordings(std::span<const Row> rows) {
  constexpr std::size_t most_names = 10;  // more would bury the sentence
  const std::vector<const Row*> judged = rows_with_recorded_outputs(rows);
  std::vector<std::string> names;
  std::size_t failed = 0;
  for (const Row* row : judged) {
    if (row->recorded->passed) continue;
    if (failed++ < most_names) names.push_back(fmt::format("{}/{}/{}", row->op, row->case_name, row->dtype));
  }
  if (failed == 0) return {};
  if (failed > names.size()) names.push_back(fmt::format("{} more", failed - names.size()));
  return fmt::format("; {} of {} recorded outputs {}: {}", failed, judged.size(), coloured("FAILED", "FAILED"),
                     fmt::join(names, ", "));
}

/// The first row that is UNAVAILABLE although its backend is there: for lack of memory or threads.
void say_what_the_machine_lacks(std::span<const Row> rows) {
  const auto lacks = [](const Row& row) {
    return row.verdict == Verdict::unavailable && find_backend(row.backend).unavailable.empty();
  };
  const auto first = std::find_if(rows.begin(), rows.end(), lacks);
  if (first == rows.end()) return;
  say(fmt::format("note: {} rows could not run on this machine, for one {}: {}\n",
                  std::count_if(first, rows.end(), lacks), first->label(), first->reason));
}

/// For bash, whatever bytes there are, in one line of printable text.
std::string shell_quoted(const std::string& text) {
  if (one_line(text) != text) {
    std::string escaped;
    for (const char c : text) {
      const bool plain = c >= ' ' && c <= '~' && c != '\'' && c != '\\';
      escaped += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return "$'" + escaped + "'";
  }
  const bool plain = text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/-=") ==
                     std::string::npos;
  if (plain && !text.empty()) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::vector<int> parse_threads(const std::string& text) {
  std::vector<int> counts;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::optional<int> count = parse_thread_count(std::string_view(text).substr(start, end - start));
    if (!count)
      throw InvalidArgument(
          fmt::format("--threads is {}, but numbers from 1 to {}, or n for all CPUs, are needed, separated by commas",
                      text, most_threads));
    if (std::find(counts.begin(), counts.end(), *count) == counts.end()) counts.push_back(*count);
    start = end + 1;
  }
  return counts;
}

void add_run_options(Verb verb, RunOptions& options) {
  verb.add_option("--filter", options.selection.filters,
                  "Glob over operator/case/backend/dtype/threads; a row is taken if any matches")
      .type_name("GLOB")
      .one_word_each();
  verb.add_option("--threads", options.threads, "Thread counts, for backends that honour them; n is all CPUs")
      .type_name("N,N…")
      .show_default();
  verb.add_option("--golden", options.golden, "A folder of golden cases that replaces the built-in ones")
      .type_name("DIR")
      .not_empty();
  verb.add_option("--seed", options.seed, "Seed of inputs and of the choice of drawn cases")
      .type_name("N")
      .show_default();
  verb.add_option("--require", options.require,
                  "Backends that must pass every selected row; recorded for the outputs in golden files")
      .type_name("NAME,NAME…")
      .split_at(',')
      .one_word_each();
  verb.add_option("--json", options.json, "Write all rows to a file; - is standard output")
      .type_name("FILE")
      .not_empty();
  verb.add_flag("--github", options.github, "Print GitHub annotations for rows that break parity");
}

void finish_run_options(RunOptions& options, const std::vector<std::string>& output_files) {
  this_machine();  // the load average of the start, before this program adds to it
  options.selection.threads = parse_threads(options.threads);
  options.selection.cases.seed = parse_seed(options.seed);
  if (!options.golden.empty()) options.selection.cases.golden = options.golden;
  for (const std::string& backend : options.require)
    if (backend != recorded_name) find_backend(backend);
  prepare_outputs(output_files);
}

std::string repro_command(std::string_view verb, const Row& row, const RunOptions& options) {
  const std::vector<int>& asked = options.selection.threads;
  const Backend* backend = find_backend(row.backend).backend;
  const bool one_row = row.threads == 0 || backend == nullptr || !backend->claims().honours_threads;
  // verify runs the largest thread count first and holds the others against it, so that one comes along
  const int first = verb == "verify" && !one_row ? *std::max_element(asked.begin(), asked.end()) : row.threads;
  const bool alone = first == row.threads;
  const std::string rows =
      alone ? row.label() : fmt::format("{}/{}/{}/{}/*", row.op, row.case_name, row.backend, row.dtype);
  const int own = row.threads == 0 ? asked.front() : row.threads;  // a device's rows have none, whatever is asked for
  const std::string threads = alone ? fmt::format("{}", own) : fmt::format("{},{}", first, own);
  std::string command =
      fmt::format("assay {} --filter {} --threads {} --seed {}", verb, shell_quoted(rows), threads, row.seed);
  if (!options.golden.empty()) command += " --golden " + shell_quoted(options.golden);
  if (row.tier == Tier::large && verb == "verify") command += " --all";
  return command;
}

void print_problem(const Row& row, bool github) {
  // On one line: a line that starts with :: would be a command to GitHub.
  say(fmt::format("{} {}: {}\n", coloured(name_of(row.verdict), name_of(row.verdict)), one_line(row.label()),
                  one_line(row.reason)));
  if (!row.repro.empty()) say(fmt::format("    reproduce: {}\n", row.repro));
  if (github) say(github_annotation(row));
}

int conclude(std::string_view verb, std::span<const Row> rows, const RunOptions& options, double seconds,
             bool was_interrupted) {
  constexpr std::array order = {Verdict::passed,     Verdict::failed,      Verdict::invalid,
                                Verdict::mistrusted, Verdict::unsupported, Verdict::unavailable};
  std::vector<std::string> counts;
  bool broken = false;
  std::size_t judged = 0;
  for (const Verdict verdict : order) {
    const auto count = static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.verdict == verdict; }));
    if (count == 0) continue;
    counts.push_back(fmt::format("{} {}", count, coloured(name_of(verdict), name_of(verdict))));
    broken = broken || breaks_parity(verdict);
    if (verdict == Verdict::passed || breaks_parity(verdict)) judged += count;
  }
  say(fmt::format("{}: {} checks in {:.1f} s, seed {}: {}{}{}\n", verb, judged, seconds, options.selection.cases.seed,
                  fmt::join(counts, ", "), failed_recordings(rows), was_interrupted ? " (interrupted: partial)" : ""));
  say_what_the_machine_lacks(rows);
  for (const std::string& backend : options.require) {
    const std::string unmet = unmet_requirement(backend, rows);
    if (unmet.empty()) continue;
    say(fmt::format("{}\n", coloured(unmet, "FAILED")));
    broken = true;
  }
  if (was_interrupted) return interrupted_exit_code();
  if (broken) return ExitCode::parity;
  if (judged == 0 && options.require.empty()) {
    throw InvalidArgument("nothing was compared: every selected row is UNSUPPORTED or UNAVAILABLE");
  }
  return ExitCode::ok;
}

}  // namespace assay::bench
