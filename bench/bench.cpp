// `assay bench`: verified times. Poison → run → judge → time → judge the very buffers that the timed runs wrote, on
// other input values; a row that is not PASSED shows no time.
#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "bench/check.h"
#include "bench/measure/probe_file.h"
#include "bench/measure/roof.h"
#include "bench/measure/sampler.h"
#include "bench/report/machine.h"
#include "bench/report/output.h"
#include "bench/report/result_file.h"
#include "bench/report/table.h"
#include "bench/verbs.h"

namespace assay::bench {
namespace {

struct BenchOptions : RunOptions {
  double row_budget_s = 5;
  std::string csv;
  bool markdown = false;
  BenchOptions() {
    threads = "1";
    selection.large = true;
  }
};

/// A row on its way from verification to its time.
struct Entrant {
  Row row;
  std::unique_ptr<Trial> trial;
};

std::vector<Entrant> verify_rows(const CaseRows& selected, const Expectation& expected, const BenchOptions& options) {
  Referee referee(*selected.bound, expected);
  std::vector<Entrant> entrants;
  for (const Row& row : selected.rows) {
    Entrant entrant{row, nullptr};
    entrant.row.repro = repro_command("bench", row, options);
    entrant.trial = referee.open(entrant.row);
    if (entrant.trial) referee.verify(*entrant.trial, entrant.row);
    if (entrant.row.verdict != Verdict::passed) entrant.trial.reset();
    entrants.push_back(std::move(entrant));
  }
  return entrants;
}

void time_rows(std::span<Entrant*> running, const BenchOptions& options) {
  std::vector<Contestant> contestants;
  for (Entrant* entrant : running) {
    Trial* trial = entrant->trial.get();
    const auto spots = std::make_shared<std::uint64_t>(random_bits(entrant->row.seed, contestants.size()));
    contestants.push_back({entrant->row.label(), [trial] { trial->call(); }, [trial] { trial->use_threads(); },
                           [trial, spots] { trial->spoil((*spots)++); }, [trial] { return trial->restored(); }});
  }
  SamplingOptions sampling;
  sampling.row_budget_s = options.row_budget_s;
  sampling.seed = options.selection.cases.seed;
  sampling.interrupted = is_interrupted;
  std::vector<Timing> timings = sample(contestants, sampling);
  for (std::size_t i = 0; i < running.size(); ++i) running[i]->row.timing = std::move(timings[i]);
}

/// Judges what the timed calls left behind; the error of the worse of the two verifications stands.
void judge_timed(Entrant& entrant, const BoundCase& bound, const Expectation& expected) {
  const std::optional<double> before = entrant.row.max_error_ratio;
  try {
    judge(bound, expected, entrant.trial->results(), entrant.row);
    if (entrant.row.timing && !entrant.row.timing->problem.empty()) {
      entrant.row.verdict = Verdict::failed;
      entrant.row.reason = entrant.row.timing->problem;
    }
    if (const std::string breach = entrant.trial->breach(); entrant.row.verdict == Verdict::passed && !breach.empty()) {
      entrant.row.verdict = Verdict::failed;
      entrant.row.reason = breach;
    }
  } catch (const std::exception& problem) {
    entrant.row.verdict = Verdict::failed;
    entrant.row.reason = fmt::format("the kernel threw: {}", problem.what());
  }
  if (entrant.row.verdict == Verdict::failed) entrant.row.reason += " (after the timed calls)";
  if (before && entrant.row.max_error_ratio && *before > *entrant.row.max_error_ratio)
    entrant.row.max_error_ratio = before;
}

/// Fresh values and fresh poison, so that nothing remembered from the verification can pass for a result.
void time_and_judge(std::vector<Entrant>& entrants, const BoundCase& bound, const Expectation& fresh,
                    const BenchOptions& options) {
  std::vector<Entrant*> running;
  for (Entrant& entrant : entrants) {
    if (!entrant.trial) continue;
    entrant.trial->load(fresh.inputs);
    entrant.trial->poison(random_bits(entrant.row.seed, 3));
    running.push_back(&entrant);
  }
  if (running.empty()) return;
  const Running now(fmt::format("{}/{}", bound.op->name, bound.name), running.front()->row.repro);
  time_rows(running, options);
  const double bytes = working_set_bytes(bound, fresh.inputs, fresh.shapes);
  for (Entrant* entrant : running) {
    judge_timed(*entrant, bound, fresh);
    if (known_probe()) hold_against_roof(*known_probe(), bytes, bound.instance->dtype, false, entrant->row);
  }
}

void bench_case(const CaseRows& selected, const BenchOptions& options, Progress& progress, std::vector<Row>& done) {
  const BoundCase& bound = *selected.bound;
  const std::uint64_t seed = options.selection.cases.seed;
  std::vector<Entrant> entrants = verify_rows(selected, expect(bound, seed, 0), options);
  time_and_judge(entrants, bound, expect(bound, seed, 1), options);
  for (Entrant& entrant : entrants) {
    progress.step(entrant.row.label());
    if (breaks_parity(entrant.row.verdict)) {
      progress.clear();
      print_problem(entrant.row, options.github);
    }
    done.push_back(std::move(entrant.row));
  }
}

int bench(BenchOptions& options) {
  finish_run_options(options, {options.json, options.csv});
  if (!(options.row_budget_s > 0) || !std::isfinite(options.row_budget_s))
    throw InvalidArgument(
        fmt::format("--row-budget is {} s, but it must be positive and finite", options.row_budget_s));
  const auto start = std::chrono::steady_clock::now();
  options.selection.small = !options.selection.filters.empty() || !options.golden.empty();
  const Selection selection = select(options.selection);
  catch_interrupts();
  print_warnings();
  say_what_a_probe_would_add();
  std::vector<Row> done = selection.damaged;
  for (const Row& row : done) print_problem(row, options.github);
  {
    Progress progress("bench", selection.rows);
    for (const CaseRows& selected : selection.cases) {
      if (is_interrupted()) break;
      bench_case(selected, options, progress, done);
    }
  }
  if (!options.json.empty()) write_whole(options.json, results_json(done, is_interrupted()));
  if (!options.csv.empty()) write_whole(options.csv, results_csv(done));
  constexpr std::size_t first_number = 4;
  const Table table = timing_table(done);
  say(options.markdown ? table.markdown(first_number) : table.text(first_number));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return conclude("bench", done, options, seconds, is_interrupted());
}

}  // namespace

void add_bench(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* verb = app.add_subcommand("bench", "Verified times; without --filter, of all workloads");
  add_run_options(*verb, *options);
  verb->add_option("--row-budget", options->row_budget_s, "Time limit for one row, e.g. 5s or 500ms")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"ms", 1e-3}, {"m", 60}}))
      ->capture_default_str();
  verb->add_option("--csv", options->csv, "Write all rows as CSV; - is standard output")->type_name("FILE");
  verb->add_flag("--markdown", options->markdown, "Print the table as Markdown");
  verb->callback([options, &chosen] { chosen = [options] { return bench(*options); }; });
}

}  // namespace assay::bench
