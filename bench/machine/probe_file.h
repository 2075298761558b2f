// A probe as JSON, and its file in the user's cache, one for each machine, so that bench shows roofs without measuring
// them each time.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bench/machine/probe.h"

namespace assay::bench {

nlohmann::json to_json(const Probe& probe);
/// Throws InvalidArgument with the reason for anything that to_json() does not write.
Probe probe_from_json(const nlohmann::json& document);

/// $XDG_CACHE_HOME/assay/probe-HASH.json, else below ~/.cache; nothing if neither is known.
std::optional<std::filesystem::path> probe_path(const std::string& machine_hash);

/// A probe from a file, or why the file is of no use; both are empty if there is no file.
struct StoredProbe {
  std::optional<Probe> probe;
  std::string problem;  ///< one sentence without a remedy
};
StoredProbe read_probe(const std::filesystem::path& path, const std::string& machine_hash);
/// Creates the folders above the file, and replaces the file whole. Errors are InvalidArgument.
void write_probe(const std::filesystem::path& path, const Probe& probe);

/// The probe of this machine from its cache, read once; or the one given by know_probe(). A file that is of no use is
/// reported once, on standard error.
const std::optional<Probe>& known_probe();
void know_probe(Probe probe);
/// If there is no probe: says on standard error that `assay probe` gives rows their roof.
void say_what_a_probe_would_add();

}  // namespace assay::bench
