// Named baselines: result files that `bench --save-baseline` writes and `scripts/compare --baseline` reads. The rule
// for names and the folder is also in scripts/results/baselines.py; baseline_examples.json is tested on both.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace assay::bench {

/// 1 to 250 characters out of A-Z a-z 0-9 _ . - with no dot in front. So no name leads to another folder or to a hidden
/// file, and NAME.json fits the 255 bytes that file systems allow.
bool is_baseline_name(std::string_view name);

/// $ASSAY_BASELINES; else $XDG_DATA_HOME/assay/baselines if that variable is an absolute path, as the XDG specification
/// demands; else $HOME/.local/share/assay/baselines. An empty variable counts as unset. InvalidArgument if none is set.
std::filesystem::path baseline_folder();

/// The file of a baseline. Makes the folder. InvalidArgument for what is no name, and if there is no folder.
std::string baseline_path(std::string_view name);

}  // namespace assay::bench
