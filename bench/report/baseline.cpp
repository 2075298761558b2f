// The folder of baselines.
#include "bench/report/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "reference/tensor.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

/// A variable that is set to something, or null.
const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

fs::path baseline_folder() {
  if (const char* own = variable("ASSAY_BASELINES")) return own;
  if (const char* data = variable("XDG_DATA_HOME")) return fs::path(data) / "assay" / "baselines";
  if (const char* home = variable("HOME")) return fs::path(home) / ".local" / "share" / "assay" / "baselines";
  throw InvalidArgument("there is nowhere to keep baselines: set ASSAY_BASELINES to a folder");
}

bool is_plain(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

}  // namespace

std::string baseline_path(std::string_view name) {
  if (!is_plain(name))
    throw InvalidArgument(
        fmt::format("a baseline cannot be called \"{}\": a name has A-Z a-z 0-9 _ . - and no dot in front", name));
  const fs::path folder = baseline_folder();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InvalidArgument(fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  return (folder / fmt::format("{}.json", name)).string();
}

}  // namespace assay::bench
