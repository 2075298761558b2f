// A backend's own thresholds as a user of the program meets them: set by the environment, kept in the result file, and
// refused in one sentence.
#include <gtest/gtest.h>

#include "bench/program/program_fixture.h"

namespace assay::bench {
namespace {

class Thresholds : public Program {};

const std::string verify_few = "verify --filter 'nested_tensor/drawn:B=2,C=3,H=5,W=7/openmp/f32/*' ";

TEST_F(Thresholds, StandInTheResultFileWhereTheyAreNotTheDefaults) {
  const Outcome changed =
      assay(verify_few + "--json " + path("changed.json"), "ASSAY_OPENMP_STREAM_BYTES=0 ASSAY_OPENMP_BLOCK_BYTES=inf");
  ASSERT_EQ(changed.code, 0) << changed.text;
  const nlohmann::json libraries = read_json(path("changed.json"))["context"]["libraries"];
  EXPECT_EQ(libraries["ASSAY_OPENMP_STREAM_BYTES"], "0");
  EXPECT_EQ(libraries["ASSAY_OPENMP_BLOCK_BYTES"], "inf");
  EXPECT_FALSE(libraries.contains("ASSAY_OPENMP_WORKER_BYTES"));
  ASSERT_EQ(assay(verify_few + "--json " + path("default.json")).code, 0);
  EXPECT_FALSE(read_json(path("default.json"))["context"]["libraries"].contains("ASSAY_OPENMP_STREAM_BYTES"));
}

TEST_F(Thresholds, OfNoSenseAreAMistakeAndNotAMissingBackend) {
  const Outcome outcome = assay(verify_few, "ASSAY_OPENMP_WORKER_BYTES=12k");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.text, "assay: ASSAY_OPENMP_WORKER_BYTES is 12k, but it must be 0, a number of bytes, or inf\n");
}

}  // namespace
}  // namespace assay::bench
