// The JSON result file: Google Benchmark's, with more keys. The writer and the reader stand side by side in
// result_file.cpp, and a row that is written and read back is the same row. What no program reads back is in exports.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cases/cover.h"
#include "bench/cases/row.h"

namespace assay::bench {

/// What a profile is of: rows are put together only if all of this is the same.
struct ProfileIdentity {
  std::string machine;  ///< its hash
  std::string version, commit;
  std::map<std::string, std::string> libraries;
  std::uint64_t seed = 0;
  std::string golden;     ///< the state of the golden files
  std::string isa_limit;  ///< ASSAY_ISA
  bool operator==(const ProfileIdentity&) const = default;
};

/// What is known of a run as a whole.
struct RunFacts {
  bool partial = false;                              ///< it was interrupted
  std::optional<double> aa_floor = {};               ///< how far identical contestants were apart, relative
  std::optional<ProfileIdentity> profile = {};       ///< only in the files of a profile
  std::set<std::string, std::less<>> verified = {};  ///< in a profile's checks: operators whose checks are all there
  std::vector<PairCount> pairs = {};                 ///< of the domains that cases were drawn from; only in checks
};

/// Google Benchmark's JSON, so that its own tools read it: one entry of `benchmarks` for each row.
std::string results_json(std::span<const Row> rows, const RunFacts& facts);

/// The same context, and an array `checks` whose entries have no times.
std::string checks_json(std::span<const Row> rows, const RunFacts& facts);

/// The context alone, with the probe in it.
std::string probe_json();

/// The list of a result file that holds the rows.
enum class RowList : std::uint8_t { benchmarks, checks };

/// What a result file says of its run. InvalidArgument for anything that is no result file of this schema: one sentence
/// without a remedy, such as "it is not JSON".
RunFacts read_facts(std::string_view text);

/// The rows of a result file. InvalidArgument for a row that this program does not write, as for read_facts().
std::vector<Row> read_rows(std::string_view text, RowList list);

/// The identity as the files of a profile hold it.
nlohmann::json to_json(const ProfileIdentity& identity);

}  // namespace assay::bench
