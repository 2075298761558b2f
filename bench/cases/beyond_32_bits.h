// The case of an operator that shows a count or an address of 32 bits.
#pragma once

#include <optional>

#include "reference/operator.h"

namespace assay::bench {

/// Choices of the smallest case that counts or addresses beyond 32 bits: a tensor, at the principal dtype, has more
/// than 2^31 elements or 2^32 bytes. Two extents are as large as that takes, the others as small as can be; nothing if
/// two do not reach it.
std::optional<Choices> smallest_beyond_32_bits(const OperatorEntry& op);

}  // namespace assay::bench
