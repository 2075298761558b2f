// The verbs of `assay`, and turning every mistake into one sentence and an exit code.
#include "bench/program/program.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <sstream>
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

void set_up(CLI::App& app, Chosen& chosen) {
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text, "Version, commit and libraries");
  app.add_option_function<std::string>(
         "--color",
         [](const std::string& when) {
           set_colour(when == "always" ? Colour::always : when == "never" ? Colour::never : Colour::automatic);
         },
         "When to use colours; NO_COLOR is honoured")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("auto|always|never");
  app.fallthrough();
  add_list(app, chosen);
  add_verify(app, chosen);
  add_bench(app, chosen);
  add_profile(app, chosen);
  add_run(app, chosen);
  add_probe(app, chosen);
  add_mutants(app, chosen);
}

/// CLI11 would only say that a subcommand is missing.
void refuse_unknown_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string_view> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), argv[1]) != verbs.end()) return;
  throw InvalidArgument(
      fmt::format("there is no verb {}{}; `assay --help` shows all", argv[1], nearest_name(argv[1], verbs)));
}

/// The text of --help or --version, which CLI11 would write without asking whether that succeeded.
void print_information(const CLI::App& app, const CLI::ParseError& request) {
  std::ostringstream text;
  app.exit(request, text, text);
  say(text.str());
}

/// Parses the command line and does what it says. Every mistake becomes one sentence.
int run_verb(int argc, char** argv) {
  CLI::App app("Benchmarks and verifies the tensor operators around DETR and Swin models.", "assay");
  Chosen chosen;
  set_colour(Colour::automatic);
  try {
    set_up(app, chosen);
    refuse_unknown_verb(app, argc, argv);
    app.parse(argc, argv);
    return chosen();
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) {
      print_information(app, problem);
      return ExitCode::ok;
    }
    return complain(fmt::format("{}; `assay --help` shows what there is", problem.what()));
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
