// `assay verify`: the parity gate. Each case's truth is computed once, then every backend is held against it.
#include <fmt/format.h>

#include <chrono>

#include "bench/check.h"
#include "bench/report/output.h"
#include "bench/report/result_file.h"
#include "bench/report/table.h"
#include "bench/verbs.h"

namespace assay::bench {
namespace {

struct VerifyOptions : RunOptions {
  std::string junit;
  VerifyOptions() {
    threads = "1,2";  // one, and more than one: results must not depend on the count
    selection.cases.property_cases = default_property_cases;
  }
};

void verify_row(Referee& referee, Row& row, const VerifyOptions& options) {
  row.repro = repro_command("verify", row, options);
  if (const auto trial = referee.open(row)) referee.verify(*trial, row);
}

/// All rows of one case. A backend without a kernel gets one row, not one for each thread count.
void verify_case(const CaseRows& selected, const VerifyOptions& options, Progress& progress, std::vector<Row>& done) {
  const Expectation expected = expect(*selected.bound, options.selection.cases.seed, 0);
  Referee referee(*selected.bound, expected);
  for (Row row : selected.rows) {
    if (is_interrupted()) return;
    verify_row(referee, row, options);
    progress.step(row.label());
    if (breaks_parity(row.verdict)) {
      progress.clear();
      print_problem(row, options.github);
    }
    done.push_back(std::move(row));
  }
}

void write_files(const VerifyOptions& options, std::span<const Row> rows) {
  if (!options.json.empty()) write_whole(options.json, checks_json(rows, is_interrupted()));
  if (!options.junit.empty()) write_whole(options.junit, junit_xml(rows));
}

int verify(VerifyOptions& options) {
  finish_run_options(options, {options.json, options.junit});
  const auto start = std::chrono::steady_clock::now();
  const Selection selection = select(options.selection);
  catch_interrupts();
  std::vector<Row> done;
  {
    Progress progress("verify", selection.rows);
    for (const Row& row : selection.damaged) {
      print_problem(row, options.github);
      done.push_back(row);
    }
    for (const CaseRows& selected : selection.cases) verify_case(selected, options, progress, done);
  }
  write_files(options, done);
  say(verdict_table(done).text(1));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return conclude("verify", done, options, seconds, is_interrupted());
}

}  // namespace

void add_verify(CLI::App& app, Chosen& chosen) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App* verb =
      app.add_subcommand("verify", "The parity gate: every backend against the oracle and the golden tensors");
  add_run_options(*verb, *options);
  verb->add_flag("--all", options->selection.large, "The tier large as well: cases whose outputs take 64 MB and more");
  verb->add_option("--junit", options->junit, "Write a JUnit report; - is standard output")->type_name("FILE");
  verb->callback([options, &chosen] { chosen = [options] { return verify(*options); }; });
}

}  // namespace assay::bench
