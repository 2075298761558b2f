// Locking, checking and reading a profile's folder.
#include "bench/profile/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "bench/cases/verdict.h"
#include "bench/machine/environment.h"
#include "bench/machine/probe_file.h"
#include "bench/profile/decide.h"
#include "golden/whole_file.h"
#include "reference/registry.h"
#include "version.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_json(const fs::path& path) {
  std::ifstream stream(path);
  return json::parse(stream, nullptr, false);
}

bool is_verdict(const std::string& name) {
  constexpr std::array all = {Verdict::passed,      Verdict::failed,  Verdict::unsupported,
                              Verdict::unavailable, Verdict::invalid, Verdict::mistrusted};
  return std::any_of(all.begin(), all.end(), [&](Verdict verdict) { return name_of(verdict) == name; });
}

/// Whether an entry of a file could have come from here. Throws json::exception, or InvalidArgument without a sentence.
void require_sound(const json& entry) {
  const auto text = [&](const char* key) { return entry.at(key).get<std::string>(); };
  if (!is_verdict(text("verdict"))) throw InvalidArgument("");
  if (text("backend") == "golden") return;  // a damaged file, whose operator may be any
  find_operator(text("operator"));
}

void require_sound_time(const json& entry) {
  require_sound(entry);
  const auto text = [&](const char* key) { return entry.at(key).get<std::string>(); };
  const int threads = entry.at("threads").get<int>();
  const std::string label =
      fmt::format("{}/{}/{}/{}/{}", text("operator"), text("case"), text("backend"), text("dtype"), threads);
  if (entry.at("name").get<std::string>() != label || threads < 0) throw InvalidArgument("");
  for (const Measured& row : measured_rows(json::array({entry})))
    if (!(row.low_ns > 0 && row.low_ns <= row.median_ns && row.median_ns <= row.high_ns && std::isfinite(row.high_ns) &&
          row.bytes >= 0 && std::isfinite(row.bytes)))
      throw InvalidArgument("");
}

}  // namespace

ProfileFolder::ProfileFolder(const std::string& path) : path_(path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw InvalidArgument(fmt::format("cannot make the folder {}: {}", path, error.message()));
  constexpr std::array names = {"machine.json", "checks.json", "results.json", "dispatch.json"};
  for (const char* name : names) {
    const fs::file_type type = fs::status(file(name)).type();
    if (type != fs::file_type::not_found && type != fs::file_type::regular)
      throw InvalidArgument(fmt::format("{} is not a regular file: remove it, or give another folder", file(name)));
    require_writable(file(name));
    for (const char* other : names)
      if (other != name && are_one_file(file(name), file(other)))
        throw InvalidArgument(
            fmt::format("{} and {} are one file: remove one of them, or give another folder", file(name), file(other)));
  }
  lock_ = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ >= 0 && flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  if (lock_ >= 0) close(lock_);
  throw InvalidArgument(fmt::format("another profile is at work in {}: wait for it, or give another folder", path));
}

ProfileFolder::~ProfileFolder() { close(lock_); }

json ProfileFolder::document(const char* name, const char* list, const json& identity) const {
  if (!fs::exists(file(name))) return {};
  json read = read_json(file(name));
  if (!read.is_object() || !read.value(list, json()).is_array() || !read.value("context", json()).is_object() ||
      !read["context"].contains("profile"))
    throw InvalidArgument(fmt::format("{} is no file of a profile: remove it, or give another folder", file(name)));
  if (read["context"]["profile"] != identity)
    throw InvalidArgument(
        fmt::format("{} comes from another machine, version, seed, ASSAY_ISA or state of the golden files: give "
                    "--fresh to begin anew, or another folder",
                    file(name)));
  return read;
}

LeftProfile ProfileFolder::left(const json& identity) const {
  json results = document("results.json", "benchmarks", identity), checks = document("checks.json", "checks", identity);
  LeftProfile left;
  try {
    if (!results.is_null()) {
      left.benchmarks = std::move(results["benchmarks"]);
      const json& floor = results["context"].at("assay").at("aa_floor");
      if (floor.is_number()) left.aa_floor = floor.get<double>();
    }
    if (!checks.is_null()) {
      left.checks = std::move(checks["checks"]);
      for (const json& op : checks["context"].at("verified")) left.verified.insert(op.get<std::string>());
    }
    for (const json& entry : left.benchmarks) require_sound_time(entry);
    for (const json& entry : left.checks) require_sound(entry);
  } catch (const std::exception&) {
    throw InvalidArgument(fmt::format("the files in {} are damaged: give --fresh to begin anew", path_));
  }
  return left;
}

std::optional<Probe> ProfileFolder::probe() const {
  if (!fs::exists(file("machine.json"))) return std::nullopt;
  try {
    Probe probe = probe_from_json(read_json(file("machine.json")).at("probe"));
    if (probe.machine_hash == machine_hash(this_machine()) && probe.version == ASSAY_VERSION) return probe;
  } catch (const std::exception&) {  // of an older format, or damaged: measured anew
  }
  return std::nullopt;
}

std::string state_of_golden(const CaseList& list) {
  std::set<fs::path> paths;
  for (const BoundCase& bound : list.cases)
    if (bound.golden) paths.insert(bound.golden->path);
  std::string state;
  for (const fs::path& path : paths) {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    state += fmt::format("{} {:x}\n", path.filename().string(), std::hash<std::string>()(bytes));
  }
  for (const DamagedFile& file : list.damaged) state += file.op + "/" + file.name + " " + file.reason + "\n";
  return fmt::format("{:016x}", std::hash<std::string>()(state));
}

}  // namespace assay::bench
