// The verbs of `assay`, and turning every mistake into one sentence and an exit code.
#include "bench/program/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/machine/context.h"
#include "bench/program/verbs.h"
#include "bench/report/output.h"
#include "bench/verdict/room.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

int complain(std::string_view sentence) {
  tell(fmt::format("assay: {}\n", sentence));
  return ExitCode::usage;
}

void set_up(CommandLine& line, Chosen& chosen) {
  line.add_version_flag("--version", version_text, "Version, commit and libraries");
  const auto choose_colour = [](const std::string& when) {
    set_colour(when == "always" ? Colour::always : when == "never" ? Colour::never : Colour::automatic);
  };
  line.program()
      .add_option("--color", choose_colour, "When to use colours; NO_COLOR is honoured")
      .one_of({"auto", "always", "never"})
      .type_name("auto|always|never");
  add_list(line, chosen);
  add_verify(line, chosen);
  add_bench(line, chosen);
  add_profile(line, chosen);
  add_run(line, chosen);
  add_probe(line, chosen);
  add_mutants(line, chosen);
}

/// CLI11 would only say that a subcommand is missing.
void refuse_unknown_verb(const CommandLine& line, std::span<const std::string> arguments) {
  if (arguments.empty() || arguments[0].starts_with('-')) return;
  const std::vector<std::string> names = line.verbs();
  const std::vector<std::string_view> verbs(names.begin(), names.end());
  if (std::find(verbs.begin(), verbs.end(), arguments[0]) != verbs.end()) return;
  throw InvalidArgument(
      fmt::format("there is no verb {}{}; `assay --help` shows all", arguments[0], nearest_name(arguments[0], verbs)));
}

/// Returns what --help or --version asked for; otherwise `chosen` is set.
std::optional<std::string> parse(CommandLine& line, std::vector<std::string> arguments) {
  refuse_unknown_verb(line, arguments);
  try {
    return line.parse(std::move(arguments));
  } catch (const InvalidArgument& problem) {
    throw InvalidArgument(fmt::format("{}; `assay --help` shows what there is", problem.what()));
  }
}

/// Parses the command line and does what it says. Every mistake becomes one sentence.
int run_verb(int argc, char** argv) {
  CommandLine line("Benchmarks and verifies the tensor operators around DETR and Swin models.", "assay");
  Chosen chosen;
  set_colour(Colour::automatic);
  try {
    set_up(line, chosen);
    const std::optional<std::string> information = parse(line, {argv + std::min(argc, 1), argv + argc});
    if (information) say(*information);
    return information ? ExitCode::ok : chosen();
  } catch (const InvalidArgument& problem) {
    return complain(problem.what());
  } catch (const std::filesystem::filesystem_error& problem) {
    return complain(fmt::format("{}: {}", problem.path1().string(), problem.code().message()));
  } catch (const std::bad_alloc&) {
    return complain(memory_ran_out());
  } catch (const std::exception& problem) {
    return complain(fmt::format("internal error: {}", problem.what()));
  }
}

}  // namespace

int run_program(int argc, char** argv) {
  set_up_standard_streams();
  set_up_signals();
  return close_standard_output(run_verb(argc, argv));
}

}  // namespace assay::bench
