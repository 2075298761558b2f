// Reduces a drawn case on which a backend fails to the smallest one that still fails.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "bench/cases/row.h"
#include "bench/cases/selection.h"

namespace assay::bench {

/// The row of `failed` on the smallest drawn case that gives it the same verdict; nothing if its own case is not drawn,
/// or no smaller one fails. `rows` are those of the case: the backend's thread counts are tried together, as they were.
/// At most 200 smaller cases are tried; stops when interrupted.
std::optional<Row> shrink(const CaseRows& rows, const Row& failed, std::uint64_t seed,
                          const std::function<std::string(const Row&)>& repro_command);

}  // namespace assay::bench
