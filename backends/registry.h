// Which backends there are, and getting hold of one. Modules are loaded on first use and stay loaded.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "backends/backend.h"

namespace assay {

/// Names of all backends this build knows, also of those that it leaves out.
std::vector<std::string_view> backend_names();

/// A backend, or why there is none here.
struct BackendStatus {
  Backend* backend = nullptr;  ///< null where its module could not be loaded or was not built
  std::string unavailable;     ///< the reason; empty where it can run
  std::string module;          ///< the file it came from, with the instruction set level in its name
};

/// Loads the backend's module if need be. InvalidArgument, with the nearest name, if there is no such backend.
/// The environment variable ASSAY_ISA (x86-64-v2, x86-64-v3, x86-64-v4) lowers the level that is picked.
const BackendStatus& find_backend(std::string_view name);

/// Loads a module in a child process and says why that failed; empty if it did not. The registry asks under a memory
/// limit: a library that runs out of memory while it is initialised ends its process.
std::string try_to_load(const std::filesystem::path& module);

/// Makes a backend known that is part of the running program itself, after all others: how tests bring theirs. It must
/// outlive its use. InvalidArgument if the name is taken or holds a slash, which would make its labels ambiguous.
void add_backend(Backend& backend);

/// The levels of x86-64 that this CPU has, best first; empty on other architectures.
std::vector<std::string_view> cpu_isa_levels();
/// Those of them that ASSAY_ISA leaves; InvalidArgument if it names none.
std::vector<std::string_view> isa_levels();

}  // namespace assay
