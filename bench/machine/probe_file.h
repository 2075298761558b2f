// A probe as JSON, and where it is kept: one file for each machine in the user's cache, so that bench can show roofs
// without measuring them each time.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bench/machine/probe.h"

namespace assay::bench {

nlohmann::json to_json(const Probe& probe);
/// Throws InvalidArgument, saying what is wrong, for anything that to_json() does not write.
Probe probe_from_json(const nlohmann::json& document);

/// $XDG_CACHE_HOME/assay/probe-HASH.json, else below ~/.cache; none where neither is known.
std::optional<std::filesystem::path> probe_path(const std::string& machine_hash);

/// A probe from a file; or why it is of no use, with both empty where there is no file.
struct StoredProbe {
  std::optional<Probe> probe;
  std::string problem;  ///< one sentence without a remedy
};
StoredProbe read_probe(const std::filesystem::path& path, const std::string& machine_hash);
/// Makes the folders above it; the file is whole or as it was. Errors are InvalidArgument.
void write_probe(const std::filesystem::path& path, const Probe& probe);

/// The probe of this machine from its cache, looked for once; or the one that was given by know_probe(). What is wrong
/// with a file is said once, on standard error.
const std::optional<Probe>& known_probe();
void know_probe(Probe probe);
/// Where there is no probe: says on standard error that `assay probe` would give rows their roof.
void say_what_a_probe_would_add();

}  // namespace assay::bench
