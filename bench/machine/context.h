// The context of a result: the machine, the libraries, this program's own version, and warnings about all of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace assay::bench {

/// The `context` of a result file: Google Benchmark's keys, and `assay`, `machine`, `libraries`, `probe` and
/// `warnings`. `partial` says that the run was interrupted.
nlohmann::json context(bool partial);

/// Prints on standard error what is likely to make times wrong on this machine; each warning once a process.
void print_warnings();
/// Prints a warning that came up while measuring and adds it to `context.warnings`; once for each sentence.
void add_warning(const std::string& sentence);
/// All warnings so far, oldest first.
std::vector<std::string> warnings();

/// "assay 0.1.0 (1a2b3c4), fmt 9.1.0, …" over several lines.
std::string version_text();

}  // namespace assay::bench
