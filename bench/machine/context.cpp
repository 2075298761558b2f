// Asking the system, Google Benchmark and the backends' modules.
#include "bench/machine/context.h"

#include <Eigen/src/Core/util/Macros.h>
#include <benchmark/benchmark.h>
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <CLI/Version.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>

#include "backends/registry.h"
#include "bench/base/streams.h"
#include "bench/machine/environment.h"
#include "bench/machine/probe_file.h"
#include "version.h"

namespace assay::bench {
namespace {

using nlohmann::json;

/// Google Benchmark's own list, where its tools look for it.
json caches() {
  json list = json::array();
  for (const auto& cache : benchmark::CPUInfo::Get().caches)
    list.push_back(
        {{"type", cache.type}, {"level", cache.level}, {"size", cache.size}, {"num_sharing", cache.num_sharing}});
  return list;
}

json libraries() {
  json versions = {{"compiler", ASSAY_COMPILER},
                   {"google_benchmark", ASSAY_BENCHMARK_VERSION},
                   {"eigen", fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
                   {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
                   {"cli11", CLI11_VERSION},
                   {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                                 NLOHMANN_JSON_VERSION_PATCH)}};
  for (const std::string_view name : backend_names()) {
    const BackendStatus& status = find_backend(name);
    if (status.backend == nullptr) continue;
    for (const auto& [library, version] : status.backend->details()) versions[library] = version;
  }
  return versions;
}

json assay_json(bool partial) {
  const Build build = this_build();
  const auto levels = isa_levels();
  return {{"version", ASSAY_VERSION},
          {"commit", ASSAY_COMMIT},
          {"schema", 1},
          {"partial", partial},
          {"build_type", build.type},
          {"flags", build.flags},
          {"sanitizers", build.sanitizers},
          {"assertions", build.assertions},
          {"isa", levels.empty() ? json(nullptr) : json(levels.front())}};  // as ASSAY_ISA leaves it
}

/// What came up while measuring, in the order of its coming.
std::vector<std::string>& added_warnings() {
  static std::vector<std::string> added;
  return added;
}

void print_once(const std::string& sentence) {
  static std::set<std::string> printed;
  if (printed.insert(sentence).second) tell(fmt::format("warning: {}\n", sentence));
}

}  // namespace

void print_warnings() {
  for (const std::string& sentence : warnings()) print_once(sentence);
}

void add_warning(const std::string& sentence) {
  std::vector<std::string>& added = added_warnings();
  if (std::find(added.begin(), added.end(), sentence) == added.end()) added.push_back(sentence);
  print_once(sentence);
}

std::vector<std::string> warnings() {
  const Environment& machine = this_machine();
  std::vector<std::string> list = warnings_about(machine, this_build());
  if (const auto heat = throttle_warning(machine.throttles, throttle_events("/"))) list.push_back(*heat);
  const std::vector<std::string>& added = added_warnings();
  list.insert(list.end(), added.begin(), added.end());
  return list;
}

nlohmann::json context(bool partial) {
  const auto& cpu = benchmark::CPUInfo::Get();
  const std::time_t now = std::time(nullptr);
  json made = {{"date", fmt::format("{:%Y-%m-%dT%H:%M:%S%z}", fmt::localtime(now))},
               {"host_name", benchmark::SystemInfo::Get().name},
               {"executable", std::filesystem::read_symlink("/proc/self/exe").string()},
               {"num_cpus", cpu.num_cpus},
               {"mhz_per_cpu", static_cast<std::int64_t>(cpu.cycles_per_second / 1e6 + 0.5)},
               {"cpu_scaling_enabled", cpu.scaling == benchmark::CPUInfo::ENABLED},
               {"caches", caches()},
               {"load_avg", cpu.load_avg},
               {"library_build_type", "release"}};
  made["assay"] = assay_json(partial);
  made["machine"] = to_json(this_machine());
  made["libraries"] = libraries();
  made["probe"] = known_probe() ? to_json(*known_probe()) : json(nullptr);
  made["warnings"] = warnings();
  return made;
}

std::string version_text() {
  std::string text = fmt::format("assay {} ({})", ASSAY_VERSION, ASSAY_COMMIT);
  const json versions = libraries();
  for (const auto& [name, version] : versions.items())
    text += fmt::format("\n  {} {}", name, version.get<std::string>());
  return text;
}

}  // namespace assay::bench
