// Every planted mistake must end in FAILED through `verify` as a user runs it, on the project's own golden and property
// cases, and for the reason it deserves; the same kernels without a mistake must pass everything. What it prints is the
// list of all mistakes, each with the case that found it.
#include "bench/planted/planted.h"

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

/// All mistakes meet the cases whose outputs have no more elements; those that survive meet the larger ones too.
/// Otherwise a few cases would take most of the time.
constexpr std::int64_t many_elements = 1 << 16;

/// Hundreds of kernels meet every case: of the drawn ones those take part that cost next to nothing.
constexpr std::int64_t most_elements_of_a_drawn_case = 1 << 10;
/// The largest workload that a mistake needs: relative_position_index of 24x24, whose entries do not fit float16.
constexpr std::int64_t most_elements_of_a_workload = 24 * 24 * 24 * 24;

/// A backend at one of its dtypes.
struct Contestant {
  const Planted* backend;
  DType dtype;
  bool operator<(const Contestant& other) const {
    return std::pair(backend->name(), dtype) < std::pair(other.backend->name(), other.dtype);
  }
};

std::vector<Contestant> contestants() {
  std::vector<Contestant> all;
  for (const Planted& backend : planted::planted_backends())
    for (const DType dtype : backend.dtypes()) all.push_back({&backend, dtype});
  return all;
}

std::int64_t output_elements(const BoundCase& bound) {
  const TensorPack inputs = bound.inputs(default_seed, 0);
  std::int64_t elements = 0;
  for (const Shape& shape : infer(*bound.op, *bound.instance, bound.params, inputs.slots()))
    elements += shape.elements();
  return elements;
}

struct Cases {
  std::vector<BoundCase> few_elements, many;
};

Cases all_cases() {
  CaseOptions options;
  options.drawn = Drawn::share;
  Cases cases;
  for (BoundCase& bound : collect_cases(options).cases) {
    if (bound.tier == Tier::large) continue;
    const std::int64_t elements = output_elements(bound);
    std::int64_t all = elements;
    for (const CaseInput& input : bound.recipe) all += input.shape.elements();
    if (bound.name.starts_with(drawn_prefix) && all > most_elements_of_a_drawn_case) continue;
    if (elements <= many_elements)
      cases.few_elements.push_back(std::move(bound));
    else if (bound.tier == Tier::small || elements <= most_elements_of_a_workload)
      cases.many.push_back(std::move(bound));
  }
  return cases;
}

std::string filter_of(const BoundCase& bound, std::string_view backends) {
  return fmt::format("{}/{}/{}/{}/1", bound.op->name, bound.name, backends, name_of(bound.instance->dtype));
}

/// The rows that `assay verify` writes for these filters.
json verified(const std::vector<std::string>& filters, int& code) {
  const std::string file = (fs::path(testing::TempDir()) / fmt::format("planted_{}.json", getpid())).string();
  std::vector<std::string> words = {"assay", "verify", "--threads", "1", "--json", file};
  for (const std::string& filter : filters) {
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

/// What became of one contestant.
struct Fate {
  std::size_t rows = 0, failed = 0;
  std::string first_case, first_reason;   ///< of the first row that failed for the reason it should
  std::vector<std::string> out_of_order;  ///< rows that neither passed nor failed as they should
  bool killed() const { return !first_case.empty(); }
};
using Fates = std::map<Contestant, Fate>;

void take_row(const Planted& backend, const json& row, Fate& fate) {
  const auto verdict = row["verdict"].get<std::string>(), reason = row["reason"].get<std::string>();
  ++fate.rows;
  if (verdict == "PASSED") return;
  fate.failed += verdict == "FAILED";
  const bool as_expected =
      verdict == "FAILED" && !backend.is_control() && reason.find(backend.planting().expected) != std::string::npos;
  if (!as_expected) {
    fate.out_of_order.push_back(fmt::format("{} on {}: {}", verdict, row["case"].get<std::string>(), reason));
  } else if (!fate.killed()) {
    fate.first_case = row["case"];
    fate.first_reason = reason;
  }
}

void take_rows(const json& rows, Fates& fates) {
  std::map<std::pair<std::string_view, std::string_view>, Fate*> by_name;
  for (auto& [contestant, fate] : fates)
    by_name.emplace(std::pair(contestant.backend->name(), name_of(contestant.dtype)), &fate);
  std::map<std::string_view, const Planted*> backends;
  for (const Planted& backend : planted::planted_backends()) backends.emplace(backend.name(), &backend);
  for (const json& row : rows) {
    const auto name = row["backend"].get<std::string>(), dtype = row["dtype"].get<std::string>();
    const auto found = by_name.find({name, dtype});
    if (found != by_name.end()) take_row(*backends.at(name), row, *found->second);  // else UNSUPPORTED at this dtype
  }
}

/// All meet the cases with few elements; controls and what has survived meet the others.
Fates all_fates() {
  const Cases cases = all_cases();
  Fates fates;
  for (const Contestant& contestant : contestants()) fates[contestant];
  std::vector<std::string> filters;
  for (const BoundCase& bound : cases.few_elements)
    filters.push_back(filter_of(bound, fmt::format("planted.{}.*", bound.op->name)));
  int code = 0;
  take_rows(verified(filters, code), fates);
  EXPECT_EQ(code, 3);
  filters.clear();
  for (const auto& [contestant, fate] : fates)
    for (const BoundCase& bound : cases.many)
      if (!fate.killed() && bound.op->name == contestant.backend->planting().op &&
          bound.instance->dtype == contestant.dtype)
        filters.push_back(filter_of(bound, contestant.backend->name()));
  take_rows(verified(filters, code), fates);
  EXPECT_EQ(code, 3);
  return fates;
}

std::string first_words(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "…";
}

void print_fate(const Contestant& contestant, const Fate& fate) {
  const planted::Planting& planting = contestant.backend->planting();
  fmt::print("{:<23} {} {:<52} {:>3} of {:<3} {:<35} {}\n", planting.op, name_of(contestant.dtype), planting.mistake,
             fate.failed, fate.rows, fate.killed() ? fate.first_case : "SURVIVED", first_words(fate.first_reason, 100));
}

struct Count {
  std::size_t killed = 0, planted = 0;
};

TEST(PlantedMistakes, AreAllFoundAndTheControlsPass) {
  for (Planted& backend : planted::planted_backends()) add_backend(backend);
  const Fates fates = all_fates();
  std::map<std::string_view, Count> operators;
  Count all;
  for (const Contestant& contestant : contestants()) {
    const Planted& backend = *contestant.backend;
    const Fate& fate = fates.at(contestant);
    const std::string who = fmt::format("{} at {}", backend.name(), name_of(contestant.dtype));
    EXPECT_GT(fate.rows, 0U) << who << " was never run";
    // nothing throws, is INVALID or fails for a reason that is not its own
    EXPECT_TRUE(fate.out_of_order.empty())
        << who << ": " << fate.out_of_order.size() << " rows, the first " << fate.out_of_order.front();
    if (backend.is_control()) continue;
    print_fate(contestant, fate);
    EXPECT_TRUE(fate.killed()) << who << " survived: " << backend.planting().mistake;
    for (Count* count : {&operators[backend.planting().op], &all}) {
      ++count->planted;
      count->killed += fate.killed();
    }
  }
  fmt::print("\n");
  for (const auto& [op, count] : operators) fmt::print("{}: killed {} of {}\n", op, count.killed, count.planted);
  fmt::print("all: killed {} of {}\n", all.killed, all.planted);
}

TEST(PlantedMistakes, HaveEachAControl) {
  std::set<std::pair<std::string_view, DType>> controlled, needed;
  for (const Contestant& contestant : contestants()) {
    const std::pair<std::string_view, DType> place = {contestant.backend->planting().op, contestant.dtype};
    (contestant.backend->is_control() ? controlled : needed).insert(place);
  }
  EXPECT_EQ(controlled, needed);
}

}  // namespace
}  // namespace assay::bench
