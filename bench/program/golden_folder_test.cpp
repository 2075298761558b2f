// Golden folders and files that are damaged, and `assay run` on one: what the program says, and what it leaves behind.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bench/program/program_fixture.h"
#include "golden/safetensors.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

/// A golden folder made from the project's own.
class GoldenFolder : public Program {
 protected:
  GoldenFolder() {
    fs::copy(fs::path(ASSAY_SOURCE_DIR) / "golden/tensors", folder_ / "tensors", fs::copy_options::recursive);
  }
  std::string file() const { return path("tensors/relative_position_bias/seed_2x2.safetensors"); }
  /// Flips one bit of the last byte, which lies in the tensors' data.
  void flip_a_bit() const {
    std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-1, std::ios::end);
    const auto byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(-1, std::ios::end);
    stream.put(byte);
  }
};

TEST_F(GoldenFolder, AFlippedBitIsInvalidByTheManifest) {
  flip_a_bit();
  const Outcome outcome = assay("verify --filter '*_bias/*/scalar/*'", "ASSAY_GOLDEN=" + path("tensors"));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.text.find("INVALID relative_position_bias/seed_2x2/golden/-/0: "
                              "relative_position_bias/seed_2x2.safetensors has SHA-256"),
            std::string::npos)
      << outcome.text;
}

TEST_F(GoldenFolder, ADamagedFileIsInvalidThoughAFilterNamesIt) {
  std::ofstream(path("tensors/hungarian_assignment/ties.safetensors"), std::ios::app) << "x";
  const Outcome outcome =
      assay("verify --filter 'hungarian_assignment/ties/*'", "ASSAY_GOLDEN='" + path("tensors") + "' ");
  EXPECT_EQ(outcome.code, 3) << outcome.text;
  EXPECT_NE(outcome.text.find("INVALID hungarian_assignment/ties/golden/-/0"), std::string::npos) << outcome.text;
}

TEST_F(GoldenFolder, ADamagedFileThatNoFilterTakesDoesNotMatter) {
  flip_a_bit();
  EXPECT_EQ(assay("verify " + few, "ASSAY_GOLDEN=" + path("tensors")).code, 0);
  std::ofstream(file(), std::ios::trunc) << "no safetensors file";
  fs::remove(path("tensors/manifest.json"));
  const Outcome outcome = assay("verify " + few + "--golden " + path("tensors"));
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(assay("verify --filter '*/seed_2x2/*' --golden " + path("tensors")).code, 1);
}

TEST_F(GoldenFolder, AFilterThatIsAlmostTheNameOfAnUnreadCaseIsToldIt) {
  const Outcome outcome = assay("verify --filter 'relative_position_bias/seed_2x3/*' --golden " + path("tensors"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.text.find("there is no case of it seed_2x3 (did you mean seed_2x2?)"), std::string::npos)
      << outcome.text;
}

TEST_F(GoldenFolder, AFlippedBitWithoutAManifestIsInvalidByTheOracle) {
  flip_a_bit();
  fs::remove(path("tensors/manifest.json"));
  const Outcome outcome = assay("verify --filter 'relative_position_bias/seed_2x2/*' --golden " + path("tensors"));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.text.find("the golden out and the oracle do not mean the same operator"), std::string::npos)
      << outcome.text;
}

TEST_F(GoldenFolder, ATruncatedFileEndsTheRun) {
  fs::remove(path("tensors/manifest.json"));
  fs::resize_file(file(), fs::file_size(file()) - 1);
  const Outcome outcome = assay("verify --golden " + path("tensors") + " --json " + path("v.json"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.text.find("assay: " + file()), 0u) << outcome.text;
  EXPECT_FALSE(fs::exists(path("v.json")));
}

TEST_F(GoldenFolder, RunWritesInputsAndOutputs) {
  const std::string made = path("made.safetensors");
  const Outcome outcome = assay("run " + file() + " --backend scalar -o " + made);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const SafetensorsFile given = SafetensorsFile::read(file()), got = SafetensorsFile::read(made);
  for (const char* name : {"in.table", "out.bias"}) {
    ASSERT_NE(got.find(name), nullptr);
    EXPECT_EQ(
        std::memcmp(got.find(name)->data, given.find(name)->data, static_cast<std::size_t>(bytes_of(*got.find(name)))),
        0)
        << name;
  }
  EXPECT_EQ(got.metadata().at("operator"), "relative_position_bias");
}

TEST_F(GoldenFolder, RunLeavesNothingBehindWhenItFails) {
  const std::size_t before = files();
  const Outcome outcome = assay("run " + path("tensors/hungarian_assignment/ties.safetensors") +
                                " --backend eigen -o " + path("x.safetensors"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.text.find("backend eigen does not support hungarian_assignment at f32"), std::string::npos)
      << outcome.text;
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace assay::bench
