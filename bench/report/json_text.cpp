// Spelling JSON.
#include "bench/report/json_text.h"

#include <nlohmann/json.hpp>

namespace assay::bench {

std::string json_text(const nlohmann::json& document) {
  constexpr int indent = 2;
  return document.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace assay::bench
