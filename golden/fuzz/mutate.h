// Seeded mutations of inputs: the same (seed, words, key) give the same bytes on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "reference/recipe.h"

namespace assay::fuzz {

/// Changes `input` in one to four places: bits, bytes, runs, words, numbers, 64-bit fields, and parts of `others`.
void mutate(std::string& input, Draw& draw, std::span<const std::string> others,
            std::span<const std::string_view> words);

}  // namespace assay::fuzz
