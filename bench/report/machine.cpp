// Asking the system, Google Benchmark and the backends' modules.
#include "bench/report/machine.h"

#include <Eigen/src/Core/util/Macros.h>
#include <benchmark/benchmark.h>
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <CLI/Version.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "backends/registry.h"
#include "version.h"

namespace assay::bench {
namespace {

using nlohmann::json;

/// The value of the first line of /proc/cpuinfo or /proc/meminfo that starts with `key`.
std::string proc_value(const char* file, std::string_view key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    const std::size_t start = line.find_first_not_of(" \t", colon == std::string::npos ? 0 : colon + 1);
    return start == std::string::npos ? std::string() : line.substr(start);
  }
  return {};
}

json caches() {
  json list = json::array();
  for (const auto& cache : benchmark::CPUInfo::Get().caches)
    list.push_back(
        {{"type", cache.type}, {"level", cache.level}, {"size", cache.size}, {"num_sharing", cache.num_sharing}});
  return list;
}

json machine() {
  utsname system{};
  uname(&system);
  const auto levels = isa_levels();
  const auto pages = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)),
             page = static_cast<std::int64_t>(sysconf(_SC_PAGESIZE));
  return {{"cpu", proc_value("/proc/cpuinfo", "model name")},
          {"cpus", sysconf(_SC_NPROCESSORS_ONLN)},
          {"isa", levels.empty() ? std::string(system.machine) : std::string(levels.front())},
          {"caches", caches()},
          {"memory_bytes", pages * page},
          {"kernel", fmt::format("{} {}", system.sysname, system.release)}};
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

}  // namespace

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
  made["assay"] = {{"version", ASSAY_VERSION}, {"commit", ASSAY_COMMIT}, {"schema", 1}, {"partial", partial}};
  made["machine"] = machine();
  made["libraries"] = libraries();
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
