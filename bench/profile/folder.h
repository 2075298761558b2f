// The folder in which `assay profile` leaves what it found, and from which the same command goes on.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "bench/cases/cases.h"
#include "bench/machine/probe.h"

namespace assay::bench {

/// What an earlier run left.
struct LeftProfile {
  nlohmann::json benchmarks = nlohmann::json::array(), checks = nlohmann::json::array();
  std::set<std::string> verified;  ///< operators whose checks are all there
  std::optional<double> aa_floor;
};

/// machine.json, checks.json, results.json and dispatch.json, kept from other profiles as long as this exists. Errors
/// are InvalidArgument.
class ProfileFolder {
 public:
  /// Makes the folder if need be. Refuses it where another profile is at work, and where one of the files could not be
  /// written in the end or would make who reads it wait.
  explicit ProfileFolder(const std::string& path);
  ProfileFolder(const ProfileFolder&) = delete;
  ProfileFolder& operator=(const ProfileFolder&) = delete;
  ~ProfileFolder();

  const std::string& path() const { return path_; }
  std::string file(const char* name) const { return path_ + "/" + name; }

  /// Rows and checks of an earlier run, empty if there was none. Files of another `identity`, of something else than a
  /// profile, or with entries that no profile writes are refused.
  LeftProfile left(const nlohmann::json& identity) const;

  /// The probe in machine.json, if it is of this machine and version: the user's cache may have been unable to keep it.
  std::optional<Probe> probe() const;

 private:
  nlohmann::json document(const char* name, const char* list, const nlohmann::json& identity) const;

  std::string path_;
  int lock_ = -1;
};

/// Tells whether the golden files are those of an earlier run: all their bytes, and what is wrong with damaged ones.
std::string state_of_golden(const CaseList& list);

}  // namespace assay::bench
