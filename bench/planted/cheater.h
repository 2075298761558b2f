// A backend that cheats, and driving it through the program as a user runs it: what the tests of cheaters share. Start
// with expect_caught().
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "backends/registry.h"
#include "bench/planted/honest_bias.h"
#include "bench/program/program.h"
#include "reference/window_attention/window_softmax.h"

namespace assay::bench::cheating {

using nlohmann::json;
using Bias = RelativePositionBias;
using Softmax = WindowSoftmax;

// ---- what they cheat with ----

inline int calls = 0;                     // of the cheater in hand
inline int threads = 1;                   // as the harness last asked for
inline std::vector<std::thread> helpers;  // that outlive their call

inline std::size_t last(const Bias::Outputs<float>& out) { return static_cast<std::size_t>(out.bias.shape.elements()); }

/// Memory that a cheater gave, and kept; what lies between guard pages is not of it.
struct Given {
  std::shared_ptr<std::byte> memory;
  std::size_t bytes;
};
inline std::vector<Given> given;

inline bool is_ordinary(const void* address) {
  const auto* byte = static_cast<const std::byte*>(address);
  for (const auto& [memory, bytes] : given)
    if (byte >= memory.get() && byte < memory.get() + bytes) return true;
  return false;
}

/// It keeps all memory it ever gave, with room to spare around it.
class Cheater final : public HostBackend {
 public:
  Cheater(const std::string& name, const std::function<void(KernelTable&)>& add, bool concurrent_plans = false)
      : name_("cheat." + name), concurrent_plans_(concurrent_plans) {
    add(kernels_);
  }
  std::string_view name() const override { return name_; }
  std::string_view description() const override { return "a backend that cheats"; }
  Claims claims() const override { return {.honours_threads = true, .concurrent_plans = concurrent_plans_}; }
  int set_threads(int count) override { return threads = count; }
  std::shared_ptr<std::byte> allocate(std::size_t size) override {
    constexpr std::size_t spare = 4096;
    return given.emplace_back(Given{allocate_host(size + spare), size}).memory;
  }

 private:
  std::string name_;
  bool concurrent_plans_;
};

/// Registered for good: the registry keeps its address.
inline Cheater& register_cheater(const std::string& name, const std::function<void(KernelTable&)>& add,
                                 bool concurrent_plans = false) {
  static std::deque<Cheater> all;
  Cheater& made = all.emplace_back(name, add, concurrent_plans);
  add_backend(made);
  return made;
}

// ---- running them ----

struct Cheat {
  std::string verb;
  const Cheater* backend;
  std::string reason;  ///< the guard's own sentence is a part of the row's reason
};

/// The rows of one backend, as the program wrote them.
inline json run(const Cheat& cheat, int& code) {
  namespace fs = std::filesystem;
  const std::string file =
      (fs::path(testing::TempDir()) / fmt::format("{}_{}.json", cheat.backend->name(), getpid())).string();
  std::vector<std::string> words = {"assay", cheat.verb, "--json", file, "--threads", "1,2"};
  std::vector<std::string> cases = {"relative_position_bias/window_8x4_h1", "window_softmax/seed_2x2"};
  if (cheat.verb == "verify") cases.emplace_back("relative_position_bias/seed_2x2");  // small enough for many calls
  for (const std::string& name : cases) {
    words.emplace_back("--filter");
    words.push_back(fmt::format("{}/{}/f32/*", name, cheat.backend->name()));
  }
  if (cheat.verb == "bench") {
    words.emplace_back("--row-budget");
    words.emplace_back("100ms");
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  calls = 0;
  testing::internal::CaptureStdout();
  code = run_program(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  for (std::thread& helper : helpers) helper.join();
  helpers.clear();
  std::ifstream stream(file);
  const json document = json::parse(stream);
  fs::remove(file);
  return document[cheat.verb == "bench" ? "benchmarks" : "checks"];
}

/// Each has a row that FAILED for its reason.
inline void expect_caught(const std::vector<Cheat>& all) {
  std::size_t caught = 0;
  for (const Cheat& cheat : all) {
    int code = 0;
    std::string reasons;
    bool by_its_guard = false;
    // what happens on two threads at once may be put off on a busy machine
    constexpr int most_tries = 20;
    for (int tried = 0; tried < most_tries && !by_its_guard && (tried == 0 || code == 0); ++tried)
      for (const json& row : run(cheat, code)) {
        if (row["verdict"] != "FAILED") continue;
        const auto reason = row["reason"].get<std::string>();
        reasons += reason + "\n";
        by_its_guard = by_its_guard || reason.find(cheat.reason) != std::string::npos;
      }
    EXPECT_EQ(code, 3) << cheat.backend->name();
    EXPECT_TRUE(by_its_guard) << cheat.backend->name() << " should be told: " << cheat.reason << "\nbut was told:\n"
                              << reasons;
    caught += by_its_guard;
  }
  fmt::print("cheating backends caught: {} of {}\n", caught, all.size());
}

}  // namespace assay::bench::cheating
