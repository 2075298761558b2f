// Another case for a backend to work on while a plan of the first is alive.
#pragma once

#include <cstdint>

#include "bench/cases/cases.h"

namespace assay::bench {

/// A small case of the same operator and dtype, as a rule with other shapes or parameters. The case's label and the
/// seed determine it.
BoundCase companion_of(const BoundCase& bound, std::uint64_t seed);

}  // namespace assay::bench
