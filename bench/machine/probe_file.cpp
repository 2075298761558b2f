// Reading is strict: a wrong roof would distrust right rows.
#include "bench/machine/probe_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "bench/base/streams.h"
#include "golden/whole_file.h"
#include "version.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int probe_schema = 1;

[[noreturn]] void damaged(const std::string& what) { throw InvalidArgument(what); }

double positive(const json& value, std::string_view what) {
  const double number = value.is_number() ? value.get<double>() : 0;
  if (!(number > 0) || !std::isfinite(number))
    damaged(fmt::format("{} is {}, not a positive number", what, value.dump()));
  return number;
}

int thread_count(const json& value) {
  if (!value.is_number_integer() || value < 1 || value > 1 << 20)
    damaged(fmt::format("threads is {}, not a count of them", value.dump()));
  return value.get<int>();
}

/// The best and the median, the best being a maximum.
Rate rate(const json& best, const json& median) {
  const Rate made{positive(best, "best"), positive(median, "median")};
  if (made.best < made.median) damaged(fmt::format("a median of {} is above the best, {}", made.median, made.best));
  return made;
}

BandwidthCurve curve_from(const json& entry) {
  BandwidthCurve curve;
  const std::string name = entry.at("pattern");
  const auto* const found = std::find_if(std::begin(all_patterns), std::end(all_patterns),
                                         [&](Pattern pattern) { return name_of(pattern) == name; });
  if (found == std::end(all_patterns)) damaged(fmt::format("there is no pattern {}", entry.at("pattern").dump()));
  curve.pattern = *found;
  curve.threads = thread_count(entry.at("threads"));
  const json &bytes = entry.at("bytes"), &best = entry.at("gb_per_s"), &median = entry.at("median_gb_per_s");
  if (bytes.empty() || bytes.size() != best.size() || bytes.size() != median.size())
    damaged(fmt::format("a curve has {} sizes, {} rates and {} medians", bytes.size(), best.size(), median.size()));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    curve.points.push_back({positive(bytes.at(i), "bytes"), rate(best.at(i), median.at(i))});
    if (i > 0 && !(curve.points[i].bytes > curve.points[i - 1].bytes)) damaged("the sizes of a curve do not ascend");
  }
  return curve;
}

Peak peak_from(const json& entry) {
  const std::string dtype = entry.at("dtype");
  if (dtype != "f32" && dtype != "f64") damaged(fmt::format("there is no peak for {}", entry.at("dtype").dump()));
  return {entry.at("isa"), dtype == "f32" ? DType::f32 : DType::f64, thread_count(entry.at("threads")),
          rate(entry.at("gflop_per_s"), entry.at("median_gflop_per_s"))};
}

Overhead overhead_from(const json& entry) {
  return {entry.at("name"), thread_count(entry.at("threads")), positive(entry.at("best_ns"), "best_ns"),
          positive(entry.at("median_ns"), "median_ns")};
}

std::optional<Probe>& kept_probe() {
  static std::optional<Probe> kept;
  return kept;
}

/// The cached probe of this machine; says what is wrong with it.
std::optional<Probe> find_probe() {
  const std::string hash = machine_hash(this_machine());
  const std::optional<fs::path> path = probe_path(hash);
  if (!path) return std::nullopt;
  StoredProbe stored = read_probe(*path, hash);
  if (!stored.problem.empty()) tell(fmt::format("{}: `assay probe` measures it anew\n", stored.problem));
  return std::move(stored.probe);
}

bool& looked_for_probe() {
  static bool looked = false;
  return looked;
}

}  // namespace

json to_json(const Probe& probe) {
  json curves = json::array(), peaks = json::array(), overheads = json::array();
  for (const BandwidthCurve& curve : probe.curves) {
    json bytes = json::array(), best = json::array(), median = json::array();
    for (const BandwidthPoint& point : curve.points) {
      bytes.push_back(point.bytes);
      best.push_back(point.rate.best);
      median.push_back(point.rate.median);
    }
    curves.push_back({{"pattern", name_of(curve.pattern)},
                      {"threads", curve.threads},
                      {"bytes", std::move(bytes)},
                      {"gb_per_s", std::move(best)},
                      {"median_gb_per_s", std::move(median)}});
  }
  for (const Peak& peak : probe.peaks)
    peaks.push_back({{"isa", peak.isa},
                     {"dtype", name_of(peak.dtype)},
                     {"threads", peak.threads},
                     {"gflop_per_s", peak.rate.best},
                     {"median_gflop_per_s", peak.rate.median}});
  for (const Overhead& overhead : probe.overheads)
    overheads.push_back({{"name", overhead.name},
                         {"threads", overhead.threads},
                         {"best_ns", overhead.best_ns},
                         {"median_ns", overhead.median_ns}});
  return {{"schema", probe_schema},
          {"version", probe.version},
          {"machine_hash", probe.machine_hash},
          {"date", probe.date},
          {"quick", probe.quick},
          {"bandwidth", std::move(curves)},
          {"peaks", std::move(peaks)},
          {"overheads", std::move(overheads)}};
}

Probe probe_from_json(const json& document) {
  try {
    if (document.at("schema") != probe_schema)
      damaged(fmt::format("it has schema {}, and this program reads {}", document.at("schema").dump(), probe_schema));
    Probe probe;
    probe.version = document.at("version");
    probe.machine_hash = document.at("machine_hash");
    probe.date = document.at("date");
    probe.quick = document.at("quick");
    for (const json& entry : document.at("bandwidth")) probe.curves.push_back(curve_from(entry));
    for (const json& entry : document.at("peaks")) probe.peaks.push_back(peak_from(entry));
    for (const json& entry : document.at("overheads")) probe.overheads.push_back(overhead_from(entry));
    if (probe.curves.empty() || probe.peaks.empty()) damaged("it has no bandwidths or no peaks");
    return probe;
  } catch (const json::exception& problem) {
    damaged(problem.what());
  }
}

std::optional<fs::path> probe_path(const std::string& machine_hash) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  fs::path folder;
  if (cache != nullptr && fs::path(cache).is_absolute()) {  // the XDG specification: a relative one is to be ignored
    folder = cache;
  } else if (home != nullptr && *home != '\0') {
    folder = fs::path(home) / ".cache";
  } else {
    return std::nullopt;
  }
  return folder / "assay" / fmt::format("probe-{}.json", machine_hash);
}

StoredProbe read_probe(const fs::path& path, const std::string& machine_hash) {
  std::error_code error;
  if (!fs::exists(path, error)) return {};
  try {
    std::ifstream stream(path);
    if (!fs::is_regular_file(path, error) || !stream) damaged("it cannot be read");
    Probe probe = probe_from_json(json::parse(stream));
    if (probe.version != ASSAY_VERSION)
      damaged(fmt::format("assay {} wrote it, and this is {}", probe.version, ASSAY_VERSION));
    if (probe.machine_hash != machine_hash) damaged("it is of another machine");
    return {std::move(probe), ""};
  } catch (const std::exception& problem) {
    return {std::nullopt, fmt::format("the cached probe {} is of no use ({})", path.string(), problem.what())};
  }
}

void write_probe(const fs::path& path, const Probe& probe) {
  fs::create_directories(path.parent_path());
  const std::string text = to_json(probe).dump(1) + "\n";
  WholeFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

const std::optional<Probe>& known_probe() {
  if (!looked_for_probe()) {
    looked_for_probe() = true;
    kept_probe() = find_probe();
  }
  return kept_probe();
}

void say_what_a_probe_would_add() {
  if (!known_probe())
    tell("there is no probe of this machine: `assay probe` (half a minute) lets rows show their roof\n");
}

void know_probe(Probe probe) {
  looked_for_probe() = true;
  kept_probe() = std::move(probe);
}

}  // namespace assay::bench
