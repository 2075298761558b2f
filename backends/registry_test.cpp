// The modules: they load, show one symbol, and bring one OpenMP runtime between them.
#include "backends/registry.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace assay {
namespace {

namespace fs = std::filesystem;

fs::path modules() { return fs::read_symlink("/proc/self/exe").parent_path() / "modules"; }

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  if (pipe != nullptr) pclose(pipe);
  return text;
}

TEST(Modules, ShowTheirEntryAlone) {
  // anything else could win a link elsewhere with code for another instruction set
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator(modules())) {
    if (entry.path().extension() != ".so") continue;
    const std::string names =
        output_of("nm -D --defined-only --format=posix '" + entry.path().string() + "' | cut -d' ' -f1");
    EXPECT_EQ(names, "assay_backend\n") << entry.path();
    ++seen;
  }
  EXPECT_GE(seen, 3u);
}

TEST(Registry, EveryBackendLoadsOrSaysWhyNot) {
  std::size_t usable = 0;
  for (const std::string_view name : backend_names()) {
    const BackendStatus& status = find_backend(name);
    if (!status.unavailable.empty()) continue;
    ASSERT_NE(status.backend, nullptr) << name;
    EXPECT_EQ(status.backend->name(), name);
    EXPECT_FALSE(status.backend->description().empty());
    ++usable;
  }
  EXPECT_GE(usable, 3u) << "scalar, openmp and eigen need nothing but the processor";
}

TEST(Registry, BackendsOnTheHostKeepTheirClaims) {
  // a claim that is gone takes its checks with it, and every row still passes
  for (const std::string_view name : backend_names()) {
    const BackendStatus& status = find_backend(name);
    if (status.backend == nullptr || !status.backend->works_on_host_memory()) continue;
    EXPECT_TRUE(status.backend->claims().concurrent_plans) << name;
    const bool one_thread = name == "scalar" || name == "eigen";
    EXPECT_NE(status.backend->claims().honours_threads, one_thread) << name;
  }
}

TEST(Registry, OneOpenMPRuntimeIsLoaded) {
  for (const std::string_view name : backend_names()) find_backend(name);
  std::set<std::string> runtimes;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t slash = line.find('/');
    if (slash == std::string::npos) continue;
    const fs::path file = line.substr(slash);
    for (const std::string_view runtime : {"libgomp", "libomp.", "libomp-", "libiomp"})
      if (file.filename().string().starts_with(runtime)) runtimes.insert(file);
  }
  EXPECT_EQ(runtimes.size(), 1u) << testing::PrintToString(runtimes);
}

TEST(Registry, NamesTheNearestBackend) {
  try {
    find_backend("opnemp");
    FAIL();
  } catch (const InvalidArgument& problem) {
    EXPECT_STREQ(problem.what(), "there is no backend opnemp (did you mean openmp?); `assay list backends` shows all");
  }
}

TEST(Registry, AModuleThatEndsItsProcessIsNotLoaded) {
  EXPECT_EQ(try_to_load(modules() / "scalar.so"), "");
  EXPECT_EQ(
      try_to_load(ASSAY_THROWING_MODULE),
      "loading libthrowing_module.so ended a process with signal 6 (Aborted): ulimit -v or ulimit -d may leave it "
      "too little memory");
}

TEST(IsaLevels, CanBeLoweredButNotMisspelt) {
  const auto best = isa_levels();
  setenv("ASSAY_ISA", "x86-64-v2", 1);
  EXPECT_LE(isa_levels().size(), best.size());
  for (const std::string_view level : isa_levels()) EXPECT_EQ(level, "x86-64-v2");
  setenv("ASSAY_ISA", "", 1);
  EXPECT_EQ(isa_levels(), best) << "empty is as good as unset";
  setenv("ASSAY_ISA", "avx9", 1);
  if (!best.empty()) {
    EXPECT_THROW(isa_levels(), InvalidArgument);
  }
  unsetenv("ASSAY_ISA");
}

}  // namespace
}  // namespace assay
