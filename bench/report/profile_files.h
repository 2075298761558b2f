// What `assay profile` writes into its folder beside result files, and reading what an earlier run left there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/cases/row.h"
#include "bench/profile/decide.h"
#include "bench/profile/folder.h"
#include "bench/report/result_file.h"

namespace assay::bench {

/// What a profile by this program on this machine is of.
ProfileIdentity identity_here(std::uint64_t seed, const std::string& golden_state);

/// What an earlier run left; empty if there was none.
struct LeftProfile {
  std::vector<Row> timed, checks;
  std::set<std::string, std::less<>> verified;  ///< operators whose checks are all there
  std::optional<double> aa_floor;
};

/// Reads results.json and checks.json. InvalidArgument for files of something else than a profile, of another identity,
/// and with rows that no profile writes.
LeftProfile read_left(const ProfileFolder& folder, const ProfileIdentity& identity);

/// machine.json: the context with the probe in it.
std::string machine_json(bool partial);

/// dispatch.json: the choices, and what they are valid for. `refused` are the operator/backend pairs that failed
/// parity.
std::string dispatch_json(const Decision& decision, const ProfileIdentity& identity,
                          const std::set<std::string>& refused, bool partial);

}  // namespace assay::bench
