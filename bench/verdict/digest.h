// One number for each output, to compare results to the bit.
#pragma once

#include <cstdint>
#include <vector>

#include "reference/tensor.h"

namespace assay::bench {

using Digests = std::vector<std::uint64_t>;

/// One for each output of `results` on the host.
Digests digests(const TensorPack& results);

}  // namespace assay::bench
