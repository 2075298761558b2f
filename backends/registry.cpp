// Loads each backend's module on first use, at the best instruction set level the CPU has.
#include "backends/registry.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "configured.h"
#include "reference/registry.h"

namespace assay {
namespace {

using Entry = Backend* (*)();

/// Modules lie beside the running program.
std::filesystem::path module_directory() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (error ? std::filesystem::path(".") : program.parent_path()) / "modules";
}

/// The module of a backend built for several levels, of one built for none, or why there is none.
std::string pick_module(const ConfiguredBackend& configured, std::string& why_not) {
  if (configured.levels.empty()) return std::string(configured.name);
  for (const std::string_view level : isa_levels())
    if (configured.levels.find(level) != std::string_view::npos) return fmt::format("{}.{}", configured.name, level);
  why_not = fmt::format("it is built for {}, and this CPU has none of them", configured.levels);
  return {};
}

bool has_memory_limit() {
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) return true;
  }
  return false;
}

/// In the child: quiet, without a core file, and with no handler of this program's. What a library throws ends it.
[[noreturn]] void load_and_exit(const char* path) noexcept {
  std::signal(SIGABRT, SIG_DFL);
  constexpr rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (const int nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  dlopen(path, RTLD_NOW | RTLD_LOCAL);
  _exit(0);
}

BackendStatus load(const ConfiguredBackend& configured) {
  BackendStatus status;
  status.unavailable = configured.left_out;
  if (!configured.left_out.empty()) return status;
  const std::string module = pick_module(configured, status.unavailable);
  if (module.empty()) return status;
  const std::filesystem::path path = module_directory() / (module + ".so");
  status.module = path.filename().string();
  if (has_memory_limit()) status.unavailable = try_to_load(path);
  if (!status.unavailable.empty()) return status;
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    status.unavailable = dlerror();
    return status;
  }
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "assay_backend"));
  if (entry == nullptr) {
    status.unavailable = fmt::format("{} is no backend: it has no symbol assay_backend", path.string());
    return status;
  }
  status.backend = entry();
  status.unavailable = status.backend->unavailable().value_or("");
  return status;
}

/// Those of add_backend().
std::vector<Backend*>& added_backends() {
  static std::vector<Backend*> added;
  return added;
}

}  // namespace

std::string try_to_load(const std::filesystem::path& module) {
  const std::string name = module.filename().string();
  const pid_t child = fork();
  if (child == 0) load_and_exit(module.c_str());
  int status = 0;
  pid_t ended = -1;
  while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) continue;
  if (ended < 0) return fmt::format("no process could be started to try loading {}: {}", name, std::strerror(errno));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string how = WIFSIGNALED(status)
                              ? fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)))
                              : fmt::format("exit code {}", WEXITSTATUS(status));
  return fmt::format("loading {} ended a process with {}: ulimit -v or ulimit -d may leave it too little memory", name,
                     how);
}

std::vector<std::string_view> cpu_isa_levels() {
  std::vector<std::string_view> levels;
#if defined(__x86_64__)
  const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  if (v4) levels.push_back("x86-64-v4");
  if (v3) levels.push_back("x86-64-v3");
  if (v2) levels.push_back("x86-64-v2");
#endif
  return levels;
}

std::vector<std::string_view> isa_levels() {
  std::vector<std::string_view> levels = cpu_isa_levels();
#if defined(__x86_64__)
  const char* cap = std::getenv("ASSAY_ISA");
  const std::string_view most = cap == nullptr || *cap == '\0' ? "x86-64-v4" : cap;  // empty is as good as unset
  if (most != "x86-64-v2" && most != "x86-64-v3" && most != "x86-64-v4")
    throw InvalidArgument(fmt::format("ASSAY_ISA is {}, but it must be x86-64-v2, x86-64-v3 or x86-64-v4", most));
  std::erase_if(levels, [&](std::string_view level) { return level > most; });
#endif
  return levels;
}

std::vector<std::string_view> backend_names() {
  std::vector<std::string_view> names;
  for (const ConfiguredBackend& configured : configured_backends) names.push_back(configured.name);
  for (const Backend* added : added_backends()) names.push_back(added->name());
  return names;
}

void add_backend(Backend& backend) {
  const std::string_view name = backend.name();
  const std::vector<std::string_view> taken = backend_names();
  if (name.empty() || name.find('/') != std::string_view::npos)
    throw InvalidArgument(fmt::format("a backend cannot be called \"{}\": a name has no slash and is not empty", name));
  if (std::find(taken.begin(), taken.end(), name) != taken.end())
    throw InvalidArgument(fmt::format("there is a backend {} already", name));
  added_backends().push_back(&backend);
}

const BackendStatus& find_backend(std::string_view name) {
  static std::map<std::string, BackendStatus, std::less<>> loaded;
  if (const auto found = loaded.find(name); found != loaded.end()) return found->second;
  for (const ConfiguredBackend& configured : configured_backends)
    if (configured.name == name) return loaded.emplace(name, load(configured)).first->second;
  for (Backend* added : added_backends()) {
    if (added->name() != name) continue;
    return loaded.emplace(name, BackendStatus{added, added->unavailable().value_or(""), "built in"}).first->second;
  }
  throw InvalidArgument(fmt::format("there is no backend {}{}; `assay list backends` shows all", name,
                                    nearest_name(name, backend_names())));
}

}  // namespace assay
