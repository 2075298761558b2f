// `assay probe`: what this machine can do. Kept in the user's cache, where bench finds it for its roofs.
#include "bench/machine/probe.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "bench/base/interrupt.h"
#include "bench/base/streams.h"
#include "bench/base/units.h"
#include "bench/machine/context.h"
#include "bench/machine/probe_file.h"
#include "bench/program/verbs.h"
#include "bench/report/output.h"
#include "bench/report/result_file.h"
#include "bench/report/table.h"
#include "version.h"

namespace assay::bench {
namespace {

struct ProbeOptions {
  bool fresh = false, quick = false;
  std::string json;
};

/// A curve's rate at one of its own working sets, as near as rounding to the threads' shares left it.
std::string rate_text(const BandwidthCurve& curve, double bytes) {
  for (const BandwidthPoint& point : curve.points)
    if (point.bytes > bytes * 0.9 && point.bytes <= bytes) return fmt::format("{:.3g}", point.rate.best);
  return "–";
}

/// Working sets by patterns, at one and at all threads: the extremes tell the most.
std::string bandwidth_text(const Probe& probe) {
  int all = 1;
  for (const BandwidthCurve& curve : probe.curves) all = std::max(all, curve.threads);
  std::vector<const BandwidthCurve*> shown;
  std::vector<std::string> heading = {"working set"};
  for (const BandwidthCurve& curve : probe.curves) {
    if (curve.threads != 1 && curve.threads != all) continue;
    shown.push_back(&curve);
    heading.push_back(fmt::format("{}/{}", name_of(curve.pattern), curve.threads));
  }
  Table table(heading);
  if (shown.empty()) return table.text(1);
  for (const BandwidthPoint& point : shown.front()->points) {
    std::vector<std::string> line = {format_bytes(point.bytes)};
    for (const BandwidthCurve* curve : shown) line.push_back(rate_text(*curve, point.bytes));
    table.add(std::move(line));
  }
  return table.text(0);
}

std::string peaks_text(const Probe& probe) {
  Table table({"multiply-add", "dtype", "threads", "GFLOP/s", "median"});
  for (const Peak& peak : probe.peaks)
    table.add({peak.isa, std::string(name_of(peak.dtype)), fmt::format("{}", peak.threads),
               fmt::format("{:.4g}", peak.rate.best), fmt::format("{:.4g}", peak.rate.median)});
  return table.text(2);
}

std::string overheads_text(const Probe& probe) {
  Table table({"overhead", "threads", "best", "median"});
  for (const Overhead& overhead : probe.overheads)
    table.add({overhead.name, fmt::format("{}", overhead.threads), format_time(overhead.best_ns),
               format_time(overhead.median_ns)});
  return table.text(1);
}

void print_probe(const Probe& probe) {
  say(fmt::format("GB/s, the best of all samples, by pattern/threads\n{}\n{}\n{}", bandwidth_text(probe),
                  peaks_text(probe), overheads_text(probe)));
}

/// The cached probe, unless it is asked for anew, damaged, or only a quick one where a full one is wanted.
std::optional<Probe> cached(const ProbeOptions& options, const std::filesystem::path& path, const std::string& hash) {
  if (options.fresh) return std::nullopt;
  StoredProbe stored = read_probe(path, hash);
  if (!stored.problem.empty()) tell(fmt::format("{}: measuring anew\n", stored.problem));
  if (stored.probe && stored.probe->quick && !options.quick) return std::nullopt;
  return std::move(stored.probe);
}

std::optional<Probe> measure(const ProbeOptions& options, const std::string& hash) {
  catch_interrupts();
  print_warnings();
  const ProbePlan plan = plan_probe(this_machine(), options.quick);
  Workbench bench = this_workbench(plan.threads);
  Progress progress("probe", plan.steps(bench));
  bench.interrupted = is_interrupted;
  bench.step = [&] { progress.step(""); };
  std::optional<Probe> probe = measure_probe(bench, plan);
  if (!probe) return std::nullopt;
  probe->machine_hash = hash;
  probe->version = ASSAY_VERSION;
  probe->date = fmt::format("{:%Y-%m-%dT%H:%M:%S%z}", fmt::localtime(std::time(nullptr)));
  probe->quick = options.quick;
  return probe;
}

/// Keeps a probe that was just measured, and says where it is or why it is nowhere. A cache that cannot be written to
/// does not spoil what was measured.
std::string keep(const Probe& probe, const std::optional<std::filesystem::path>& path) {
  if (const std::string doubt = doubt_about(probe); !doubt.empty())
    return fmt::format("not kept: {}; run it again when the machine is quiet", doubt);
  if (!path) return "not kept: neither XDG_CACHE_HOME nor HOME says where";
  try {
    write_probe(*path, probe);
  } catch (const std::exception& problem) {
    return fmt::format("not kept: {}", problem.what());
  }
  return fmt::format("kept in {}", path->string());
}

/// A probe, and where it is kept or why it is not: one clause.
struct Obtained {
  Probe probe;
  std::string where;
};

/// From the cache, or measured and kept there; none if interrupted. known_probe() has it then.
std::optional<Obtained> obtain(const ProbeOptions& options) {
  const std::string hash = machine_hash(this_machine());
  const std::optional<std::filesystem::path> path = probe_path(hash);
  if (path) {
    if (std::optional<Probe> found = cached(options, *path, hash)) {
      know_probe(*found);
      return Obtained{*found, fmt::format("measured {}, from {}; --fresh measures anew", found->date, path->string())};
    }
  }
  std::optional<Probe> measured = measure(options, hash);
  if (!measured) return std::nullopt;
  know_probe(*measured);
  return Obtained{*measured, keep(*measured, path)};
}

int probe(const ProbeOptions& options) {
  prepare_outputs({&options.json, 1});
  const std::optional<Obtained> obtained = obtain(options);
  if (!obtained) {
    say("probe: interrupted, so nothing was kept\n");
    return interrupted_exit_code();
  }
  print_probe(obtained->probe);
  say(fmt::format("\n{}\n", obtained->where));
  Reports reports;
  reports.write(options.json, probe_json());
  return reports.exit_code(ExitCode::ok);
}

}  // namespace

bool obtain_probe(bool quick) {
  const std::optional<Obtained> obtained = obtain({.fresh = false, .quick = quick, .json = ""});
  if (obtained) say(fmt::format("probe: {}\n", obtained->where));
  return obtained.has_value();
}

void add_probe(CommandLine& line, Chosen& chosen) {
  const auto options = std::make_shared<ProbeOptions>();
  Verb verb = line.add_verb("probe", "What this machine can do at most: bandwidths, multiply-adds, overheads");
  verb.add_flag("--fresh", options->fresh, "Measure anew, whatever is in the cache");
  verb.add_flag("--quick", options->quick, "Fewer working sets, in a few seconds");
  verb.add_option("--json", options->json, "Write the same as JSON; - is standard output")
      .type_name("FILE")
      .not_empty();
  verb.when_chosen([options, &chosen] { chosen = [options] { return probe(*options); }; });
}

}  // namespace assay::bench
