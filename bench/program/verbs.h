// The verbs of `assay`, one file each: what main() asks of them, the options they share and their exit codes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/cases/row.h"
#include "bench/cases/selection.h"
#include "bench/program/command_line.h"

namespace assay::bench {

/// Exit codes, besides interrupted_exit_code(). None is 2, which make uses.
enum ExitCode : int {
  ok = 0,
  usage = 1,   ///< a user's mistake, unreadable input, or internal
  parity = 3,  ///< FAILED, INVALID, MISTRUSTED, or --require unmet
};

/// Adds a verb to the command line; `chosen` is set to what it does once its options are parsed.
using Chosen = std::function<int()>;
void add_list(CommandLine& line, Chosen& chosen);
void add_verify(CommandLine& line, Chosen& chosen);
void add_bench(CommandLine& line, Chosen& chosen);
void add_profile(CommandLine& line, Chosen& chosen);
void add_run(CommandLine& line, Chosen& chosen);
void add_probe(CommandLine& line, Chosen& chosen);
void add_mutants(CommandLine& line, Chosen& chosen);

/// More threads than any machine has: above this it is a typo.
inline constexpr int most_threads = 1024;

/// Those of a verify: one, an even and an odd share, more than most machines have, and all. Results must not depend on
/// the count.
inline constexpr const char* verify_threads = "1,2,3,7,n";
/// Of a list such as "1,n". InvalidArgument if it is none.
std::vector<int> parse_threads(const std::string& text);

/// Options that verify and bench share.
struct RunOptions {
  SelectionOptions selection;
  std::string threads;  ///< "1,2"
  std::string seed = std::to_string(default_seed);
  std::vector<std::string> require;
  std::string json;
  std::string golden;
  bool github = false;
};
void add_run_options(Verb verb, RunOptions& options);
/// Parses thread counts, checks names and prepares the output files; InvalidArgument says what is wrong.
void finish_run_options(RunOptions& options, const std::vector<std::string>& output_files);

/// The command that does one row again, with the options that matter.
std::string repro_command(std::string_view verb, const Row& row, const RunOptions& options);

/// "1,204 checks: 1,200 PASSED, …" and the sentences about --require; the exit code that follows.
int conclude(std::string_view verb, std::span<const Row> rows, const RunOptions& options, double seconds,
             bool was_interrupted);

/// Prints a row that breaks parity: label, verdict, reason and the command that reproduces it.
void print_problem(const Row& row, bool github);

/// For --within: InvalidArgument unless the share is above 0 and at most 1.
void require_share(double share);
/// Names each PASSED row that uses more than this share of its tolerance, then says how many there are, and returns it.
/// The rows stay as they are.
std::size_t report_rows_above(double share, std::span<const Row> rows, bool github);

/// Reads this machine's probe from the cache or measures it; known_probe() has it then. False if interrupted.
bool obtain_probe(bool quick);

}  // namespace assay::bench
