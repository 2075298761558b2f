// Runs the program as a user would, for the tests of its verbs: with outputs caught, a folder for files, and a cache.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/machine/environment.h"
#include "bench/machine/probe_file.h"

namespace assay::bench {

struct Outcome {
  int code;
  std::string text;
};

/// Runs `assay` with both its outputs caught. To interrupt it, put `timeout --foreground …` into the environment:
/// without that option timeout sends the signal twice, and a second Ctrl-C ends the program at once.
inline Outcome assay(const std::string& arguments, const std::string& environment = "") {
  // no probe of the machine that the tests happen to run on
  const std::string command =
      "XDG_CACHE_HOME=/nowhere " + environment + " '" ASSAY_PROGRAM "' " + arguments + " 2>&1 </dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

/// A small, fast selection on the backends that are always there.
inline const std::string few = "--filter 'relative_position_index/seed_2x2/*/f32/1' ";

class Program : public testing::Test {
 protected:
  Program()
      : folder_(std::filesystem::path(testing::TempDir()) /
                (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "_" +
                 std::to_string(getpid()))) {  // several builds may be tested at once
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~Program() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
  }
  std::filesystem::path folder_;
};

inline nlohmann::json read_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return nlohmann::json::parse(stream);
}

/// A cache of the user's, with a probe of this machine that the tests have written.
class CachedProbe : public Program {
 protected:
  CachedProbe() {
    probe_.machine_hash = machine_hash(this_machine());
    probe_.version = version();
    probe_.date = "2026-01-02T03:04:05+0000";
    file_ = folder_ / "assay" / ("probe-" + probe_.machine_hash + ".json");
  }
  /// The version that the program gives as "assay 0.1.0 (…".
  static std::string version() {
    const std::string text = assay("--version").text;
    return text.substr(6, text.find(' ', 6) - 6);
  }
  void plant(double gb_per_s) {
    probe_.curves = {{Pattern::load, 1, {{4096, {gb_per_s, gb_per_s}}}}};
    probe_.peaks = {{"x86-64-v2", DType::f32, 1, {gb_per_s, gb_per_s}}};
    write_probe(file_, probe_);
  }
  std::string cache() const { return "XDG_CACHE_HOME='" + folder_.string() + "' "; }
  nlohmann::json bench(int expected_code) {
    const Outcome outcome = assay("bench --row-budget 50ms " + few + "--json " + path("b.json"), cache());
    text_ = outcome.text;
    EXPECT_EQ(outcome.code, expected_code) << text_;
    std::ifstream stream(path("b.json"));
    return nlohmann::json::parse(stream);
  }
  Probe probe_;
  std::filesystem::path file_;
  std::string text_;
};

}  // namespace assay::bench
