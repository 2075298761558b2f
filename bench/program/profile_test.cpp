// `assay profile` as a user meets it: its four files, going on where one was left, and what it refuses.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/program/program_fixture.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Two small cases on two backends, on a roof that no kernel comes near, and with more time than they need.
class ProfiledMachine : public CachedProbe {
 protected:
  ProfiledMachine() { plant(1e9); }
  Outcome profile(const std::string& arguments, const std::string& environment = "") {
    return assay("profile -o '" + path("p") +
                     "' --filter 'relative_position_index/ws7_h*/scalar/*' --filter "
                     "'relative_position_index/ws7_h*/openmp/*' " +
                     arguments,
                 cache() + environment);
  }
  json timed() const { return file("results.json")["benchmarks"]; }
  json file(const std::string& name) const { return read_json(folder_ / "p" / name); }
};

TEST_F(ProfiledMachine, IsProbedVerifiedTimedAndDecided) {
  const Outcome outcome = profile("--threads 1,2");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(file("machine.json")["probe"], to_json(probe_));
  EXPECT_GT(file("checks.json")["checks"].size(), 50u);
  EXPECT_EQ(file("results.json")["context"]["assay"]["partial"], false);
  const json dispatch = file("dispatch.json");
  EXPECT_EQ(dispatch["partial"], false);
  EXPECT_EQ(dispatch["valid_for"]["machine"], probe_.machine_hash);
  EXPECT_EQ(dispatch["choices"].size(), 4u) << "two cases at one and at two threads";
  for (const json& choice : dispatch["choices"]) {
    EXPECT_EQ(choice["operator"], "relative_position_index");
    EXPECT_LE(choice["threads"], choice["most_threads"]);
    EXPECT_GE(choice["median_ns"], choice["median_interval_ns"][0]);
    EXPECT_LE(choice["median_ns"], choice["median_interval_ns"][1]);
    EXPECT_GT(choice["roof_fraction"], 0);
  }
  EXPECT_NE(outcome.text.find("furthest from the roof:\n  relative_position_index/"), std::string::npos)
      << outcome.text;
}

TEST_F(ProfiledMachine, GoesOnWhereItWasLeft) {
  ASSERT_EQ(profile("--threads 1").code, 0);
  const json earlier = timed();
  const Outcome again = profile("--threads 1");
  ASSERT_EQ(again.code, 0) << again.text;
  EXPECT_NE(again.text.find("going on from "), std::string::npos) << again.text;
  EXPECT_TRUE(timed() == earlier) << "nothing was left to time";
  ASSERT_EQ(profile("--threads 1,2").code, 0);
  const json wider = timed();
  EXPECT_GT(wider.size(), earlier.size());
  std::set<std::string> names;
  for (const json& row : wider) names.insert(row["name"].get<std::string>());
  EXPECT_EQ(names.size(), wider.size()) << "each row once";
  ASSERT_EQ(profile("--threads 1 --fresh").code, 0);
  EXPECT_EQ(timed().size(), earlier.size());
  EXPECT_FALSE(timed() == earlier) << "timed anew";
}

TEST_F(ProfiledMachine, OutOfTimeItIsPartialAndCanBeGoneOnWith) {
  const Outcome first = profile("--threads 1 --budget 0.001s");
  EXPECT_EQ(first.code, 0) << first.text;
  EXPECT_EQ(file("results.json")["context"]["assay"]["partial"], true);
  EXPECT_EQ(file("dispatch.json")["partial"], true);
  EXPECT_NE(first.text.find("partial: 2 of the cases were not reached in 0.001 s"), std::string::npos) << first.text;
  const Outcome second = profile("--threads 1");
  EXPECT_EQ(second.code, 0) << second.text;
  EXPECT_EQ(file("dispatch.json")["partial"], false);
  EXPECT_EQ(file("dispatch.json")["choices"].size(), 2u);
}

TEST_F(ProfiledMachine, OperatorsThatComeLaterAreVerifiedToo) {
  ASSERT_EQ(profile("--threads 1").code, 0);
  const std::size_t checks = file("checks.json")["checks"].size();
  ASSERT_EQ(profile("--threads 1 --filter 'mask_downsample/seed_2img/scalar/*'").code, 0);
  EXPECT_EQ(file("checks.json")["context"]["verified"], json({"mask_downsample", "relative_position_index"}));
  EXPECT_GT(file("checks.json")["checks"].size(), checks);
}

TEST_F(ProfiledMachine, KeepsItsProbeWhereTheUsersCacheCannot) {
  ASSERT_EQ(profile("--threads 1").code, 0);
  fs::remove(file_);
  const Outcome again = profile("--threads 1", "env -u HOME");
  EXPECT_EQ(again.code, 0) << again.text;
  EXPECT_EQ(file("machine.json")["probe"], to_json(probe_)) << "not measured again";
}

TEST_F(ProfiledMachine, DamagedGoldenFilesAreProblems) {
  fs::copy(ASSAY_SOURCE_DIR "/golden/tensors", path("g"), fs::copy_options::recursive);
  std::ofstream(path("g/relative_position_index/ws7_h3.safetensors"), std::ios::app) << "x";
  const Outcome outcome = profile("--threads 1", "ASSAY_GOLDEN='" + path("g") + "' ");
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find("INVALID relative_position_index/ws7_h3/golden/-/0"), std::string::npos) << outcome.text;
  const Outcome mended = profile("--threads 1");
  EXPECT_EQ(mended.code, 1) << "other golden files than those of the rows that are there";
  EXPECT_NE(mended.text.find("state of the golden files"), std::string::npos) << mended.text;
}

TEST_F(ProfiledMachine, AfterCtrlCAllFilesAreWhole) {
  const Outcome cut = profile("--filter '*'", "timeout --foreground --preserve-status -s INT 3");
  EXPECT_EQ(cut.code, 130) << cut.text;
  for (const char* name : {"machine.json", "results.json", "dispatch.json"})
    EXPECT_TRUE(file(name).is_object()) << name;
  EXPECT_EQ(file("results.json")["context"]["assay"]["partial"], true);
  const Outcome last = profile("--threads 1");
  EXPECT_EQ(last.code, 0) << last.text;
  EXPECT_EQ(file("dispatch.json")["partial"], false);
}

TEST_F(ProfiledMachine, RefusesFilesItCannotGoOnFrom) {
  ASSERT_EQ(profile("--threads 1").code, 0);
  const Outcome other_seed = profile("--threads 1 --seed 21");
  EXPECT_EQ(other_seed.code, 1);
  EXPECT_EQ(other_seed.text,
            "assay: " + path("p/results.json") +
                " comes from another machine, version, seed, ASSAY_ISA or state of the golden files: give --fresh to "
                "begin anew, or another folder\n");
  EXPECT_EQ(profile("--threads 1", "ASSAY_ISA=x86-64-v2 ").code, 1);
  const json good = file("results.json");
  const struct {
    std::function<void(json&)> damage;
    std::string what;
  } damages[] = {{[](json& row) { row.erase("real_time"); }, "has no `real_time`"},
                 {[](json& row) { row["real_time"] = -5; }, "has the `median_interval_ns` "},
                 {[](json& row) { row["real_time"] = 1e30; }, "has the `median_interval_ns` "},
                 {[](json& row) { row["verdict"] = "LOVELY"; }, "has the `verdict` \"LOVELY\", "},
                 {[](json& row) { row["operator"] = "zz"; }, "has the `name` \"relative_position_index/"},
                 {[](json& row) { row["name"] = 7; }, "has the `name` 7, "},
                 {[](json& row) { row["name"] = "zz"; }, "has the `name` \"zz\", "},
                 {[](json& row) { row["threads"] = -5; }, "has the `threads` -5, "},
                 {[](json& row) { row["median_interval_ns"] = 1; }, "has the `median_interval_ns` 1, "}};
  for (const auto& [damage, what] : damages) {
    json broken = good;
    damage(broken["benchmarks"][0]);
    std::ofstream(path("p/results.json")) << broken;
    const std::string text = profile("--threads 1").text;
    EXPECT_EQ(text.find("assay: " + path("p/results.json") + " is damaged (row 0 of `benchmarks` " + what), 0u) << text;
    EXPECT_TRUE(text.ends_with("): give --fresh to begin anew\n")) << text;
  }
  std::ofstream(path("p/results.json")) << good;
  json checks = file("checks.json");
  checks["checks"][0]["operator"] = "zz";
  std::ofstream(path("p/checks.json")) << checks;
  EXPECT_EQ(
      profile("--threads 1").text,
      "assay: " + path("p/checks.json") +
          " is damaged (there is no operator zz; `assay list operators` shows all): give --fresh to begin anew\n");
  std::ofstream(path("p/results.json")) << "{}";
  EXPECT_EQ(profile("--threads 1").text,
            "assay: " + path("p/results.json") + " is no file of a profile: remove it, or give another folder\n");
}

TEST_F(ProfiledMachine, RefusesWhatIsNoFileWithoutWaiting) {
  for (const char* name : {"machine.json", "checks.json", "results.json", "dispatch.json"}) {
    fs::remove_all(path("p"));
    fs::create_directories(path("p"));
    ASSERT_EQ(mkfifo(path(std::string("p/") + name).c_str(), 0600), 0);
    const std::string expected =
        "assay: " + path("p/") + name + " is not a regular file: remove it, or give another folder\n";
    EXPECT_EQ(profile("--threads 1").text, expected);
    EXPECT_EQ(profile("--threads 1 --fresh").text, expected);
  }
}

TEST_F(ProfiledMachine, FilesThatCannotBeWrittenAreNamedBelowTheTable) {
#ifdef __clang__
  GTEST_SKIP() << "clang's OpenMP keeps a shared file of its own, which the limit below cuts off";
#endif
  ASSERT_EQ(profile("--threads 1").code, 0);
  const json before = timed();
  const Outcome outcome = profile("--threads 1 --fresh", "prlimit --fsize=1024 ");
  EXPECT_EQ(outcome.code, 1) << outcome.text;
  for (const char* name : {"machine.json", "checks.json", "results.json", "dispatch.json"}) {
    const std::string sentence = "assay: cannot write " + path("p/") + name + ": it needs more than the 1024 bytes";
    const std::size_t first = outcome.text.find(sentence);
    ASSERT_NE(first, std::string::npos) << outcome.text;
    EXPECT_EQ(outcome.text.find(sentence, first + 1), std::string::npos) << "once: " << outcome.text;
  }
  EXPECT_NE(outcome.text.find("ahead of the next"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("\nprofile: "), std::string::npos) << outcome.text;
  EXPECT_TRUE(timed() == before) << "the files are as they were";
}

TEST_F(ProfiledMachine, RefusesOneFileUnderTwoNames) {
  fs::create_directories(path("p"));
  fs::create_symlink("results.json", path("p/checks.json"));
  EXPECT_EQ(profile("--threads 1").text, "assay: " + path("p/checks.json") + " and " + path("p/results.json") +
                                             " are one file: remove one of them, or give another folder\n");
}

TEST_F(ProfiledMachine, OneAtATimeInAFolder) {
  fs::create_directories(path("p"));
  const int folder = open(path("p").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(folder, LOCK_EX), 0);
  EXPECT_EQ(profile("--threads 1").text,
            "assay: another profile is at work in " + path("p") + ": wait for it, or give another folder\n");
  close(folder);
}

TEST_F(ProfiledMachine, AMistakeInAFilterCostsNoProbe) {
  fs::remove(file_);
  const Outcome outcome = assay("profile -o '" + path("p") + "' --filter 'nope/*'", cache());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_FALSE(fs::exists(path("p/machine.json")));
}

}  // namespace
}  // namespace assay::bench
