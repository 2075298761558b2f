// How every JSON file of the program is spelt.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace assay::bench {

/// Indented, with a final line end. U+FFFD stands for bytes that are no UTF-8, which JSON cannot hold.
std::string json_text(const nlohmann::json& document);

}  // namespace assay::bench
