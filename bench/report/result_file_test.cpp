// Rows are written as JSON and read back: nothing is lost on the way, and what this program does not write is refused.
#include "bench/report/result_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace assay::bench {
namespace {

using nlohmann::json;

constexpr double infinity = std::numeric_limits<double>::infinity();

OutputReport output(bool ok) {
  OutputReport made;
  made.name = "encoding";
  made.dtype = DType::f32;
  made.shape = {2, 3};
  made.ok = ok;
  made.elements = 6;
  made.mismatches = ok ? 0 : 2;
  made.unspecified = 1;
  made.max_abs = 0.1;
  made.max_rel = 1e-7;
  made.max_ulp = 3;
  made.max_error_ratio = ok ? 0.25 : infinity;
  made.nmse = 1e-15;
  made.nan_got = 1;
  made.inf_expected = 2;
  made.precision_class = ok ? "f32" : "worse";
  made.worst = Place{{1, 2}, 0.5, 0.25, 1e-6};
  if (!ok) made.places = {{{0, 0}, std::numeric_limits<double>::quiet_NaN(), -infinity, 1e-6}};
  return made;
}

/// A row in which no member has its default.
Row row(Verdict verdict) {
  Row made;
  made.op = "sine_position_encoding";
  made.case_name = "seed_2x2";
  made.backend = "openmp";
  made.dtype = "f32";
  made.threads = 2;
  made.tier = Tier::large;
  made.verdict = verdict;
  made.outputs = {output(verdict == Verdict::passed)};
  made.max_error_ratio = 0.25;
  made.sampled = SampledSlices{"B", 3, 129};
  made.recorded = std::make_shared<RecordedOutputs>(RecordedOutputs{false, "it is off", 1.5, {output(false)}});
  made.told_apart = {"zeros", "a constant"};
  made.witness = "f64";
  made.cost = {4096, 1.0 / 3};
  made.seed = std::numeric_limits<std::uint64_t>::max();
  made.repro = "assay verify --filter 'x'";
  made.cache = CacheState::cold;
  made.allocation = Allocation::each;
  made.pinned = true;
  if (verdict != Verdict::passed) {
    made.reason = "it is \"wrong\",\nµ";
    return made;
  }
  made.prepare_ns = 17.5;
  made.timing = Timing{{3, 1.1, 2}, 2, 1.1, 3, 4.4, 7, 0.5, {2, 1}, true, "", ""};
  made.roof_fraction = 0.5;
  made.bound_by = "store";
  return made;
}

/// All verdicts, and a row that was interrupted before its first sample.
std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const Verdict verdict : all_verdicts) {
    rows.push_back(row(verdict));
    rows.back().case_name += name_of(verdict);
  }
  rows.push_back(row(Verdict::passed));
  rows.back().timing.reset();
  return rows;
}

json results_of(const std::vector<Row>& rows) { return json::parse(results_json(rows, {})); }
json checks_of(const std::vector<Row>& rows) { return json::parse(checks_json(rows, {})); }

TEST(VerdictNamed, IsTheInverseOfNameOf) {
  for (const Verdict verdict : all_verdicts) EXPECT_EQ(verdict_named(name_of(verdict)), verdict);
  for (const char* name : {"", "passed", "PASSED ", "LOVELY", "?"}) EXPECT_FALSE(verdict_named(name)) << name;
}

TEST(ResultFile, ReadsTheRowsThatItWrote) {
  const std::vector<Row> rows = all_rows(), read = read_rows(results_json(rows, {}), RowList::benchmarks);
  ASSERT_EQ(read.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(read[i].label(), rows[i].label());
    EXPECT_EQ(read[i].verdict, rows[i].verdict);
  }
  EXPECT_EQ(results_of(read)["benchmarks"], results_of(rows)["benchmarks"]);
}

TEST(ResultFile, ReadsTheChecksThatItWrote) {
  const std::vector<Row> rows = all_rows();
  EXPECT_EQ(checks_of(read_rows(checks_json(rows, {}), RowList::checks))["checks"], checks_of(rows)["checks"]);
}

TEST(ResultFile, EveryMemberOfARowIsInIt) {
  const Row written = row(Verdict::passed);
  const Row read = read_rows(results_json(std::vector<Row>{written}, {}), RowList::benchmarks).at(0);
  EXPECT_EQ(read.tier, Tier::large);
  EXPECT_EQ(read.max_error_ratio, 0.25);
  EXPECT_EQ(read.sampled, written.sampled);
  ASSERT_NE(read.recorded, nullptr);
  EXPECT_FALSE(read.recorded->passed);
  EXPECT_EQ(read.recorded->reason, "it is off");
  EXPECT_EQ(read.recorded->max_error_ratio, 1.5);
  EXPECT_EQ(read.recorded->precision_class(), written.recorded->precision_class());
  EXPECT_EQ(read.told_apart, written.told_apart);
  EXPECT_EQ(read.witness, "f64");
  EXPECT_EQ(read.cost.bytes, 4096);
  EXPECT_EQ(read.cost.flops, 1.0 / 3);
  EXPECT_EQ(read.seed, written.seed);
  EXPECT_EQ(read.repro, written.repro);
  EXPECT_EQ(read.cache, CacheState::cold);
  EXPECT_EQ(read.allocation, Allocation::each);
  EXPECT_TRUE(read.pinned);
  EXPECT_EQ(read.prepare_ns, 17.5);
  EXPECT_EQ(read.roof_fraction, 0.5);
  EXPECT_EQ(read.bound_by, "store");
  ASSERT_TRUE(read.timing);
  EXPECT_EQ(read.timing->samples_ns, written.timing->samples_ns);
  EXPECT_EQ(read.timing->rounds, written.timing->rounds);
  EXPECT_EQ(read.timing->median_ns, 2);
  EXPECT_EQ(read.timing->low_ns, 1.1);
  EXPECT_EQ(read.timing->high_ns, 3);
  EXPECT_EQ(read.timing->cpu_ns, 4.4);
  EXPECT_EQ(read.timing->calls, 7);
  EXPECT_EQ(read.timing->spent_s, 0.5);
  EXPECT_TRUE(read.timing->settled);
  ASSERT_EQ(read.outputs.size(), 1u);
  EXPECT_EQ(read.outputs[0].shape, (Shape{2, 3}));
  EXPECT_EQ(read.outputs[0].worst->index, (Shape{1, 2}));
}

TEST(ResultFile, NumbersThatJsonDoesNotHaveAreNull) {
  const Row failed = row(Verdict::failed);
  const json output = results_of({failed})["benchmarks"][0]["outputs"][0];
  EXPECT_TRUE(output["max_error_ratio"].is_null());
  EXPECT_TRUE(output["places"][0]["got"].is_null());
  const Row read = read_rows(results_json(std::vector<Row>{failed}, {}), RowList::benchmarks).at(0);
  EXPECT_TRUE(std::isnan(read.outputs[0].places[0].expected));
}

TEST(ResultFile, OnlyPassedRowsHaveATime) {
  const json written = results_of(all_rows());  // outlives the loop over a part of it
  for (const json& entry : written["benchmarks"]) {
    if (entry.contains("samples_ns")) {
      EXPECT_EQ(entry["verdict"], "PASSED");
      continue;
    }
    EXPECT_EQ(entry["error_occurred"], true);
    EXPECT_EQ(entry["real_time"], 0);
    EXPECT_EQ(entry["cpu_time"], 0);
  }
}

TEST(ResultFile, ReadsTheFactsThatItWrote) {
  RunFacts facts;
  facts.partial = true;
  facts.aa_floor = 0.013;
  facts.profile = ProfileIdentity{"hash", "0.1.0", "abc", {{"eigen", "3.4.0"}}, 20, "state", "x86-64-v2"};
  facts.verified = {"a", "b"};
  const RunFacts results = read_facts(results_json({}, facts)), checks = read_facts(checks_json({}, facts));
  EXPECT_TRUE(results.partial);
  EXPECT_EQ(results.aa_floor, 0.013);
  EXPECT_EQ(results.profile, facts.profile);
  EXPECT_EQ(checks.profile, facts.profile);
  EXPECT_EQ(checks.verified, facts.verified);
  const RunFacts none = read_facts(results_json({}, {}));
  EXPECT_FALSE(none.partial || none.aa_floor || none.profile || !none.verified.empty());
}

/// Why a file is refused; empty if it is not.
std::string problem_with(const std::function<void()>& read) {
  try {
    read();
  } catch (const InvalidArgument& problem) {
    return problem.what();
  }
  return "";
}

TEST(ResultFile, RefusesRowsThatItDoesNotWrite) {
  const struct {
    std::function<void(json&)> damage;
    const char* sentence;
  } table[] = {
      {[](json& row) { row = 7; }, "row 0 of `benchmarks` is 7, but it must be an object"},
      {[](json& row) { row.erase("real_time"); }, "row 0 of `benchmarks` has no `real_time`"},
      {[](json& row) { row["verdict"] = "LOVELY"; },
       "row 0 of `benchmarks` has the `verdict` \"LOVELY\", but it must be one of the names that this program writes"},
      {[](json& row) { row["verdict"] = "FAILED"; },
       "row 0 of `benchmarks` has the `verdict` \"FAILED\", but it must be PASSED, since it has a time"},
      {[](json& row) { row["tier"] = 3; }, "row 0 of `benchmarks` has the `tier` 3, but it must be text"},
      {[](json& row) { row["threads"] = -5; }, "row 0 of `benchmarks` has the `threads` -5, but it must be a count"},
      {[](json& row) { row["threads"] = 4294967298; },
       "row 0 of `benchmarks` has the `threads` 4294967298, but it must be a count"},
      {[](json& row) { row["threads"] = 2.0; }, "row 0 of `benchmarks` has the `threads` 2.0, but it must be a count"},
      {[](json& row) { row["name"] = "zz"; },
       "row 0 of `benchmarks` has the `name` \"zz\", but it must be sine_position_encoding/seed_2x2/openmp/f32/2, as "
       "its other keys say"},
      {[](json& row) { row["real_time"] = 1e30; },
       "row 0 of `benchmarks` has the `median_interval_ns` [1.1,3.0], but it must be two times around the `real_time` "
       "1e+30"},
      {[](json& row) { row["real_time"] = nullptr; },
       "row 0 of `benchmarks` has the `median_interval_ns` [1.1,3.0], but it must be two times around the `real_time` "
       "nan"},
      {[](json& row) { row["median_interval_ns"] = 1; },
       "row 0 of `benchmarks` has the `median_interval_ns` 1, but it must be a list"},
      {[](json& row) { row["samples_ns"][1] = 0; },
       "row 0 of `benchmarks` has the `samples_ns` [3.0,0,2.0], but it must be a list of times above 0"},
      {[](json& row) { row["samples_ns"] = json::array(); },
       "row 0 of `benchmarks` has the `samples_ns` [], but it must be a list of times above 0"},
      {[](json& row) {
         row["rounds"] = {2, 2};
       },
       "row 0 of `benchmarks` has the `rounds` [2,2], but it must be counts that add up to its 3 samples"},
      {[](json& row) { row["iterations"] = 20; },
       "row 0 of `benchmarks` has the `iterations` 20, but it must be a multiple of its 3 samples"},
      {[](json& row) { row["bytes"] = -1; }, "row 0 of `benchmarks` has the `bytes` -1, but it must be 0 or more"},
      {[](json& row) { row["outputs"][0]["dtype"] = "f33"; },
       "an output of row 0 of `benchmarks` has the `dtype` \"f33\", but it must be one of the names that this program "
       "writes"},
      {[](json& row) { row["outputs"][0]["shape"] = std::vector<int>(9, 1); },
       "an output of row 0 of `benchmarks` has the `shape` [1,1,1,1,1,1,1,1,1], but it must be a shape of rank 8 at "
       "most"},
      {[](json& row) { row["told_apart"] = {1}; },
       "row 0 of `benchmarks` has the `told_apart` [1], but it must be a list of names"},
      {[](json& row) { row["sampled"] = "some"; },
       "`sampled` of row 0 of `benchmarks` is \"some\", but it must be an object"},
      {[](json& row) { row["sampled"]["slices"] = 129; },
       "`sampled` of row 0 of `benchmarks` has the `slices` 129, but it must be from 1 to less than 129"},
      {[](json& row) { row["sampled"].erase("axis"); }, "`sampled` of row 0 of `benchmarks` has no `axis`"},
  };
  for (const auto& [damage, sentence] : table) {
    json document = results_of({row(Verdict::passed)});
    damage(document["benchmarks"][0]);
    EXPECT_EQ(problem_with([&] { read_rows(document.dump(), RowList::benchmarks); }), sentence);
  }
}

TEST(ResultFile, RefusesTwoRowsOfOneLabel) {
  const std::vector<Row> rows = {row(Verdict::passed), row(Verdict::failed)};
  EXPECT_EQ(problem_with([&] { read_rows(results_json(rows, {}), RowList::benchmarks); }),
            "it has two rows called sine_position_encoding/seed_2x2/openmp/f32/2");
}

TEST(ResultFile, RefusesWhatIsNoResultFile) {
  const auto facts_problem = [](const std::string& text) { return problem_with([&] { read_facts(text); }); };
  EXPECT_EQ(facts_problem(""), "it is not JSON");
  EXPECT_EQ(facts_problem("{"), "it is not JSON");
  EXPECT_EQ(facts_problem("{\"a\": \"\xff\"}"), "it is not JSON");
  EXPECT_EQ(facts_problem("[]"), "it is [], but it must be an object");
  EXPECT_EQ(facts_problem("{}"), "it has no `context`");
  json other = results_of({});
  other["context"]["assay"]["schema"] = 2;
  EXPECT_EQ(facts_problem(other.dump()),
            "`assay` of `context` of it has the `schema` 2, but it must be 1 for this program");
  EXPECT_EQ(problem_with([] { read_rows(checks_json({}, {}), RowList::benchmarks); }), "it has no `benchmarks`");
}

TEST(ResultFile, HoldsBytesThatAreNoText) {
  Row odd = row(Verdict::failed);
  odd.repro = "--golden '\xff\xed\xa0\x80'";
  const Row read = read_rows(results_json(std::vector<Row>{odd}, {}), RowList::benchmarks).at(0);
  EXPECT_EQ(read.repro, "--golden '\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd'");
}

}  // namespace
}  // namespace assay::bench
