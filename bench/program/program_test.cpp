// The program as a user meets it: exit codes, the one sentence for each mistake, and files that are whole or not there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "bench/program/program_fixture.h"
#include "golden/safetensors.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TEST_F(Program, RefusesMistakesInOneSentence) {
  struct Bad {
    std::string arguments, expected;
  };
  const std::vector<Bad> table = {
      {"", "assay: A subcommand is required; `assay --help` shows what there is\n"},
      {"verfy", "assay: there is no verb verfy (did you mean verify?); `assay --help` shows all\n"},
      {"verify --seed -1", "assay: --seed is -1, but a number from 0 to 18446744073709551615 is needed\n"},
      {"verify --seed ''", "assay: --seed is , but a number from 0 to 18446744073709551615 is needed\n"},
      {"verify --filter 'sine_position_encodin/*'",
       "assay: the filter sine_position_encodin/* takes no row: there is no operator sine_position_encodin (did you "
       "mean sine_position_encoding?); `assay list cases` shows all\n"},
      {"verify --filter 'mask_downsample/coco_piar/scalar/f32/1'",
       "assay: the filter mask_downsample/coco_piar/scalar/f32/1 takes no row: there is no case of it coco_piar (did "
       "you mean coco_pair?); `assay list cases` shows all\n"},
      {"verify --filter 'mask_downsample/coco_pair/opnmp/f32/1'",
       "assay: the filter mask_downsample/coco_pair/opnmp/f32/1 takes no row: there is no backend opnmp (did you mean "
       "openmp?); `assay list cases` shows all\n"},
      {"verify --filter 'mask_downsample/coco_pair/openmp/f32/999'",
       "assay: the filter mask_downsample/coco_pair/openmp/f32/999 takes no row: there is no thread count in --threads "
       "999; `assay list cases` shows all\n"},
      {"verify --filter 'nested_tensor/coco_mixed_b8/scalar/f32/1'",
       "assay: the filter nested_tensor/coco_mixed_b8/scalar/f32/1 takes cases of tier large alone; add --all\n"},
      {"verify --filter mask_downsample",
       "assay: the filter mask_downsample takes no row: a filter spells out operator/case/backend/dtype/threads, or "
       "has * for any of them; `assay list cases` shows all\n"},
      {"verify --threads 0",
       "assay: --threads is 0, but numbers from 1 to 1024, or n for all CPUs, are needed, separated by commas\n"},
      {"verify --threads 1,,2",
       "assay: --threads is 1,,2, but numbers from 1 to 1024, or n for all CPUs, are needed, separated by commas\n"},
      {"verify --require opnmp",
       "assay: there is no backend opnmp (did you mean openmp?); `assay list backends` shows all\n"},
      {"verify --json /nowhere/x.json", "assay: cannot write /nowhere/x.json: the folder /nowhere does not exist\n"},
      {"verify --json - --junit -", "assay: only one file can be written to standard output (-)\n"},
      {"verify --golden /nowhere", "assay: /nowhere: there is no such folder of golden cases\n"},
      {"bench --row-budget 0s", "assay: --row-budget is 0 s, but it must be positive and finite\n"},
      {"verify --soak 0",
       "assay: --soak: it is 0, but a number from 1 to 1000000000 is needed; `assay --help` shows what there is\n"},
      {"verify --soak 99999999999999999999",
       "assay: --soak: it is 99999999999999999999, but a number from 1 to 1000000000 is needed; `assay --help` shows "
       "what there is\n"},
      {"verify --elements 100", "assay: --elements bounds the cases of --cover alone: add --cover\n"},
      {"verify --soak 3 --all", "assay: --soak draws small cases, none of which is large: leave out --all\n"},
      {"verify --json /dev/shm/x --junit /dev/shm/./x",
       "assay: /dev/shm/./x is asked for twice: give each file a name of its own\n"},
      {"bench --rounds 0", "assay: --rounds: Value 0 not in range 1 to 100; `assay --help` shows what there is\n"},
      {"bench --save-baseline ../x",
       "assay: a baseline cannot be called \"../x\": a name has A-Z a-z 0-9 _ . - and no dot in front, and 250 "
       "characters at most\n"},
      {"profile --budget 0s -o /nowhere", "assay: --budget is 0 s, but it must be positive and finite\n"},
      {"profile -o /dev/null/x", "assay: cannot make the folder /dev/null/x: Not a directory\n"},
      {"list colours", "assay: there is nothing called colours to list; operators, backends and cases are there\n"},
      {"list --describe mask_downsampel",
       "assay: there is no operator mask_downsampel (did you mean mask_downsample?); `assay list operators` shows "
       "all\n"},
      {"run /nowhere/x.safetensors --backend opnmp -o x",
       "assay: there is no backend opnmp (did you mean openmp?); `assay list backends` shows all\n"},
      {"run x.safetensors --backend scalar -o /nowhere/x.safetensors",
       "assay: cannot write /nowhere/x.safetensors: the folder /nowhere does not exist\n"},
  };
  for (const Bad& bad : table) {
    const Outcome outcome = assay(bad.arguments);
    EXPECT_EQ(outcome.code, 1) << bad.arguments;
    EXPECT_EQ(outcome.text, bad.expected) << bad.arguments;
  }
}

TEST_F(Program, HelpAndVersionSucceed) {
  EXPECT_EQ(assay("--help").code, 0);
  for (const char* verb : {"list", "verify", "bench", "run", "probe", "profile"})
    EXPECT_EQ(assay(std::string(verb) + " --help").code, 0);
  const Outcome version = assay("--version");
  EXPECT_EQ(version.code, 0);
  EXPECT_EQ(version.text.find("assay "), 0u);
}

TEST_F(Program, VerifyPassesAndWritesItsChecks) {
  const Outcome outcome = assay("verify " + few + "--json " + path("v.json") + " --junit " + path("v.xml"));
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  std::ifstream stream(path("v.json"));
  const json document = json::parse(stream);
  EXPECT_EQ(document["context"]["assay"]["schema"], 1);
  EXPECT_EQ(document["context"]["assay"]["partial"], false);
  ASSERT_FALSE(document["checks"].empty());
  for (const json& check : document["checks"])
    for (const char* key : {"operator", "case", "backend", "dtype", "threads", "verdict", "reason", "max_error_ratio",
                            "precision_class", "outputs", "bytes", "flops", "seed", "repro", "witness"})
      EXPECT_TRUE(check.contains(key)) << key;
  std::ifstream xml(path("v.xml"));
  const std::string text((std::istreambuf_iterator<char>(xml)), {});
  EXPECT_NE(text.find("<testcase classname=\"relative_position_index\""), std::string::npos);
}

// ---- outputs that a golden file records: of a device, or of another runtime ----

/// A folder with one case of window_softmax on 2 windows, 1 head and 4 tokens, its mask −1e9 on `masked` rows.
class Recording : public Program {
 protected:
  /// Records what the scalar backend gives as `out`, after `change`, and nothing as `out64` unless it is asked for.
  void record(int masked, const std::function<void(float*)>& change, bool with_out64 = true) {
    fs::create_directories(folder_ / "golden/window_softmax");
    const TensorRef scores = new_host_tensor(memory_, DType::f32, {2, 1, 4, 4});
    const TensorRef mask = new_host_tensor(memory_, DType::f32, {2, 4, 4});
    for (std::int64_t i = 0; i < 32; ++i) {
      set_value(scores, i, static_cast<double>(i * i % 7) / 2);
      set_value(mask, i, i / 4 < masked ? -1e9 : 0);
    }
    const std::map<std::string, std::string> metadata = {
        {"assay.format", "1"}, {"operator", "window_softmax"}, {"case", "mine"}, {"params", "{}"}};
    std::vector<NamedTensor> tensors = {{"in.scores", scores}, {"in.mask", mask}};
    write_safetensors(path("in.safetensors"), metadata, tensors);
    ASSERT_EQ(assay("run " + path("in.safetensors") + " --backend scalar -o " + path("out.safetensors")).code, 0);
    const SafetensorsFile made = SafetensorsFile::read(path("out.safetensors"));
    const TensorRef out = *made.find("out.probs");
    const TensorRef out64 = new_host_tensor(memory_, DType::f64, out.shape);
    for (std::int64_t i = 0; i < 32; ++i) set_value(out64, i, softmax_at(scores, mask, i));
    change(static_cast<float*>(out.data));
    tensors.push_back({"out.probs", out});
    if (with_out64) tensors.push_back({"out64.probs", out64});
    write_safetensors(folder_ / "golden/window_softmax/mine.safetensors", metadata, tensors);
  }

  static double softmax_at(const TensorRef& scores, const TensorRef& mask, std::int64_t i) {
    double sum = 0;
    const auto logit = [&](std::int64_t j) { return value_at(scores, j) + value_at(mask, j); };
    for (std::int64_t j = i / 4 * 4; j < i / 4 * 4 + 4; ++j) sum += std::exp(logit(j) - logit(i));
    return 1 / sum;
  }

  Outcome verify(const std::string& options = "") {
    return assay("verify --golden " + path("golden") + " --filter '*/scalar/*' " + options);
  }

  static void keep(float*) {}
  static void all_nan(float* out) { std::fill(out, out + 32, NAN); }
  static void one_wrong(float* out) { out[9] += 0.5f; }

  TensorPack memory_{1};
};

TEST_F(Recording, ARightOneIsCountedAndSilent) {
  record(0, keep);
  const Outcome outcome = verify("--require recorded --margins");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(outcome.text.find("recorded output"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("1 at 0."), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("(recorded)"), std::string::npos) << outcome.text;
}

TEST_F(Recording, AWrongOneIsNamedAndGatesOnlyWhereRequired) {
  for (void (*const change)(float*) : {all_nan, one_wrong}) {
    record(0, change);
    const Outcome said = verify("--margins --json " + path("v.json"));
    EXPECT_EQ(said.code, 0) << said.text;
    EXPECT_NE(said.text.find("1 PASSED; 1 of 1 recorded outputs FAILED: window_softmax/mine/f32\n"), std::string::npos)
        << said.text;
    EXPECT_NE(said.text.find("1 of 1 FAILED"), std::string::npos) << "in the table: " << said.text;
    EXPECT_NE(said.text.find("(recorded)"), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("worse"), std::string::npos) << said.text;
    const json recorded = read_json(path("v.json"))["checks"][0]["recorded"];
    EXPECT_EQ(recorded["verdict"], "FAILED");
    EXPECT_EQ(recorded["precision_class"], "worse");
    EXPECT_NE(recorded["reason"].get<std::string>().find("elements of probs are wrong"), std::string::npos);

    const Outcome gated = verify("--require recorded");
    EXPECT_EQ(gated.code, 3) << gated.text;
    EXPECT_NE(gated.text.find("--require recorded: 1 of 1 golden files recorded a wrong output, for one "
                              "window_softmax/mine/f32: "),
              std::string::npos)
        << gated.text;
  }
}

TEST_F(Recording, WithoutAFloat64ResultAWrongOneIsAnInvalidCase) {
  record(0, one_wrong, false);
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find("the golden out and the oracle do not mean the same operator"), std::string::npos)
      << outcome.text;
}

TEST_F(Recording, RequiringOneWhereThereIsNoneFails) {
  const Outcome none = assay("verify --filter 'padding_mask/drawn:B=2,H=5,W=7/scalar/*' --require recorded");
  EXPECT_EQ(none.code, 3) << none.text;
  EXPECT_NE(none.text.find("--require recorded: no recorded output was judged"), std::string::npos) << none.text;
}

TEST_F(Recording, OneMaskedRowIsLeftOpenAndTheOthersAreJudged) {
  record(1, [](float* out) { std::fill(out, out + 4, 0.25f); });
  const Outcome outcome = verify("--require recorded --json " + path("v.json"));
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(read_json(path("v.json"))["checks"][0]["outputs"][0]["unspecified"], 4);
  EXPECT_NE(outcome.text.find("window_softmax/mine (4 of 32)"), std::string::npos) << outcome.text;
  record(1, [](float* out) { out[2] = 1.5f; });  // no probability, whatever the row
  EXPECT_EQ(verify("--require recorded").code, 3);
  record(1, [](float* out) { out[4] += 1e-3f; });  // beside the row
  EXPECT_EQ(verify("--require recorded").code, 3);
}

TEST_F(Recording, AMaskOfNearlyAllRowsIsInvalidAndNamesTheFirstElement) {
  record(6, keep);
  const Outcome outcome = verify();
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find("24 of its 32 elements"), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("the first: probs[0, 0, 0, 0] is "), std::string::npos) << outcome.text;
}

TEST_F(Program, BenchTimesOnlyWhatPassed) {
  const Outcome outcome =
      assay("bench --row-budget 50ms " + few + "--json " + path("b.json") + " --csv " + path("b.csv"));
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  std::ifstream stream(path("b.json"));
  const json document = json::parse(stream);
  std::size_t timed = 0;
  for (const json& row : document["benchmarks"]) {
    EXPECT_EQ(row["name"], row["run_name"]);
    EXPECT_EQ(row["time_unit"], "ns");
    if (row["verdict"] == "PASSED") {
      ++timed;
      EXPECT_GT(row["real_time"], 0);
      EXPECT_FALSE(row["samples_ns"].empty());
      EXPECT_GT(row["gb_per_s"], 0);
    } else {
      EXPECT_EQ(row["real_time"], 0);
      EXPECT_EQ(row["error_occurred"], true);
      EXPECT_FALSE(row.contains("samples_ns"));
    }
  }
  EXPECT_GE(timed, 3u);
}

TEST_F(Program, BenchLabelsOtherWaysOfTiming) {
  const struct {
    std::string option, key;
    json expected;
  } ways[] = {{"--cache cold", "cache", "cold"}, {"--allocate each", "allocate", "each"}, {"--pin", "pinned", true}};
  for (const auto& way : ways) {
    const Outcome outcome = assay("bench --row-budget 50ms " + few + way.option + " --json " + path("b.json"));
    ASSERT_EQ(outcome.code, 0) << outcome.text;
    const json document = read_json(path("b.json"));
    std::size_t timed = 0;
    for (const json& row : document["benchmarks"]) {
      if (row["verdict"] != "PASSED") continue;
      ++timed;
      EXPECT_EQ(row[way.key], way.expected);
      EXPECT_NE(row["repro"].get<std::string>().find(way.option), std::string::npos) << row["repro"];
    }
    EXPECT_GE(timed, 3u) << way.option;
  }
}

TEST_F(Program, BenchGoesThroughItsRowsInRounds) {
  const Outcome outcome = assay("bench --row-budget 300ms " + few + "--rounds 4 --json " + path("b.json"));
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const json document = read_json(path("b.json"));
  for (const json& row : document["benchmarks"]) {
    if (row["verdict"] != "PASSED") continue;
    ASSERT_EQ(row["rounds"].size(), 4u);
    std::size_t samples = 0;
    for (const json& round : row["rounds"]) samples += round.get<std::size_t>();
    EXPECT_EQ(samples, row["samples_ns"].size());
  }
}

TEST_F(Program, ABaselineIsTheResultFileUnderItsName) {
  const Outcome outcome = assay("bench --row-budget 50ms " + few + "--save-baseline main --json " + path("b.json"),
                                "ASSAY_BASELINES='" + path("kept") + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const json result = read_json(path("b.json")), baseline = read_json(path("kept/main.json"));
  ASSERT_EQ(result["benchmarks"].size(), baseline["benchmarks"].size());
  for (std::size_t i = 0; i < result["benchmarks"].size(); ++i)
    EXPECT_EQ(result["benchmarks"][i].value("samples_ns", json()),
              baseline["benchmarks"][i].value("samples_ns", json()));
}

TEST_F(Program, BaselinesAreKeptWhereTheUserSays) {
  const std::string save = "bench --row-budget 50ms " + few + "--save-baseline ";
  EXPECT_EQ(assay(save + "here", "XDG_DATA_HOME='" + path("data") + "'").code, 0);
  EXPECT_TRUE(fs::exists(path("data/assay/baselines/here.json")));
  EXPECT_EQ(assay(save + "here", "env -u XDG_DATA_HOME HOME='" + path("home") + "'").code, 0);
  EXPECT_TRUE(fs::exists(path("home/.local/share/assay/baselines/here.json")));
  const Outcome nowhere = assay(save + "here", "env -u XDG_DATA_HOME -u HOME");
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_EQ(nowhere.text, "assay: there is nowhere to keep baselines: set ASSAY_BASELINES to a folder\n");
}

TEST_F(Program, AFileOnStandardOutputHasItToItself) {
  const Outcome verified = assay("verify " + few + "--json - 2>/dev/null #");
  EXPECT_EQ(json::parse(verified.text)["checks"].empty(), false);
  const Outcome listed = assay("list operators --json - 2>/dev/null #");
  EXPECT_EQ(json::parse(listed.text)["operators"].empty(), false);
}

TEST_F(Program, AFullDiskIsNoSuccess) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  EXPECT_EQ(assay("list >/dev/full #").code, 1);
  const Outcome outcome = assay("verify " + few + "--json /dev/full");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.text.find("cannot write /dev/full: No space left on device"), std::string::npos) << outcome.text;
  EXPECT_TRUE(fs::is_character_file("/dev/full")) << "a device is written in place, never replaced";
}

TEST_F(Program, ALinkIsFollowed) {
  fs::create_symlink("target.json", path("link.json"));
  EXPECT_EQ(assay("list operators --json " + path("link.json")).code, 0);
  EXPECT_TRUE(fs::is_symlink(path("link.json")));
  EXPECT_TRUE(fs::is_regular_file(path("target.json")));
}

TEST_F(Program, NoSeedMakesAnInvalidCase) {
  for (const char* seed : {"0", "18446744073709551615"}) {
    const Outcome outcome = assay("verify --filter '*/drawn:*/scalar/*' --seed " + std::string(seed));
    EXPECT_EQ(outcome.code, 0) << outcome.text;
  }
}

TEST_F(Program, RequireDemandsEveryRow) {
  EXPECT_EQ(assay("verify " + few + "--require scalar").code, 0);
  const Outcome outcome = assay("verify --filter 'hungarian_assignment/match_b2_q300/*/f32/1' --require eigen");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.text.find("--require eigen: 1 rows are UNSUPPORTED"), std::string::npos) << outcome.text;
}

TEST_F(Program, ComparingNothingIsAnError) {
  const Outcome outcome = assay("verify --filter 'hungarian_assignment/match_b2_q300/eigen/f32/1'");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.text.find("nothing was compared"), std::string::npos) << outcome.text;
}

TEST_F(Program, ContextTellsTheMachineAndItsWarnings) {
  ASSERT_EQ(assay("verify " + few + "--json " + path("v.json")).code, 0);
  std::ifstream stream(path("v.json"));
  const json context = json::parse(stream)["context"];
  EXPECT_EQ(context["machine"]["hash"], machine_hash(this_machine()));
  for (const char* key : {"cpu", "isa", "features", "cores", "sockets", "numa_nodes", "caches", "memory_bytes",
                          "cgroup", "kernel", "governors", "boost", "load_average", "virtual_machine", "container"})
    EXPECT_TRUE(context["machine"].contains(key)) << key;
  EXPECT_TRUE(context["warnings"].is_array());
  EXPECT_TRUE(context["probe"].is_null());
  EXPECT_TRUE(context["assay"].contains("flags"));
}

TEST_F(CachedProbe, GivesRowsTheirRoof) {
  plant(1e9);  // no kernel comes near: nothing here depends on how fast one is
  const json document = bench(0);
  EXPECT_EQ(document["context"]["probe"], to_json(probe_));
  std::size_t timed = 0;
  for (const json& row : document["benchmarks"]) {
    if (row["verdict"] != "PASSED") continue;
    ++timed;
    EXPECT_GT(row["roof_fraction"], 0);
    EXPECT_LT(row["roof_fraction"], 1);
    EXPECT_EQ(row["bound_by"], "memory");
  }
  EXPECT_GE(timed, 3u);
  EXPECT_NE(text_.find("% memory"), std::string::npos) << text_;
  EXPECT_EQ(text_.find("there is no probe"), std::string::npos);
}

TEST_F(CachedProbe, RowsBeyondTheRoofAreMistrustedAndShowNoTime) {
  plant(1e-9);  // a byte a second
  const json document = bench(3);
  for (const json& row : document["benchmarks"]) {
    if (row["verdict"] == "UNSUPPORTED" || row["verdict"] == "UNAVAILABLE") continue;
    EXPECT_EQ(row["verdict"], "MISTRUSTED");
    EXPECT_EQ(row["real_time"], 0);
    EXPECT_FALSE(row.contains("samples_ns"));
    EXPECT_NE(row["reason"].get<std::string>().find("% of the roof"), std::string::npos);
  }
}

TEST_F(CachedProbe, WithoutOneBenchSaysSoOnce) {
  const json document = bench(0);
  for (const json& row : document["benchmarks"]) EXPECT_TRUE(row.value("roof_fraction", json()).is_null());
  const std::size_t first = text_.find("there is no probe of this machine: `assay probe`");
  ASSERT_NE(first, std::string::npos) << text_;
  EXPECT_EQ(text_.find("there is no probe", first + 1), std::string::npos);
}

TEST_F(CachedProbe, ADamagedOneIsNotUsed) {
  plant(1e-9);
  fs::resize_file(file_, fs::file_size(file_) / 2);
  EXPECT_TRUE(bench(0)["context"]["probe"].is_null());
  EXPECT_NE(text_.find("is of no use ("), std::string::npos) << text_;
}

TEST_F(CachedProbe, IsShownAgainWithoutMeasuring) {
  plant(123);
  const Outcome outcome = assay("probe --json " + path("p.json"), cache());
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("measured 2026-01-02T03:04:05+0000, from " + file_.string()), std::string::npos)
      << outcome.text;
  std::ifstream stream(path("p.json"));
  EXPECT_EQ(json::parse(stream)["context"]["probe"], to_json(probe_));
}

TEST_F(CachedProbe, AnInterruptedProbeLeavesNoneBehind) {
  const Outcome outcome =
      assay("probe --json " + path("p.json"), cache() + "timeout --foreground --preserve-status -s INT 1");
  EXPECT_EQ(outcome.code, 130) << outcome.text;
  EXPECT_EQ(files(), 0u) << "neither a cache nor a result";
}

TEST_F(Program, AnInterruptedRunLeavesTheBaselineAlone) {
  const std::string baselines = "ASSAY_BASELINES='" + path("kept") + "' ";
  ASSERT_EQ(assay("bench --row-budget 50ms " + few + "--save-baseline main", baselines).code, 0);
  const json before = read_json(path("kept/main.json"));
  const Outcome cut =
      assay("bench --row-budget 60s --rounds 100 --filter 'padding_mask/*/scalar/*' --save-baseline main",
            baselines + "timeout --foreground --preserve-status -s INT 3");
  EXPECT_EQ(cut.code, 130) << cut.text;
  EXPECT_TRUE(read_json(path("kept/main.json")) == before);
  EXPECT_NE(cut.text.find("interrupted, so the baseline main is as it was"), std::string::npos) << cut.text;
}

TEST_F(Program, AnInterruptedReportDoesNotLookGreen) {
  const Outcome cut = assay("verify --soak 1000000 --filter '*/scalar/*' --junit " + path("v.xml"),
                            "timeout --foreground --preserve-status -s INT 3");
  EXPECT_EQ(cut.code, 130) << cut.text;
  std::ifstream stream(path("v.xml"));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_NE(text.find("<error message=\"partial: rows are missing\"/>"), std::string::npos) << text.substr(0, 200);
}

TEST_F(Program, AResultFileIsWholeAfterCtrlC) {
  const std::string file = path("partial.json");
  const Outcome outcome = assay(
      "bench --row-budget 60s --filter 'padding_mask/*/scalar/*' --filter 'mask_downsample/*/scalar/*' --json " + file,
      "timeout --foreground --preserve-status -s INT 3");
  EXPECT_EQ(outcome.code, 130) << outcome.text;
  std::ifstream stream(file);
  EXPECT_EQ(json::parse(stream)["context"]["assay"]["partial"], true);
}

}  // namespace
}  // namespace assay::bench
