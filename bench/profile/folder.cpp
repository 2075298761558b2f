// Locking and checking a profile's folder.
#include "bench/profile/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/machine/environment.h"
#include "bench/machine/probe_file.h"
#include "golden/whole_file.h"
#include "version.h"

namespace assay::bench {

namespace fs = std::filesystem;

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

std::optional<Probe> ProfileFolder::probe() const {
  if (!fs::exists(file("machine.json"))) return std::nullopt;
  try {
    std::ifstream stream(file("machine.json"));
    Probe probe = probe_from_json(nlohmann::json::parse(stream).at("probe"));
    if (probe.machine_hash == machine_hash(this_machine()) && probe.version == ASSAY_VERSION) return probe;
  } catch (const std::exception&) {  // of an older format, or damaged: the probe is measured again
  }
  return std::nullopt;
}

std::string state_of_golden(const CaseList& list) {
  std::set<fs::path> paths;  // also of files that this run's filters leave unread: another run may read them
  for (const BoundCase& bound : list.cases)
    if (bound.golden) paths.insert(bound.golden->path);
  for (const UnreadFile& file : list.unread) paths.insert(file.path);
  for (const DamagedFile& file : list.damaged) paths.insert(file.path);
  std::string state;
  for (const fs::path& path : paths) {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    state += fmt::format("{} {:x}\n", path.filename().string(), std::hash<std::string>()(bytes));
  }
  return fmt::format("{:016x}", std::hash<std::string>()(state));
}

}  // namespace assay::bench
