// `assay mutants`: whether the cases of each operator kill every wrong kernel that its contract says how to make.
#include "bench/planted/mutants.h"

#include <fmt/format.h>

#include <chrono>

#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/cases/filter.h"
#include "bench/program/verbs.h"
#include "bench/report/table.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

struct MutantOptions {
  std::vector<std::string> filters;
  std::uint64_t seed = default_seed;
  bool list = false;
};

struct Totals {
  std::size_t made = 0, killed = 0, equivalent = 0, out_of_order = 0;
  void add(const MutantFate& fate) {
    ++made;
    killed += fate.killed();
    equivalent += !fate.killed() && fate.in_order();
    out_of_order += !fate.in_order();
  }
};

std::string describe(const OperatorEntry& op, const MutantFate& fate) {
  const std::string name = fmt::format("{}/{}", op.name, fate.mutant.label());
  if (!fate.in_order() && fate.killed())
    return fmt::format("{} is declared equal, but {} tells it: {}", name, fate.killed_by, fate.reason);
  if (!fate.in_order())
    return fmt::format("{} survives on all {} cases where it is one: add a case that tells it", name, fate.cases);
  if (fate.killed()) return fmt::format("{} is killed by {}: {}", name, fate.killed_by, fate.reason);
  return fmt::format("{} is equal on all {} cases: {}", name, fate.cases, fate.equivalent);
}

int try_all(const MutantOptions& options) {
  catch_interrupts();
  const auto start = std::chrono::steady_clock::now();
  CaseOptions wanted;
  wanted.seed = options.seed;
  wanted.drawn = Drawn::share;
  const CaseList list = collect_cases(wanted);
  Table table({"operator", "made", "killed", "equal", "survived"});
  Totals all;
  for (const OperatorEntry& op : operators()) {
    const auto selected = [&](const std::string& label) {
      return any_matches(options.filters, fmt::format("{}/{}", op.name, label));
    };
    Totals totals;
    for (const MutantFate& fate :
         try_mutants(op, mutant_cases(op, list.cases), options.seed, selected, is_interrupted)) {
      totals.add(fate);
      all.add(fate);
      if (options.list || !fate.in_order()) say(describe(op, fate) + "\n");
    }
    if (totals.made == 0) continue;
    table.add({std::string(op.name), fmt::format("{}", totals.made), fmt::format("{}", totals.killed),
               fmt::format("{}", totals.equivalent), fmt::format("{}", totals.out_of_order)});
  }
  if (is_interrupted()) return interrupted_exit_code();
  if (all.made == 0) throw InvalidArgument("no mutant matches the filter; `assay mutants --list` shows all");
  say(table.text(1));
  say(fmt::format("mutants: {} made, {} killed, {} equal by the operator's meaning, {} out of order, in {:.1f} s\n",
                  all.made, all.killed, all.equivalent, all.out_of_order,
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()));
  return all.out_of_order == 0 ? ExitCode::ok : ExitCode::parity;
}

}  // namespace

void add_mutants(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<MutantOptions>();
  Verb verb = line.add_verb(
      "mutants", "Whether the cases tell every wrong kernel that the contracts say how to make from the right one");
  verb.add_option("--filter", options->filters, "Globs over operator/field: change; * also matches /")
      .type_name("GLOB")
      .not_empty();
  verb.add_option("--seed", options->seed, "Seed of the cases' values").type_name("N");
  verb.add_flag("--list", options->list, "Name every mutant, with the case that kills it");
  verb.when_chosen([options, &chosen] { chosen = [options] { return try_all(*options); }; });
}

}  // namespace assay::bench
