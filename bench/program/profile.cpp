// `assay profile`: what this machine is, what it can do, which backends are right on it and which is best for what, in
// one command and a given time. Interrupted or out of time it leaves what it has, and the same command goes on from
// there.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "backends/registry.h"
#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/base/units.h"
#include "bench/machine/context.h"
#include "bench/machine/probe_file.h"
#include "bench/profile/decide.h"
#include "bench/profile/folder.h"
#include "bench/profile/pace.h"
#include "bench/program/verbs.h"
#include "bench/report/output.h"
#include "bench/report/profile_files.h"
#include "bench/report/result_file.h"
#include "bench/report/table.h"
#include "bench/timing/timed_case.h"
#include "bench/verdict/verified_case.h"

namespace assay::bench {
namespace {

struct ProfileOptions : RunOptions {
  double budget_s = 600;
  std::string folder;
  bool fresh = false;
  ProfileOptions() {
    threads = "1,n";
    selection.large = true;
  }
};

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Cases of all operators in turn, each operator's from small to large, so that a short budget still reaches all.
std::vector<const CaseRows*> in_turn(const Selection& selection) {
  std::map<std::string_view, std::vector<const CaseRows*>> by_operator;
  for (const CaseRows& selected : selection.cases) by_operator[selected.bound->op->name].push_back(&selected);
  std::vector<const CaseRows*> order;
  for (auto& [op, cases] : by_operator)
    std::stable_sort(cases.begin(), cases.end(), [](const CaseRows* a, const CaseRows* b) {
      return a->bound->output_bytes < b->bound->output_bytes;
    });
  for (std::size_t turn = 0; order.size() < selection.cases.size(); ++turn)
    for (const auto& [op, cases] : by_operator)
      if (turn < cases.size()) order.push_back(cases[turn]);
  return order;
}

PacedCase paced(const CaseRows& selected) {
  return {selected.bound->op->name, selected.bound->output_bytes, selected.rows.size()};
}

double timing_s(const std::vector<Row>& rows) {
  double seconds = 0;
  for (const Row& row : rows)
    if (row.timing) seconds += row.timing->spent_s;
  return seconds;
}

class Profile {
 public:
  explicit Profile(const ProfileOptions& options) : options_(options), folder_(options.folder) {}

  int run() {
    const Selection selection = select(sweep_options());  // a mistake in it must not cost a probe
    identity_ = identity_here(options_.selection.cases.seed, golden_state(selection.list));
    unreached_ = selection.cases.size();
    resume();
    print_warnings();
    write_machine();
    if (!is_interrupted()) verify(selection);
    if (!is_interrupted()) sweep(selection);
    write_results();
    count_problems();
    const Decision decision = write_dispatch();
    summarise(decision);
    if (is_interrupted()) return interrupted_exit_code();
    return files_.exit_code(problems_ == 0 ? ExitCode::ok : ExitCode::parity);
  }

 private:
  /// Reads all golden files, without asking whether it is interrupted.
  static std::string golden_state(const CaseList& list) {
    const EndsAtOnce reading;
    return state_of_golden(list);
  }

  /// Takes over the rows and verdicts that an earlier run left in the folder.
  void resume() {
    if (options_.fresh) return;
    LeftProfile left = read_left(folder_, identity_);
    timed_ = std::move(left.timed);
    checks_ = std::move(left.checks);
    verified_ = std::move(left.verified);
    aa_floor_ = left.aa_floor;
    count_problems();
    if (!timed_.empty() || !checks_.empty())
      say(fmt::format("going on from {} timed rows, {} checks and {} problems in {}\n", measured_rows(timed_).size(),
                      checks_.size(), problems_, folder_.path()));
  }

  void write_machine() {
    constexpr double full_probe_s = 40, quick_share = 0.1;  // a full probe that took more of the budget is made quick
    if (std::optional<Probe> probe = known_probe() || options_.fresh ? std::nullopt : folder_.probe()) {
      know_probe(std::move(*probe));
    } else {
      obtain_probe(full_probe_s > quick_share * options_.budget_s);
    }
    files_.write(folder_.file("machine.json"), machine_json(is_interrupted()));
  }

  /// Which backend is right for which operator, for those that are to be timed and were not verified before: everything
  /// but the large tier, which is verified when it is timed.
  void verify(const Selection& swept) {
    std::set<std::string_view> waiting;
    for (const CaseRows& selected : swept.cases)
      if (!verified_.contains(selected.bound->op->name)) waiting.insert(selected.bound->op->name);
    if (waiting.empty()) return;
    const Stopwatch watch;
    SelectionOptions wanted = options_.selection;
    wanted.large = false;
    wanted.small = true;
    wanted.filters.clear();
    wanted.cases.drawn = Drawn::share;
    const Selection selection = select(wanted);
    std::size_t rows = selection.damaged.size();
    for (const CaseRows& selected : selection.cases)
      if (waiting.contains(selected.bound->op->name)) rows += selected.rows.size();
    Progress progress("profile: verify", rows);
    for (const Row& row : selection.damaged) report(row, progress);
    keep_checks("golden", selection.damaged);
    for (const std::string_view op : waiting)
      if (!is_interrupted()) verify_operator(op, selection, progress);
    files_.write(folder_.file("checks.json"), checks_json(checks_, {is_interrupted(), {}, identity_, verified_}));
    verified_in_s_ = watch.seconds();
  }

  void verify_operator(std::string_view op, const Selection& selection, Progress& progress) {
    std::vector<Row> rows;
    const auto repro = [&](const Row& row) { return repro_command("verify", row, options_); };
    for (const CaseRows& selected : selection.cases)
      if (selected.bound->op->name == op && !is_interrupted())
        verify_case(selected, options_.selection.cases.seed, repro, [&](Row&& row) {
          report(row, progress);
          rows.push_back(std::move(row));
        });
    keep_checks(op, std::move(rows));
    if (!is_interrupted()) verified_.emplace(op);
  }

  /// Replaces what an earlier run found of the same operator, or, for "golden", of damaged golden files.
  void keep_checks(std::string_view op, std::vector<Row> rows) {
    std::erase_if(checks_, [&](const Row& check) { return (check.backend == "golden" ? "golden" : check.op) == op; });
    std::ranges::move(rows, std::back_inserter(checks_));
  }

  void report(const Row& row, Progress& progress) const {
    progress.step(row.label());
    if (!breaks_parity(row.verdict)) return;
    progress.clear();
    print_problem(row, options_.github);
  }

  /// Rows and checks that break parity, those of earlier runs included; what failed is refused for its operator.
  void count_problems() {
    problems_ = 0;
    for (const std::vector<Row>* rows : {&checks_, &timed_}) {
      for (const Row& row : *rows) {
        problems_ += breaks_parity(row.verdict);
        if (row.verdict == Verdict::failed) refused_.insert(row.op + "/" + row.backend);
      }
    }
  }

  SelectionOptions sweep_options() const {
    SelectionOptions wanted = options_.selection;
    wanted.small = !options_.selection.filters.empty() || !options_.golden.empty();
    return wanted;
  }

  void sweep(const Selection& selection) {
    std::set<std::string> known;
    for (const Row& row : timed_) known.insert(row.label());
    TimingSetup setup;
    setup.sampling.seed = options_.selection.cases.seed;
    setup.sampling.interrupted = is_interrupted;
    if (known_probe()) setup.probe = &*known_probe();
    setup.repro_command = [&](const Row& row) { return repro_command("bench", row, options_); };
    std::vector<const CaseRows*> waiting = in_turn(selection);
    std::erase_if(waiting, [&](const CaseRows* selected) {
      return std::ranges::all_of(selected->rows, [&](const Row& row) { return known.contains(row.label()); });
    });
    std::vector<PacedCase> ahead;
    std::size_t rows = 0;
    for (const CaseRows* selected : waiting) {
      ahead.push_back(paced(*selected));
      rows += selected->rows.size();
    }
    Progress progress("profile: time", rows);
    Pace pace;
    for (const CaseRows* selected : waiting) {
      const Stopwatch case_watch;
      const double left_s = options_.budget_s - watch_.seconds();
      unreached_ = ahead.size();
      if (left_s <= 0 || is_interrupted()) return;
      setup.sampling.row_budget_s = pace.row_budget_s(left_s, ahead);
      std::vector<Row> rows_of_case = time_case(*selected, options_.selection.cases.seed, setup);
      if (is_interrupted()) return;  // a case that was cut short is timed anew next time
      pace.untimed(ahead.front(), case_watch.seconds() - timing_s(rows_of_case));
      ahead.erase(ahead.begin());
      keep(std::move(rows_of_case), setup, progress);
    }
    unreached_ = 0;
  }

  void keep(std::vector<Row> rows, const TimingSetup& setup, Progress& progress) {
    for (const Row& row : rows) report(row, progress);
    if (const auto floor = aa_floor(setup)) aa_floor_ = floor;
    std::set<std::string> labels;
    for (const Row& row : rows) labels.insert(row.label());
    std::erase_if(timed_, [&](const Row& row) { return labels.contains(row.label()); });  // a case is timed whole
    std::ranges::move(rows, std::back_inserter(timed_));
    write_results();
  }

  bool is_partial() const { return is_interrupted() || unreached_ != 0; }

  void write_results() {
    files_.write(folder_.file("results.json"), results_json(timed_, {is_partial(), aa_floor_, identity_}));
  }

  Decision write_dispatch() {
    std::vector<std::string> simplest_first;
    for (const std::string_view name : backend_names()) simplest_first.emplace_back(name);
    Decision decision = decide(measured_rows(timed_), simplest_first, {refused_.begin(), refused_.end()});
    files_.write(folder_.file("dispatch.json"), dispatch_json(decision, identity_, refused_, is_partial()));
    return decision;
  }

  void summarise(const Decision& decision) const {
    Table table({"operator/case", "backend", "threads", "time", "interval", "ahead of the next", "roof"});
    int most = 1;
    for (const Choice& choice : decision.choices) most = std::max(most, choice.most_threads);
    for (const Choice& choice : decision.choices)
      if (choice.most_threads == most) table.add(cells_of(choice));
    say(table.text(3));
    for (const Crossover& crossover : decision.crossovers)
      if (crossover.most_threads == most)
        say(fmt::format("{} {}: {} up to {}, then {} (between {} and {})\n", crossover.op, crossover.dtype,
                        crossover.from, format_bytes(crossover.bytes), crossover.to, format_bytes(crossover.low),
                        format_bytes(crossover.high)));
    for (const std::string& pair : refused_) say(fmt::format("{} failed parity and is never chosen\n", pair));
    const std::vector<Choice> furthest = furthest_from_roof(decision, 3);
    if (!furthest.empty()) say("furthest from the roof:\n");
    for (const Choice& choice : furthest)
      say(fmt::format("  {}/{} {}: {} reaches {} of it, {} binds\n", choice.best.op, choice.best.case_name,
                      choice.best.dtype, choice.best.backend, format_share(*choice.best.roof_fraction),
                      choice.best.bound_by));
    if (is_partial())
      say(fmt::format("partial: {} of the cases were not reached{}; run the same command again to go on\n", unreached_,
                      is_interrupted() ? ", for it was interrupted"
                                       : fmt::format(" in {} s, of which verification took {:.0f} s", options_.budget_s,
                                                     verified_in_s_)));
    say(
        fmt::format("profile: {} timed rows, {} checks, {} problems in {:.0f} s; machine.json, results.json, "
                    "checks.json and dispatch.json are in {}\n",
                    measured_rows(timed_).size(), checks_.size(), problems_, watch_.seconds(), folder_.path()));
  }

  static std::vector<std::string> cells_of(const Choice& choice) {
    const Measured& best = choice.best;
    const double half = std::max(best.high_ns - best.median_ns, best.median_ns - best.low_ns);
    std::string ahead = choice.over_next_ns ? fmt::format("{:.2f} ×", *choice.over_next_ns / best.median_ns) : "–";
    if (!choice.tied.empty()) ahead = "tied with " + choice.tied.front();
    return {fmt::format("{}/{}{}", best.op, best.case_name, best.dtype == "f32" ? "" : " " + best.dtype),
            best.backend,
            fmt::format("{}", best.threads),
            format_time(best.median_ns),
            "±" + format_share(half / best.median_ns),
            std::move(ahead),
            best.roof_fraction ? format_share(*best.roof_fraction) + " " + best.bound_by : "–"};
  }

  const ProfileOptions& options_;
  const ProfileFolder folder_;
  Reports files_;
  Stopwatch watch_;
  std::vector<Row> timed_, checks_;
  std::set<std::string> refused_;
  std::set<std::string, std::less<>> verified_;  ///< operators, to the end
  ProfileIdentity identity_;
  double verified_in_s_ = 0;
  std::optional<double> aa_floor_;
  std::size_t problems_ = 0, unreached_ = 0;
};

int profile(ProfileOptions& options) {
  finish_run_options(options, {});
  catch_interrupts();
  if (!(options.budget_s > 0) || !std::isfinite(options.budget_s))
    throw InvalidArgument(fmt::format("--budget is {} s, but it must be positive and finite", options.budget_s));
  return Profile(options).run();
}

}  // namespace

void add_profile(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<ProfileOptions>();
  Verb verb = line.add_verb(
      "profile", "Probe, verify and time everything, and decide which backend is best for what on this machine");
  add_run_options(verb, *options);
  verb.remove_option("--json");
  verb.remove_option("--require");
  verb.add_option("--budget", options->budget_s, "Time to spend, e.g. 10m or 90s; a case that has begun is finished")
      .in_seconds()
      .show_default();
  verb.add_option("-o,--output", options->folder,
                  "The folder for machine.json, checks.json, results.json and dispatch.json")
      .type_name("DIR")
      .required()
      .not_empty();
  verb.add_flag("--fresh", options->fresh, "Begin anew, whatever the folder holds");
  verb.when_chosen([options, &chosen] { chosen = [options] { return profile(*options); }; });
}

}  // namespace assay::bench
