// `assay bench`: verified times of the selected rows, as tables and files.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/machine/affinity.h"
#include "bench/machine/context.h"
#include "bench/machine/probe_file.h"
#include "bench/program/verbs.h"
#include "bench/report/baseline.h"
#include "bench/report/exports.h"
#include "bench/report/output.h"
#include "bench/report/result_file.h"
#include "bench/report/table.h"
#include "bench/timing/timed_case.h"

namespace assay::bench {
namespace {

constexpr int most_rounds = 100;

struct BenchOptions : RunOptions {
  double row_budget_s = 5;
  std::string cache = "hot", allocate = "once";
  int rounds = 3;
  bool pin = false;
  std::string csv, save_baseline;
  std::string baseline_file;  ///< where the baseline is kept; empty without --save-baseline
  bool markdown = false;
  BenchOptions() {
    threads = "1";
    selection.large = true;
  }
};

TimingSetup setup_of(const BenchOptions& options) {
  TimingSetup setup;
  setup.sampling.row_budget_s = options.row_budget_s;
  setup.sampling.seed = options.selection.cases.seed;
  setup.sampling.interrupted = is_interrupted;
  setup.rounds = options.rounds;
  setup.cache = options.cache == "cold" ? CacheState::cold : CacheState::hot;
  setup.allocation = options.allocate == "each" ? Allocation::each : Allocation::once;
  if (known_probe()) setup.probe = &*known_probe();
  if (options.pin) setup.pinning = std::make_unique<Pinning>();
  setup.repro_command = [&options](const Row& row) {
    std::string command = repro_command("bench", row, options);
    if (options.cache != "hot") command += " --cache " + options.cache;
    if (options.allocate != "once") command += " --allocate " + options.allocate;
    if (options.pin) command += " --pin";
    if (options.rounds != BenchOptions().rounds) command += fmt::format(" --rounds {}", options.rounds);
    return command;
  };
  return setup;
}

/// All cases once, then all again: see time_again().
std::vector<Row> bench_cases(const Selection& selection, TimingSetup& setup, const BenchOptions& options) {
  const std::uint64_t seed = options.selection.cases.seed;
  Progress progress("bench", selection.rows * static_cast<std::size_t>(setup.rounds));
  std::vector<std::vector<Row>> by_case(selection.cases.size());
  for (int round = 0; round < setup.rounds; ++round) {
    for (std::size_t i = 0; i < by_case.size() && !is_interrupted(); ++i) {
      std::vector<Verdict> before;  // what broke parity in an earlier round was printed then
      for (const Row& row : by_case[i]) before.push_back(row.verdict);
      if (round == 0) {
        by_case[i] = time_case(selection.cases[i], seed, setup);
      } else {
        time_again(*selection.cases[i].bound, seed, round, setup, by_case[i]);
      }
      for (std::size_t row = 0; row < by_case[i].size(); ++row) {
        progress.step(by_case[i][row].label());
        const bool known = !before.empty() && breaks_parity(before[row]);
        if (known || !breaks_parity(by_case[i][row].verdict)) continue;
        progress.clear();
        print_problem(by_case[i][row], options.github);
      }
    }
  }
  std::vector<Row> done;
  for (std::vector<Row>& rows : by_case) std::move(rows.begin(), rows.end(), std::back_inserter(done));
  return done;
}

Reports write_files(const BenchOptions& options, std::span<const Row> rows, const RunFacts& facts) {
  Reports reports;
  const std::string results = results_json(rows, facts);
  reports.write(options.json, results);
  reports.write(options.csv, results_csv(rows));
  if (!facts.partial) {
    reports.write(options.baseline_file, results);
  } else if (!options.save_baseline.empty()) {
    say(fmt::format("interrupted, so the baseline {} is as it was\n", options.save_baseline));
  }
  return reports;
}

/// What the numbers themselves warn of.
void warn_of_times(std::span<const Row> rows) {
  constexpr double off = 1.2;  // a first sample so much longer than the median was taken before the row had settled
  std::size_t timed = 0, unsettled = 0, first_off = 0;
  for (const Row& row : rows) {
    if (row.verdict != Verdict::passed || !row.timing || row.timing->samples_ns.empty()) continue;
    ++timed;
    unsettled += !row.timing->settled;
    first_off += row.timing->samples_ns.front() > off * row.timing->median_ns;
  }
  if (unsettled != 0)
    say(
        fmt::format("note: {} of {} rows (!) reached their time limit before their interval was within 1 %: give them "
                    "more with --row-budget, or quieten the machine\n",
                    unsettled, timed));
  if (first_off != 0)
    say(
        fmt::format("note: the first sample of {} of {} rows was more than 20 % over their median: something else ran, "
                    "or the clock frequency had not settled\n",
                    first_off, timed));
}

int bench(BenchOptions& options) {
  catch_interrupts();
  if (!options.save_baseline.empty()) options.baseline_file = baseline_path(options.save_baseline);
  finish_run_options(options, {options.json, options.csv, options.baseline_file});
  if (!(options.row_budget_s > 0) || !std::isfinite(options.row_budget_s))
    throw InvalidArgument(
        fmt::format("--row-budget is {} s, but it must be positive and finite", options.row_budget_s));
  const auto start = std::chrono::steady_clock::now();
  options.selection.small = !options.selection.filters.empty() || !options.golden.empty();
  const Selection selection = select(options.selection);
  print_warnings();
  for (const int threads : options.selection.threads)
    if (const auto shared = oversubscription_warning(threads)) add_warning(*shared);
  say_what_a_probe_would_add();
  std::vector<Row> done = selection.damaged;
  for (const Row& row : done) print_problem(row, options.github);
  TimingSetup setup = setup_of(options);
  std::ranges::move(bench_cases(selection, setup, options), std::back_inserter(done));
  warn_of_times(done);
  constexpr std::size_t first_number = 4;
  const Table table = timing_table(done);
  say(options.markdown ? table.markdown(first_number) : table.text(first_number));
  say(sampled_note(done));
  const Reports reports = write_files(options, done, {is_interrupted(), aa_floor(setup)});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return reports.exit_code(conclude("bench", done, options, seconds, is_interrupted()));
}

}  // namespace

void add_bench(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<BenchOptions>();
  Verb verb = line.add_verb("bench", "Verified times; without --filter, of all workloads");
  add_run_options(verb, *options);
  verb.add_option("--row-budget", options->row_budget_s, "Time limit for one row, e.g. 5s or 500ms")
      .in_seconds()
      .show_default();
  verb.add_option("--rounds", options->rounds, "How often all rows are gone through: samples that lie apart in time")
      .in_range(1, most_rounds)
      .show_default();
  verb.add_option("--cache", options->cache, "Whether timed calls find their buffers in the caches")
      .one_of({"hot", "cold"})
      .type_name("hot|cold")
      .show_default();
  verb.add_option("--allocate", options->allocate,
                  "Outputs allocated once, or anew for each timed call as an eager framework does")
      .one_of({"once", "each"})
      .type_name("once|each")
      .show_default();
  verb.add_flag("--pin", options->pin, "Bind threads to CPUs, one of each core first");
  verb.add_option("--save-baseline", options->save_baseline, "Keep the result file under a name for scripts/compare")
      .type_name("NAME")
      .not_empty();
  verb.add_option("--csv", options->csv, "Write all rows as CSV; - is standard output").type_name("FILE").not_empty();
  verb.add_flag("--markdown", options->markdown, "Print the table as Markdown");
  verb.when_chosen([options, &chosen] { chosen = [options] { return bench(*options); }; });
}

}  // namespace assay::bench
