// The folder of baselines, and their names.
#include "bench/report/baseline.h"

#include <fmt/format.h>

#include <cstdlib>

#include "reference/tensor.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

/// The value of a variable; empty if it is unset.
fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool is_baseline_name(std::string_view name) {
  constexpr std::size_t longest = 250;
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.size() <= longest && name.front() != '.' &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

fs::path baseline_folder() {
  if (const fs::path own = variable("ASSAY_BASELINES"); !own.empty()) return own;
  if (const fs::path data = variable("XDG_DATA_HOME"); data.is_absolute()) return data / "assay" / "baselines";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".local" / "share" / "assay" / "baselines";
  throw InvalidArgument("there is nowhere to keep baselines: set ASSAY_BASELINES to a folder");
}

std::string baseline_path(std::string_view name) {
  if (!is_baseline_name(name))
    throw InvalidArgument(
        fmt::format("a baseline cannot be called \"{}\": a name has A-Z a-z 0-9 _ . - and no dot in front, and 250 "
                    "characters at most",
                    name));
  const fs::path folder = baseline_folder();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InvalidArgument(fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  return (folder / fmt::format("{}.json", name)).string();
}

}  // namespace assay::bench
