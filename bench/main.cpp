// The program `assay`: its verbs, and turning every mistake into one sentence and an exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <new>

#include "bench/report/machine.h"
#include "bench/report/output.h"
#include "bench/verbs.h"

namespace {

using namespace assay::bench;

int complain(const std::string& sentence) {
  fmt::print(stderr, "assay: {}\n", sentence);
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
  add_run(app, chosen);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Benchmarks and verifies the tensor operators around DETR and Swin models.", "assay");
  Chosen chosen;
  set_colour(Colour::automatic);
  try {
    set_up(app, chosen);
    app.parse(argc, argv);
    return chosen();
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);  // --help and --version
    return complain(fmt::format("{}; `assay --help` shows what there is", problem.what()));
  } catch (const assay::InvalidArgument& problem) {
    return complain(problem.what());
  } catch (const std::bad_alloc&) {
    return complain("there is not enough memory for this; choose smaller cases with --filter");
  } catch (const std::exception& problem) {
    return complain(fmt::format("internal error: {}", problem.what()));
  }
}
