// Every planted mistake (backends/planted/) must end in FAILED through `verify` as a user runs it, on the project's own
// golden and property cases, and for the reason it deserves; the same kernels without a mistake must pass everything.
// What it prints is the list of all mistakes, each with the case that found it.
#include "backends/planted/planted.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "backends/registry.h"
#include "bench/cases/cases.h"
#include "bench/program/program.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using planted::Planted;

/// Workloads with larger outputs are left out: with some 300 backends they would take most of the time. The largest
/// that a mistake needs is relative_position_index of 24x24, whose entries do not fit float16.
constexpr std::int64_t most_output_elements = 24 * 24 * 24 * 24;

bool is_small_enough(const BoundCase& bound) {
  if (bound.tier != Tier::workload) return bound.tier == Tier::small;
  const TensorPack inputs = bound.inputs(default_seed, 0);
  std::int64_t elements = 0;
  for (const Shape& shape : infer(*bound.op, *bound.instance, bound.params, inputs.slots()))
    elements += shape.elements();
  return elements <= most_output_elements;
}

/// One filter a case, which takes the planted backends of its operator.
std::vector<std::string> filters() {
  CaseOptions options;
  options.property_cases = default_property_cases;
  std::vector<std::string> made;
  for (const BoundCase& bound : collect_cases(options).cases)
    if (is_small_enough(bound))
      made.push_back(fmt::format("{}/{}/planted.{}.*/{}/1", bound.op->name, bound.name, bound.op->name,
                                 name_of(bound.instance->dtype)));
  return made;
}

/// The rows that `assay verify` writes for all planted backends.
json verified(int& code) {
  const std::string file = (fs::path(testing::TempDir()) / fmt::format("planted_{}.json", getpid())).string();
  std::vector<std::string> words = {"assay", "verify", "--threads", "1", "--json", file};
  for (const std::string& filter : filters()) {
    words.emplace_back("--filter");
    words.push_back(filter);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStdout();  // thousands of rows that FAILED, as they should
  code = run_program(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  std::ifstream stream(file);
  json document = json::parse(stream);
  fs::remove(file);
  return std::move(document["checks"]);
}

/// What became of one planted backend.
struct Fate {
  std::size_t rows = 0, failed = 0;
  std::string first_case, first_reason;   ///< of the first row that failed for the reason it should
  std::vector<std::string> out_of_order;  ///< rows that neither passed nor failed as they should
  bool killed() const { return !first_case.empty(); }
};

std::string first_words(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "…";
}

void take_row(const Planted& backend, const json& row, Fate& fate) {
  const auto verdict = row["verdict"].get<std::string>(), reason = row["reason"].get<std::string>();
  if (row["dtype"] != name_of(backend.label().dtype)) return;  // UNSUPPORTED: it has a kernel for one dtype alone
  ++fate.rows;
  if (verdict == "PASSED") return;
  fate.failed += verdict == "FAILED";
  const bool as_expected = verdict == "FAILED" && !backend.label().is_control() &&
                           reason.find(backend.label().expected) != std::string::npos;
  if (!as_expected) {
    fate.out_of_order.push_back(fmt::format("{} on {}: {}", verdict, row["case"].get<std::string>(), reason));
  } else if (!fate.killed()) {
    fate.first_case = row["case"];
    fate.first_reason = reason;
  }
}

std::map<std::string, Fate> fates(const json& rows) {
  std::map<std::string, const Planted*> by_name;
  for (const Planted& backend : planted::planted_backends()) by_name.emplace(backend.name(), &backend);
  std::map<std::string, Fate> found;
  for (const json& row : rows) {
    const auto name = row["backend"].get<std::string>();
    take_row(*by_name.at(name), row, found[name]);
  }
  return found;
}

void print_fate(const Planted& backend, const Fate& fate) {
  const planted::Label& label = backend.label();
  fmt::print("{:<17} {:<23} {:<58} {:>3} of {:<3} {:<35} {}\n", label.family, label.op, label.mistake, fate.failed,
             fate.rows, fate.killed() ? fate.first_case : "SURVIVED", first_words(fate.first_reason, 100));
}

struct Count {
  std::size_t killed = 0, planted = 0;
};

TEST(PlantedMistakes, AreAllFoundAndTheControlsPass) {
  for (Planted& backend : planted::planted_backends()) add_backend(backend);
  int code = 0;
  const std::map<std::string, Fate> found = fates(verified(code));
  EXPECT_EQ(code, 3);
  std::map<std::string_view, Count> families;
  Count all;
  for (const Planted& backend : planted::planted_backends()) {
    const auto at = found.find(std::string(backend.name()));
    ASSERT_NE(at, found.end()) << backend.name() << " was never run";
    const Fate& fate = at->second;
    EXPECT_GT(fate.rows, 0U) << backend.name();
    // nothing throws, is INVALID or fails for a reason that is not its own
    EXPECT_TRUE(fate.out_of_order.empty())
        << backend.name() << ": " << fate.out_of_order.size() << " rows, the first " << fate.out_of_order.front();
    if (backend.label().is_control()) continue;
    print_fate(backend, fate);
    EXPECT_TRUE(fate.killed()) << backend.name() << " survived: " << backend.label().mistake;
    for (Count* count : {&families[backend.label().family], &all}) {
      ++count->planted;
      count->killed += fate.killed();
    }
  }
  fmt::print("\n");
  for (const auto& [family, count] : families) fmt::print("{}: killed {} of {}\n", family, count.killed, count.planted);
  fmt::print("all: killed {} of {}\n", all.killed, all.planted);
}

TEST(PlantedMistakes, HaveEachAControl) {
  std::set<std::pair<std::string_view, DType>> controlled, needed;
  for (const Planted& backend : planted::planted_backends()) {
    needed.emplace(backend.label().op, backend.label().dtype);
    if (backend.label().is_control()) controlled.emplace(backend.label().op, backend.label().dtype);
  }
  EXPECT_EQ(controlled, needed);
}

}  // namespace
}  // namespace assay::bench
