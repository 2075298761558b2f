// Verifies one case on all its backends: what `verify` and `profile` repeat.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench/cases/row.h"
#include "bench/cases/selection.h"

namespace assay::bench {

/// Computes the truth once and verifies every row of the case against it, of each backend the largest thread count
/// first; `done` gets each. Stops between rows when interrupted. `repro_command` gives the command that verifies one
/// row again.
void verify_case(const CaseRows& selected, std::uint64_t seed,
                 const std::function<std::string(const Row&)>& repro_command, const std::function<void(Row&&)>& done,
                 bool with_companion = true);

}  // namespace assay::bench
