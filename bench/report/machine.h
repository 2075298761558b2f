// What a result was taken on: the machine, the libraries and this program's own version.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace assay::bench {

/// The `context` of a result file: Google Benchmark's keys, and `assay`, `machine` and `libraries`.
/// `partial` tells a run that was interrupted.
nlohmann::json context(bool partial);

/// "assay 0.1.0 (1a2b3c4), fmt 9.1.0, …" over several lines.
std::string version_text();

}  // namespace assay::bench
