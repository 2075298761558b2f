// Where named baselines are kept: result files that `bench --save-baseline` writes and `scripts/compare --baseline`
// reads.
#pragma once

#include <string>
#include <string_view>

namespace assay::bench {

/// $ASSAY_BASELINES, else $XDG_DATA_HOME/assay/baselines, else ~/.local/share/assay/baselines; the file in it that has
/// this name. Makes the folder. InvalidArgument for a name that is no plain file name, and where there is no home.
std::string baseline_path(std::string_view name);

}  // namespace assay::bench
