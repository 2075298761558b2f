// `assay verify --stop-at-first`, on a golden file with one bit flipped.
#include <gtest/gtest.h>

#include "bench/program/program_fixture.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

class StopAtFirst : public Program {
 protected:
  StopAtFirst() {
    const fs::path bias = "golden/relative_position_bias";
    fs::create_directories(folder_ / bias);
    fs::copy(fs::path(ASSAY_SOURCE_DIR) / "golden/tensors/relative_position_bias", folder_ / bias);
    std::fstream stream(folder_ / bias / "seed_2x2.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-1, std::ios::end);
    const auto byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(-1, std::ios::end);
    stream.put(byte);
  }
  Outcome verify(const std::string& options) const {
    return assay("verify --golden " + path("golden") + " --filter 'relative_position_bias/*/scalar/f32/1' " + options);
  }
};

TEST_F(StopAtFirst, EndsAfterTheFirstCaseThatBreaksParity) {
  const Outcome all = verify("--json " + path("all.json"));
  const Outcome first = verify("--stop-at-first --json " + path("first.json"));
  EXPECT_EQ(all.code, 3) << all.text;
  EXPECT_EQ(first.code, 3) << first.text;
  EXPECT_NE(first.text.find("stopped at the first case that breaks parity\n"), std::string::npos) << first.text;
  const nlohmann::json whole = read_json(path("all.json")), part = read_json(path("first.json"));
  EXPECT_EQ(whole["context"]["assay"]["partial"], false);
  EXPECT_EQ(part["context"]["assay"]["partial"], true);
  EXPECT_LT(part["checks"].size(), whole["checks"].size());
  EXPECT_EQ(part["checks"].back()["verdict"], "INVALID");
}

TEST_F(StopAtFirst, ChangesNothingWhereAllPass) {
  const Outcome outcome = assay("verify --stop-at-first " + few + "--json " + path("v.json"));
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(outcome.text.find("stopped"), std::string::npos) << outcome.text;
  EXPECT_EQ(read_json(path("v.json"))["context"]["assay"]["partial"], false);
}

}  // namespace
}  // namespace assay::bench
