// Reading and writing the files of a profile.
#include "bench/report/profile_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/machine/context.h"
#include "bench/report/json_text.h"
#include "reference/registry.h"

namespace assay::bench {
namespace {

using nlohmann::json;

std::string whole_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The facts of a file if it is a profile's, else none.
std::optional<RunFacts> facts_of_profile(const std::string& text) {
  try {
    RunFacts facts = read_facts(text);
    if (facts.profile) return facts;
  } catch (const InvalidArgument&) {  // some other file
  }
  return std::nullopt;
}

/// The operator of each row is one of the program's. A damaged golden file may name any.
void require_known_operators(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    if (row.backend != "golden") find_operator(row.op);
}

struct LeftFile {
  RunFacts facts;
  std::vector<Row> rows;
};

/// An empty file's worth if there is no file.
LeftFile read_left_file(const std::string& path, RowList list, const ProfileIdentity& identity) {
  LeftFile left;
  if (!std::filesystem::exists(path)) return left;
  const std::string text = whole_text(path);
  std::optional<RunFacts> facts = facts_of_profile(text);
  if (!facts) throw InvalidArgument(fmt::format("{} is no file of a profile: remove it, or give another folder", path));
  if (facts->profile != identity)
    throw InvalidArgument(
        fmt::format("{} comes from another machine, version, seed, ASSAY_ISA or state of the golden files: give "
                    "--fresh to begin anew, or another folder",
                    path));
  try {
    left = {std::move(*facts), read_rows(text, list)};
    require_known_operators(left.rows);
  } catch (const InvalidArgument& problem) {
    throw InvalidArgument(fmt::format("{} is damaged ({}): give --fresh to begin anew", path, problem.what()));
  }
  return left;
}

json choice_json(const Choice& choice) {
  const Measured& best = choice.best;
  return {{"operator", best.op},
          {"dtype", best.dtype},
          {"case", best.case_name},
          {"bytes", best.bytes},
          {"most_threads", choice.most_threads},
          {"backend", best.backend},
          {"threads", best.threads},
          {"median_ns", best.median_ns},
          {"median_interval_ns", {best.low_ns, best.high_ns}},
          {"tied", choice.tied},
          {"next_ns", choice.over_next_ns ? json(*choice.over_next_ns) : json()},
          {"roof_fraction", best.roof_fraction ? json(*best.roof_fraction) : json()},
          {"bound_by", best.bound_by.empty() ? json() : json(best.bound_by)}};
}

json crossover_json(const Crossover& crossover) {
  return {{"operator", crossover.op},
          {"dtype", crossover.dtype},
          {"most_threads", crossover.most_threads},
          {"from", crossover.from},
          {"to", crossover.to},
          {"bytes", crossover.bytes},
          {"interval_bytes", {crossover.low, crossover.high}}};
}

}  // namespace

ProfileIdentity identity_here(std::uint64_t seed, const std::string& golden_state) {
  const json about = context(false);
  const char* isa = std::getenv("ASSAY_ISA");
  ProfileIdentity identity;
  identity.machine = about.at("machine").at("hash").get<std::string>();
  identity.version = about.at("assay").at("version").get<std::string>();
  identity.commit = about.at("assay").at("commit").get<std::string>();
  identity.libraries = about.at("libraries").get<std::map<std::string, std::string>>();
  identity.seed = seed;
  identity.golden = golden_state;
  identity.isa_limit = isa == nullptr ? "" : isa;
  return identity;
}

LeftProfile read_left(const ProfileFolder& folder, const ProfileIdentity& identity) {
  LeftFile results = read_left_file(folder.file("results.json"), RowList::benchmarks, identity);
  LeftFile checks = read_left_file(folder.file("checks.json"), RowList::checks, identity);
  return {std::move(results.rows), std::move(checks.rows), std::move(checks.facts.verified), results.facts.aa_floor};
}

std::string machine_json(bool partial) { return json_text(context(partial)); }

std::string dispatch_json(const Decision& decision, const ProfileIdentity& identity,
                          const std::set<std::string>& refused, bool partial) {
  const json about = context(partial);
  json choices = json::array(), crossovers = json::array(), valid_for = to_json(identity);
  for (const Choice& choice : decision.choices) choices.push_back(choice_json(choice));
  for (const Crossover& crossover : decision.crossovers) crossovers.push_back(crossover_json(crossover));
  valid_for["cpu"] = about.at("machine").at("cpu");
  valid_for["isa"] = about.at("machine").at("isa");
  valid_for["cache"] = "hot";
  return json_text({{"schema", 1},
                    {"date", about.at("date")},
                    {"partial", partial},
                    {"valid_for", std::move(valid_for)},
                    {"refused", refused},
                    {"choices", std::move(choices)},
                    {"crossovers", std::move(crossovers)}});
}

}  // namespace assay::bench
