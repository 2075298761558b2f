// Every operator of the project, in erased form. Adding an operator adds one line to registry.cpp.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "reference/operator.h"

namespace assay {

/// All operators, in the order in which they are listed.
std::span<const OperatorEntry> operators();

/// The operator of that name; InvalidArgument, with the nearest name, if there is none.
const OperatorEntry& find_operator(std::string_view name);

/// The name among `known` that `given` was most likely meant to be, as " (did you mean …?)"; empty if none is near.
std::string nearest_name(std::string_view given, std::span<const std::string_view> known);

}  // namespace assay
