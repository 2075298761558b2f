// The random order of the samplers: torch.randperm with a generator on the CPU, number for number.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace assay::sampling {

/// From this length on torch.randperm draws 64 bits for each place: (2³² − 1)/20.
inline constexpr std::int64_t first_wide_length = 214748364;

/// torch.randperm(length, generator=torch.Generator().manual_seed(seed)). MT19937 takes the low 32 bits of the seed;
/// for i in 0..length − 2 the entries i and i + draw mod (length − i) are exchanged, draws having 32 bits. From
/// `wide_from` on draws have 64 bits, the first 32 the upper ones, and for i in 0..length − 1 the entries i and draw
/// mod (i + 1) are exchanged.
std::vector<std::int64_t> random_order(std::int64_t length, std::int64_t seed,
                                       std::int64_t wide_from = first_wide_length);

/// Rejects a negative length of a dataset; 0 is an empty one.
void require_length(std::string_view op, std::int64_t length);

}  // namespace assay::sampling
