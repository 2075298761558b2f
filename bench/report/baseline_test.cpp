// What baselines may be called and where they are, held against the examples that the Python tools are held against
// too.
#include "bench/report/baseline.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "reference/tensor.h"

namespace assay::bench {
namespace {

using nlohmann::json;

json examples() {
  std::ifstream stream(ASSAY_SOURCE_DIR "/bench/report/baseline_examples.json");
  return json::parse(stream);
}

/// Sets the variables that matter to exactly these, and puts them back in the end.
class Variables {
 public:
  explicit Variables(const std::map<std::string, std::string>& values) {
    for (const char* name : {"ASSAY_BASELINES", "XDG_DATA_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      if (value != nullptr) before_[name] = value;
      set(name, values);
    }
  }
  ~Variables() {
    for (const char* name : {"ASSAY_BASELINES", "XDG_DATA_HOME", "HOME"}) set(name, before_);
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  static void set(const char* name, const std::map<std::string, std::string>& values) {
    const auto found = values.find(name);
    found == values.end() ? unsetenv(name) : setenv(name, found->second.c_str(), 1);
  }
  std::map<std::string, std::string> before_;
};

TEST(Baseline, Names) {
  const json table = examples();
  for (const json& name : table["names"]) EXPECT_TRUE(is_baseline_name(name.get<std::string>())) << name;
  for (const json& name : table["no_names"]) EXPECT_FALSE(is_baseline_name(name.get<std::string>())) << name;
  const auto longest = table["longest_name"].get<std::size_t>();
  EXPECT_TRUE(is_baseline_name(std::string(longest, 'a')));
  EXPECT_FALSE(is_baseline_name(std::string(longest + 1, 'a')));
}

TEST(Baseline, Folders) {
  const json listed = examples();  // outlives the loop over a part of it
  for (const json& example : listed["folders"]) {
    const Variables variables(example["environment"].get<std::map<std::string, std::string>>());
    if (example["folder"].is_null()) {
      EXPECT_THROW(baseline_folder(), InvalidArgument) << example;
    } else {
      EXPECT_EQ(baseline_folder().string(), example["folder"]) << example;
    }
  }
}

}  // namespace
}  // namespace assay::bench
