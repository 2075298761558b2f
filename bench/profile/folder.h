// The folder of `assay profile`: its four files, its lock, and the probe that an earlier run left in it. The rows in it
// are read by report/profile_files.h.
#pragma once

#include <optional>
#include <string>

#include "bench/cases/cases.h"
#include "bench/machine/probe.h"

namespace assay::bench {

/// machine.json, checks.json, results.json and dispatch.json, locked against other profiles while this object exists.
/// Errors are InvalidArgument.
class ProfileFolder {
 public:
  /// Makes the folder if there is none. Refuses it if another profile is at work in it, and if one of the files cannot
  /// be written or is no regular file (reading a pipe could wait for ever).
  explicit ProfileFolder(const std::string& path);
  ProfileFolder(const ProfileFolder&) = delete;
  ProfileFolder& operator=(const ProfileFolder&) = delete;
  ~ProfileFolder();

  const std::string& path() const { return path_; }
  std::string file(const char* name) const { return path_ + "/" + name; }

  /// The probe in machine.json, if it is of this machine and version. The user's cache may not have been writable.
  std::optional<Probe> probe() const;

 private:
  std::string path_;
  int lock_ = -1;
};

/// A hash of all golden files, and of what is wrong with damaged ones: another one if any of them has changed.
std::string state_of_golden(const CaseList& list);

}  // namespace assay::bench
