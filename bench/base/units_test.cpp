// Times, sizes and shares as they are shown, held against the examples that the Python tools are held against too.
#include "bench/base/units.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace assay::bench {
namespace {

/// Every example of one kind is shown as the file says.
void expect_examples(const char* kind, std::string (*format)(double)) {
  std::ifstream stream(ASSAY_SOURCE_DIR "/bench/base/units_examples.json");
  const auto examples = nlohmann::json::parse(stream).at(kind);
  ASSERT_GT(examples.size(), 10u);
  for (const auto& example : examples) EXPECT_EQ(format(example.at(0)), example.at(1)) << example;
}

TEST(Units, ATimeHasThreeDigits) { expect_examples("time_of_ns", format_time); }

TEST(Units, BytesHaveUpToFourDigits) { expect_examples("bytes", format_bytes); }

TEST(Units, AShareIsInPercent) { expect_examples("share", format_share); }

}  // namespace
}  // namespace assay::bench
