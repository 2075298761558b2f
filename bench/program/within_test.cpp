// `assay verify --within`: what passes and is still too far off ends the run with 3, and its row stays PASSED.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bench/program/program_fixture.h"

namespace assay::bench {
namespace {

class Within : public Program {};

const std::string verify_softmax = "verify --filter 'window_softmax/drawn:*/scalar/f32/1' ";

TEST_F(Within, FailsTheRunForARowAboveTheShareAndNamesIt) {
  const Outcome outcome = assay(verify_softmax + "--within 1e-6 --json " + path("v.json"));
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find("ABOVE window_softmax/drawn:"), std::string::npos);
  EXPECT_NE(outcome.text.find(" of its tolerance; probs["), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find("/scalar/f32/1 --threads 1 --seed 20 --within 1e-06\n"), std::string::npos)
      << outcome.text;
  EXPECT_NE(outcome.text.find("\n--within 1e-06: "), std::string::npos) << outcome.text;
  EXPECT_NE(outcome.text.find(" rows use more than this share of their tolerance, the most window_softmax/drawn:"),
            std::string::npos)
      << outcome.text;
  const nlohmann::json document = read_json(path("v.json"));
  EXPECT_GT(document["checks"].size(), 3u);
  for (const nlohmann::json& check : document["checks"]) EXPECT_EQ(check["verdict"], "PASSED");
}

TEST_F(Within, CountsTheRowsThatTheFileHasAboveTheShare) {
  ASSERT_EQ(assay(verify_softmax + "--json " + path("v.json")).code, 0);
  std::vector<double> ratios;
  const nlohmann::json document = read_json(path("v.json"));
  for (const nlohmann::json& check : document["checks"]) ratios.push_back(check["max_error_ratio"]);
  std::sort(ratios.begin(), ratios.end());
  ASSERT_GT(ratios.size(), 3u);
  const double share = ratios[ratios.size() / 2];
  const auto above = std::count_if(ratios.begin(), ratios.end(), [&](double ratio) { return ratio > share; });
  ASSERT_GT(above, 0);
  const Outcome outcome = assay(verify_softmax + "--within " + nlohmann::json(share).dump());
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find(": " + std::to_string(above) + " rows use more"), std::string::npos) << outcome.text;
  const Outcome all = assay(verify_softmax + "--within " + nlohmann::json(ratios.back()).dump());
  EXPECT_EQ(all.code, 0) << "the share itself is allowed: " << all.text;
}

TEST_F(Within, SaysNothingWhereAllRowsKeepToIt) {
  const Outcome outcome = assay("verify --within 0.25 " + few);
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(outcome.text.find("--within"), std::string::npos) << outcome.text;
}

TEST_F(Within, AnnotatesForGitHub) {
  const Outcome outcome = assay(verify_softmax + "--within 1e-6 --github");
  EXPECT_NE(outcome.text.find("::error"), std::string::npos) << outcome.text;
}

TEST_F(Within, CountsWithASoakToo) {
  const Outcome outcome = assay("verify --soak 2 --within 1e-6 --filter 'window_softmax/*/scalar/f32/1'");
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find(" rows use more than this share"), std::string::npos) << outcome.text;
}

TEST_F(Within, RefusesWhatIsNoShare) {
  for (const char* bad : {"0", "-0.5", "1.5", "nan", "inf"}) {
    const Outcome outcome = assay("verify --within " + std::string(bad) + " " + few);
    EXPECT_EQ(outcome.code, 1) << bad;
    EXPECT_EQ(outcome.text, "assay: --within is " + std::string(bad) +
                                ", but a share of the tolerance is needed, above 0 and at most 1\n");
  }
}

}  // namespace
}  // namespace assay::bench
