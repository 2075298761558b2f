// The command line, one argument a line: every verb's options as CLI11 reads them, and what verify and bench make of
// theirs. Nothing is run and no file is touched. Accepted means that verify or bench would go ahead.
#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "bench/program/verbs.h"
#include "golden/fuzz/target.h"

namespace assay::fuzz {
namespace {

using namespace bench;

std::vector<std::string> seeds() {
  return {
      "",
      "--help",
      "verify",
      "verify\n--filter\n*/openmp/*\n--threads\n1,2,n\n--seed\n7",
      "verify\n--threads\n1,2",
      "verify\n--threads=1",
      "bench\n--threads\n2\n--seed\n18446744073709551615\n--require\nscalar,openmp",
      "verify\n--threads\n",
      "verify\n--threads\n1,,2",
      "verify\n--threads\n,",
      "verify\n--threads\n0",
      "verify\n--threads\n-1",
      "verify\n--threads\n1025",
      "verify\n--threads\n99999999999999999999",
      "verify\n--threads\n1.5",
      "verify\n--threads\n+1",
      "verify\n--seed\n-1",
      "verify\n--seed\n18446744073709551616",
      "verify\n--seed\n0x10",
      "verify\n--seed\n",
      "verify\n--seed\n1\n--seed\n2",
      "verify\n--golden\n",
      "verify\n--require\nopnmp",
      "verify\n--require\n,",
      "verify\n--filter",
      "verify\n--filter\n\n--filter\n*",
      "verify\nstray",
      "bench\n--row-budget\n0s",
      "bench\n--row-budget\n1e400s",
      "list\noperators\n--json\n-",
      "run\nfile\n--backend\nscalar\n-o\n-\n--threads\n2147483648",
      "run\n--\n--backend",
      "verify\n--\xff\n\x1b[31m",
      "verify\n--threads\n" + std::string(300, '1'),
  };
}

constexpr std::array<std::string_view, 24> words = {"\n",          "verify\n",
                                                    "bench\n",     "list\n",
                                                    "run\n",       "--filter\n",
                                                    "--threads\n", "--seed\n",
                                                    "--json",      "--golden",
                                                    "--require",   "--all",
                                                    "--github",    "--row-budget\n",
                                                    "-o\n",        "--backend\n",
                                                    "=",           "--",
                                                    "-",           ",",
                                                    "n",           "1,2",
                                                    "scalar",      "18446744073709551616"};

std::vector<std::string> arguments_of(std::string_view text) {
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

template <class Parse>
bool parses(CommandLine& line, std::vector<std::string> arguments, Parse then) {
  try {
    if (line.parse(std::move(arguments))) return false;  // it asks for help
    then();
    return true;
  } catch (const InvalidArgument& problem) {
    require(problem.what()[0] != '\0', "a mistake on the command line is refused without a word");
  }
  return false;
}

/// The verbs as the program has them; none is run.
bool is_command(const std::vector<std::string>& arguments) {
  CommandLine line("", "assay");
  Chosen chosen;
  add_list(line, chosen);
  add_verify(line, chosen);
  add_bench(line, chosen);
  add_run(line, chosen);
  return parses(line, arguments, [&] { require(static_cast<bool>(chosen), "a verb is accepted, but does nothing"); });
}

void require_sound(const RunOptions& options) {
  constexpr int most_threads = 1024;  // as options.cpp has it
  const std::vector<int>& threads = options.selection.threads;
  require(!threads.empty(), "no thread count is left");
  for (const int count : threads) require(count >= 1 && count <= most_threads, "a thread count is out of range");
  require(std::set<int>(threads.begin(), threads.end()).size() == threads.size(), "a thread count stands twice");
  std::uint64_t seed = 0;
  const char* const end = options.seed.data() + options.seed.size();
  const auto [stop, error] = std::from_chars(options.seed.data(), end, seed);
  require(error == std::errc() && stop == end && seed == options.selection.cases.seed, "the seed is another one");
  require(options.selection.cases.golden.has_value() == !options.golden.empty(), "the golden folder is lost");
}

/// The options that verify and bench share, checked as these do before they start.
bool is_run(std::vector<std::string> arguments) {
  if (!arguments.empty() && !arguments[0].starts_with('-')) arguments.erase(arguments.begin());  // the verb
  CommandLine line("", "assay");
  RunOptions options;
  options.threads = "1";
  add_run_options(line.program(), options);
  return parses(line, arguments, [&] {
    finish_run_options(options, {});
    require_sound(options);
  });
}

bool accepts(std::string_view input) {
  const std::vector<std::string> arguments = arguments_of(input);
  is_command(arguments);
  return is_run(arguments);
}

}  // namespace

const Target target = {seeds, words, nullptr, accepts};

}  // namespace assay::fuzz
