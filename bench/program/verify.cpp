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
#include "bench/verdict/shrink.h"
#include "bench/verdict/verified_case.h"

namespace assay::bench {
namespace {

struct VerifyOptions : RunOptions {
  std::string junit;
  bool cover = false;
  std::int64_t soak = 0;
  std::int64_t elements = 0;  // of a case of the cover; 0: as much as --all says
  bool margins = false;
  bool stop_at_first = false;
  double within = 1;  // which every row that passed is
  VerifyOptions() {
    threads = verify_threads;
    selection.cases.drawn = Drawn::share;
  }
};

bool any_breaks_parity(std::span<const Row> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const Row& row) { return breaks_parity(row.verdict); });
}

/// What a run has found so far.
struct Done {
  std::vector<Row> rows;
  std::vector<PairCount> pairs;
  std::set<std::string> shrunk;  ///< operators, backends and dtypes of which a case was reduced
};

/// Adds the smallest case that still fails, and the command that runs it.
void reduce(const CaseRows& selected, Row& row, const VerifyOptions& options, Done& done) {
  constexpr std::size_t most_shrunk = 8;  // kernels of a run; each once, for it may fail on hundreds for one reason
  if (done.shrunk.size() >= most_shrunk) return;
  if (!done.shrunk.insert(fmt::format("{}/{}/{}", row.op, row.backend, row.dtype)).second) return;
  const auto repro = [&](const Row& smaller) { return repro_command("verify", smaller, options); };
  const std::optional<Row> smallest = shrink(selected, row, options.selection.cases.seed, repro);
  if (!smallest) return;
  row.reason += fmt::format("; the smallest case with this verdict is {}: {}", smallest->case_name, smallest->reason);
  row.repro = smallest->repro;
}

/// All rows of one case, each reported when the case is done.
void verify_and_report(const CaseRows& selected, const VerifyOptions& options, Progress& progress, Done& done) {
  const auto repro = [&](const Row& row) { return repro_command("verify", row, options); };
  const std::size_t before = done.rows.size();
  verify_case(selected, options.selection.cases.seed, repro, [&](Row&& row) {
    progress.step(row.label());
    done.rows.push_back(std::move(row));
  });
  for (std::size_t i = before; i < done.rows.size(); ++i) {
    if (!breaks_parity(done.rows[i].verdict)) continue;
    progress.clear();
    if (!options.stop_at_first) reduce(selected, done.rows[i], options, done);
    print_problem(done.rows[i], options.github);
  }
}

Reports write_files(const VerifyOptions& options, const Done& done, bool partial) {
  Reports reports;
  const std::vector<Row>& rows = done.rows;
  if (!options.json.empty()) {
    RunFacts facts{partial};
    facts.pairs = done.pairs;
    reports.write(options.json, checks_json(rows, facts));
  }
  if (!options.junit.empty()) reports.write(options.junit, junit_xml(rows, partial));
  return reports;
}

/// Names in a note; the files have all.
constexpr std::size_t most_names = 5;

std::vector<std::string> first_names(std::vector<std::string> names) {
  const std::size_t all = names.size();
  if (all <= most_names) return names;
  names.resize(most_names);
  names.push_back(fmt::format("{} more", all - most_names));
  return names;
}

/// Cases whose truth is also that of zeros, a constant, a copied input and so on: they pass on the other guards alone.
void name_blind_cases(std::span<const Row> rows) {
  std::set<std::string> blind;
  for (const Row& row : rows)
    if (row.verdict == Verdict::passed && row.told_apart.empty())
      blind.insert(fmt::format("{}/{}", row.op, row.case_name));
  if (blind.empty()) return;
  say(fmt::format("note: no trivial result (zeros, a constant, …) differs from the truth of {}\n",
                  fmt::join(first_names({blind.begin(), blind.end()}), ", ")));
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
    names.push_back(fmt::format("{} ({} of {})", name, counts.first, counts.second));
  say(fmt::format("note: some elements are held only to a finite range, where float32 carries no information: {}\n",
                  fmt::join(first_names(names), ", ")));
}

/// "pairs of levels: 1234 of 5678 covered; 90 more need tensors of more than 4194304 elements, all of H=16777217".
void say_pairs(const std::vector<PairCount>& pairs, double budget) {
  PairCount all;
  std::vector<std::string> beyond;
  for (const PairCount& counted : pairs) {
    all.covered += counted.covered;
    all.possible += counted.possible;
    all.too_large += counted.too_large;
    for (const std::string& level : counted.too_large_levels) beyond.push_back(fmt::format("{} {}", counted.op, level));
  }
  if (all.possible == 0) return;
  std::string sentence = fmt::format("pairs of levels: {} of {} covered", all.covered, all.possible);
  if (all.too_large != 0)
    sentence += fmt::format("; {} more need tensors of more than {:.0f} elements", all.too_large, budget);
  if (!beyond.empty()) sentence += fmt::format(", all of {}", fmt::join(first_names(beyond), ", "));
  say(sentence + "\n");
}

/// False if cases are left out: it was interrupted, or is to stop at the first that breaks parity.
bool verify_selected(const Selection& selection, const VerifyOptions& options, Done& done) {
  Progress progress("verify", selection.rows);
  for (const Row& row : selection.damaged) {
    print_problem(row, options.github);
    done.rows.push_back(row);
  }
  for (const CaseRows& selected : selection.cases) {
    if (is_interrupted()) return false;
    if (options.stop_at_first && any_breaks_parity(done.rows)) {
      say("stopped at the first case that breaks parity\n");
      return false;
    }
    verify_and_report(selected, options, progress, done);
  }
  return true;
}

/// One random case of each operator and dtype for each of many seeds. Rows that passed keep no details.
void soak(const VerifyOptions& options, Done& done) {
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
    const std::size_t before = done.rows.size();
    for (const CaseRows& selected : selection.cases) verify_and_report(selected, one, rows, done);
    for (std::size_t row = before; row < done.rows.size(); ++row) {
      problems += breaks_parity(done.rows[row].verdict);
      if (done.rows[row].verdict == Verdict::passed) done.rows[row].outputs.clear();
    }
    if (problems > most_problems) {
      say(fmt::format("stopped after {} seeds and {} problems\n", i + 1, problems));
      return;
    }
    seeds.step(fmt::format("seed {}", one.selection.cases.seed));
    ++one.selection.cases.seed;
  }
}

/// Which cases --soak and --cover draw; InvalidArgument where options contradict each other.
void choose_drawn(VerifyOptions& options) {
  if (options.soak != 0 && options.selection.large)
    throw InvalidArgument("--soak draws small cases, none of which is large: leave out --all");
  if (options.soak != 0 && !options.golden.empty())
    throw InvalidArgument("--soak draws cases and --golden takes recorded ones: only one of them can be had");
  if (options.cover && (options.soak != 0 || !options.golden.empty()))
    throw InvalidArgument("--cover draws its cases itself: leave out --soak and --golden");
  if (!options.cover && options.elements != 0)
    throw InvalidArgument("--elements bounds the cases of --cover alone: add --cover");
  CaseOptions& cases = options.selection.cases;
  cases.beyond_32_bits = options.selection.large;
  if (!options.cover) return;
  cases.drawn = Drawn::array;
  cases.drawn_only = true;
  if (options.selection.large) cases.element_budget = large_element_budget;
  if (options.elements != 0)
    cases.element_budget = std::min(cases.element_budget, static_cast<double>(options.elements));
}

int verify(VerifyOptions& options) {
  catch_interrupts();
  finish_run_options(options, {options.json, options.junit});
  choose_drawn(options);
  require_share(options.within);
  const auto start = std::chrono::steady_clock::now();
  Done done;
  bool whole = true;
  if (options.soak != 0) {
    soak(options, done);
  } else {
    const Selection selection = select(options.selection);
    whole = verify_selected(selection, options, done);
    done.pairs = pairs_judged(selection.list.covers, done.rows);
  }
  say(verdict_table(done.rows).text(1));
  say(sampled_note(done.rows));
  if (options.margins) say("\nlargest share of the tolerance:\n" + margins_table(done.rows).text(6));
  if (options.soak == 0) {
    name_blind_cases(done.rows);
    name_unspecified_elements(done.rows);
    say_pairs(done.pairs, options.selection.cases.element_budget);
  }
  const Reports reports = write_files(options, done, is_interrupted() || !whole);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  int code = conclude("verify", done.rows, options, seconds, is_interrupted());
  const bool all_within = options.within == 1 || report_rows_above(options.within, done.rows, options.github) == 0;
  if (code == ExitCode::ok && !all_within) code = ExitCode::parity;
  return reports.exit_code(code);
}

/// CLI11 would cut what does not fit into 64 bits to the largest number that does.
std::string count_problem(const std::string& text) {
  constexpr std::int64_t most = 1'000'000'000;  // seeds: years; elements: more than --all takes
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
  verb.add_flag(
      "--all", options->selection.large,
      "The tier large as well: cases whose inputs or outputs take 64 MB and more, of each operator one beyond 32 bits "
      "where memory allows");
  verb.add_flag("--cover", options->cover,
                "Instead, drawn cases that together have every pair of levels of each operator's domain; --all for "
                "tensors of up to 2^28 elements");
  verb.add_option("--elements", options->elements,
                  "With --cover, tensors of at most N elements a case, instead of 2^22: quicker, and fewer pairs fit")
      .type_name("N")
      .check(count_problem);
  verb.add_option("--soak", options->soak,
                  "Instead, one random case of each operator for each of N seeds, counted up from --seed")
      .type_name("N")
      .check(count_problem);
  verb.add_flag("--stop-at-first", options->stop_at_first,
                "End after the first case that breaks parity; files are partial");
  verb.add_option("--within", options->within,
                  "Fail the run if a row that passed uses more than this share of its tolerance, e.g. 0.25")
      .type_name("SHARE");
  verb.add_flag("--margins", options->margins, "How much of its tolerance each backend used, and where");
  verb.add_option("--junit", options->junit, "Write a JUnit report; - is standard output")
      .type_name("FILE")
      .not_empty();
  verb.when_chosen([options, &chosen] { chosen = [options] { return verify(*options); }; });
}

}  // namespace assay::bench
