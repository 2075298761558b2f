// `assay mutants`: whether the cases of each operator kill every wrong kernel that its contract says how to make; with
// --triggers, those that are wrong only under a condition.
#include "bench/planted/mutants.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/cases/filter.h"
#include "bench/planted/triggers.h"
#include "bench/program/verbs.h"
#include "bench/report/table.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

struct MutantOptions {
  std::vector<std::string> filters;
  std::uint64_t seed = default_seed;
  bool list = false;
  bool triggers = false;
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

/// Those of a default verify.
CaseList default_cases(std::uint64_t seed) {
  CaseOptions wanted;
  wanted.seed = seed;
  wanted.drawn = Drawn::share;
  return collect_cases(wanted);
}

/// Whether a filter takes the mutant or trigger of a label.
auto is_selected(const OperatorEntry& op, const MutantOptions& options) {
  return [&](const std::string& label) { return any_matches(options.filters, fmt::format("{}/{}", op.name, label)); };
}

int try_all(const MutantOptions& options) {
  catch_interrupts();
  const auto start = std::chrono::steady_clock::now();
  const CaseList list = default_cases(options.seed);
  Table table({"operator", "made", "killed", "equal", "survived"});
  Totals all;
  for (const OperatorEntry& op : operators()) {
    Totals totals;
    for (const MutantFate& fate :
         try_mutants(op, mutant_cases(op, list.cases), options.seed, is_selected(op, options), is_interrupted)) {
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

// ---- triggers ----

/// Of the triggers of an operator.
struct TriggerCount {
  std::size_t made = 0, by_verify = 0, by_cover = 0, too_large = 0;
  void add(const TriggerCount& other) {
    made += other.made;
    by_verify += other.by_verify;
    by_cover += other.by_cover;
    too_large += other.too_large;
  }
};

/// Counts what became of an operator's triggers, and names those that the cover leaves alive.
TriggerCount report(const OperatorEntry& op, const OperatorTriggers& tried, bool list) {
  TriggerCount count{0, killed_of(tried.by_verify), killed_of(tried.by_cover), 0};
  const auto killer = [](const TriggerFate& fate) { return fate.killed() ? fate.killed_by : "nothing"; };
  for (std::size_t i = 0; i < tried.by_cover.size(); ++i) {
    const TriggerFate &verify = tried.by_verify[i], &cover = tried.by_cover[i];
    if (!cover.is_one) continue;
    const bool beyond = tried.is_too_large(i);
    ++count.made;
    count.too_large += beyond;
    if (list || (!cover.killed() && !beyond))
      say(fmt::format("{}/{}: a default verify kills it by {}, --cover by {}{}\n", op.name, cover.trigger.label(),
                      killer(verify), killer(cover),
                      beyond ? " (all its cases are larger than the budget: --cover --all)" : ""));
  }
  return count;
}

int try_triggers_of_all(const MutantOptions& options) {
  catch_interrupts();
  const auto start = std::chrono::steady_clock::now();
  const CaseList list = default_cases(options.seed);
  Table table({"operator", "made", "too large", "killed by verify", "killed by --cover"});
  const auto add_row = [&](std::string_view name, const TriggerCount& count) {
    table.add({std::string(name), fmt::format("{}", count.made), fmt::format("{}", count.too_large),
               fmt::format("{}", count.by_verify), fmt::format("{}", count.by_cover)});
  };
  TriggerCount all;
  const std::vector<int> threads = parse_threads(verify_threads);
  for (const OperatorEntry& op : operators()) {
    const OperatorTriggers tried =
        try_all_triggers(op, list.cases, {options.seed, threads, is_selected(op, options), is_interrupted});
    const TriggerCount count = report(op, tried, options.list);
    if (count.made == 0) continue;
    add_row(op.name, count);
    all.add(count);
    if (is_interrupted()) return interrupted_exit_code();
  }
  if (all.made == 0)
    throw InvalidArgument("no trigger matches the filter; `assay mutants --triggers --list` shows all");
  add_row("all", all);
  say(table.text(1));
  say(
      fmt::format("triggers: {} made, of which {} need tensors beyond the budget; {} of the others killed by a default "
                  "verify, {} by --cover, in {:.1f} s\n",
                  all.made, all.too_large, all.by_verify, all.by_cover,
                  std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()));
  return all.by_cover == all.made - all.too_large ? ExitCode::ok : ExitCode::parity;
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
  verb.add_flag("--triggers", options->triggers,
                "Instead, kernels that are wrong under one condition: each level of each factor of the domains, each "
                "thread count, another plan, the hundredth call");
  verb.when_chosen([options, &chosen] {
    chosen = [options] { return options->triggers ? try_triggers_of_all(*options) : try_all(*options); };
  });
}

}  // namespace assay::bench
