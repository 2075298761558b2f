// --filter: globs over operator/case/backend/dtype/threads.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::bench {

/// `*` matches any run of characters, `/` included; `?` any one.
bool glob_matches(std::string_view pattern, std::string_view text);

/// No filter takes all; otherwise any one suffices.
bool any_matches(std::span<const std::string> filters, std::string_view label);

}  // namespace assay::bench
