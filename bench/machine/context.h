// What a result was taken on: the machine, the libraries and this program's own version.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace assay::bench {

/// The `context` of a result file: Google Benchmark's keys, and `assay`, `machine`, `libraries`, `probe` and
/// `warnings`. `partial` tells a run that was interrupted.
nlohmann::json context(bool partial);

/// Prints what is likely to spoil times here on standard error, each warning once in the life of the program.
void print_warnings();
/// Keeps a warning that came up while measuring for `context.warnings`, and prints it; a second time does nothing.
void add_warning(const std::string& sentence);
/// All warnings so far, in the order of their coming.
std::vector<std::string> warnings();

/// "assay 0.1.0 (1a2b3c4), fmt 9.1.0, …" over several lines.
std::string version_text();

}  // namespace assay::bench
