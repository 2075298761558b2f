// `assay verify`: the parity gate, over all selected cases or over many seeds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <map>
#include <set>

#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/program/verbs.h"
#include "bench/report/exports.h"
#include "bench/report/output.h"
#include "bench/report/result_file.h"
#include "bench/report/table.h"
#include "bench/verdict/verified_case.h"

namespace assay::bench {
namespace {

struct VerifyOptions : RunOptions {
  std::string junit;
  std::int64_t soak = 0;
  bool margins = false;
  VerifyOptions() {
    threads = "1,2,n";  // one, more than one, and all: results must not depend on the count
    selection.cases.drawn = Drawn::share;
  }
};

/// All rows of one case, each reported when it is done.
void verify_and_report(const CaseRows& selected, const VerifyOptions& options, Progress& progress,
                       std::vector<Row>& done) {
  const auto repro = [&](const Row& row) { return repro_command("verify", row, options); };
  verify_case(selected, options.selection.cases.seed, repro, [&](Row&& row) {
    progress.step(row.label());
    if (breaks_parity(row.verdict)) {
      progress.clear();
      print_problem(row, options.github);
    }
    done.push_back(std::move(row));
  });
}

Reports write_files(const VerifyOptions& options, std::span<const Row> rows) {
  Reports reports;
  if (!options.json.empty()) reports.write(options.json, checks_json(rows, {is_interrupted()}));
  if (!options.junit.empty()) reports.write(options.junit, junit_xml(rows, is_interrupted()));
  return reports;
}

/// Names in a note; the files have all.
constexpr std::ptrdiff_t most_names = 5;

/// Cases whose truth is also that of zeros, a constant, a copied input and so on: they pass on the other guards alone.
void name_blind_cases(std::span<const Row> rows) {
  std::set<std::string> blind;
  for (const Row& row : rows)
    if (row.verdict == Verdict::passed && row.told_apart.empty())
      blind.insert(fmt::format("{}/{}", row.op, row.case_name));
  if (blind.empty()) return;
  std::vector<std::string> names(blind.begin(), std::next(blind.begin(), std::min(std::ssize(blind), most_names)));
  if (std::ssize(blind) > most_names) names.push_back(fmt::format("{} more", std::ssize(blind) - most_names));
  say(fmt::format("note: no trivial result (zeros, a constant, …) differs from the truth of {}\n",
                  fmt::join(names, ", ")));
}

/// Elements that are held to a range only: the operator leaves them open, or their tolerance tells nothing.
void name_unspecified_elements(std::span<const Row> rows) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> unspecified;  // and the elements of those outputs
  for (const Row& row : rows)
    for (const OutputReport& output : row.outputs)
      if (output.unspecified > 0)
        unspecified[fmt::format("{}/{}", row.op, row.case_name)] = {output.unspecified, output.elements};
  if (unspecified.empty()) return;
  std::vector<std::string> names;
  for (const auto& [name, counts] : unspecified)
    if (std::ssize(names) < most_names)
      names.push_back(fmt::format("{} ({} of {})", name, counts.first, counts.second));
  if (std::ssize(unspecified) > most_names)
    names.push_back(fmt::format("{} more", std::ssize(unspecified) - most_names));
  say(fmt::format("note: some elements are held only to a finite range, where float32 carries no information: {}\n",
                  fmt::join(names, ", ")));
}

void verify_selected(const VerifyOptions& options, std::vector<Row>& done) {
  const Selection selection = select(options.selection);
  Progress progress("verify", selection.rows);
  for (const Row& row : selection.damaged) {
    print_problem(row, options.github);
    done.push_back(row);
  }
  for (const CaseRows& selected : selection.cases) {
    if (is_interrupted()) return;
    verify_and_report(selected, options, progress, done);
  }
}

/// One property case of each operator and dtype for each of many seeds. Rows that passed keep no details.
void soak(const VerifyOptions& options, std::vector<Row>& done) {
  constexpr std::size_t most_problems = 100;  // enough to see what they have in common
  VerifyOptions one = options;
  one.selection.cases.drawn_only = true;
  one.selection.cases.drawn = Drawn::one;
  one.selection.cases.golden.reset();
  Progress seeds("soak", static_cast<std::size_t>(options.soak));
  std::size_t problems = 0;
  for (std::int64_t i = 0; i < options.soak && !is_interrupted(); ++i) {
    const Selection selection = select(one.selection);
    Progress rows("verify", selection.rows, Progress::silent);
    const std::size_t before = done.size();
    for (const CaseRows& selected : selection.cases) verify_and_report(selected, one, rows, done);
    for (std::size_t row = before; row < done.size(); ++row) {
      problems += breaks_parity(done[row].verdict);
      if (done[row].verdict == Verdict::passed) done[row].outputs.clear();
    }
    if (problems > most_problems) {
      say(fmt::format("stopped after {} seeds and {} problems\n", i + 1, problems));
      return;
    }
    seeds.step(fmt::format("seed {}", one.selection.cases.seed));
    ++one.selection.cases.seed;
  }
}

int verify(VerifyOptions& options) {
  catch_interrupts();
  finish_run_options(options, {options.json, options.junit});
  if (options.soak != 0 && options.selection.large)
    throw InvalidArgument("--soak makes property cases, none of which is large: leave out --all");
  if (options.soak != 0 && !options.golden.empty())
    throw InvalidArgument("--soak makes property cases and --golden takes recorded ones: only one of them can be had");
  const auto start = std::chrono::steady_clock::now();
  std::vector<Row> done;
  if (options.soak != 0) {
    soak(options, done);
  } else {
    verify_selected(options, done);
  }
  say(verdict_table(done).text(1));
  say(sampled_note(done));
  if (options.margins) say("\nlargest share of the tolerance:\n" + margins_table(done).text(6));
  if (options.soak == 0) {
    name_blind_cases(done);
    name_unspecified_elements(done);
  }
  const Reports reports = write_files(options, done);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return reports.exit_code(conclude("verify", done, options, seconds, is_interrupted()));
}

/// CLI11 would cut what does not fit into 64 bits to the largest number that does.
std::string seed_count_problem(const std::string& text) {
  constexpr std::int64_t most = 1'000'000'000;  // years
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && stop == text.data() + text.size() && count >= 1 && count <= most) return "";
  return fmt::format("it is {}, but a number from 1 to {} is needed", text, most);
}

}  // namespace

void add_verify(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<VerifyOptions>();
  Verb verb = line.add_verb("verify", "The parity gate: every backend against the oracle and the golden tensors");
  add_run_options(verb, *options);
  verb.add_flag("--all", options->selection.large,
                "The tier large as well: cases whose inputs or outputs take 64 MB and more");
  verb.add_option("--soak", options->soak,
                  "Instead, one property case of each operator for each of N seeds, counted up from --seed")
      .type_name("N")
      .check(seed_count_problem);
  verb.add_flag("--margins", options->margins, "How much of its tolerance each backend used, and where");
  verb.add_option("--junit", options->junit, "Write a JUnit report; - is standard output")
      .type_name("FILE")
      .not_empty();
  verb.when_chosen([options, &chosen] { chosen = [options] { return verify(*options); }; });
}

}  // namespace assay::bench
