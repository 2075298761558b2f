// Rows as files: the JSON result file (Google Benchmark's, with more keys), the checks of verify, CSV and JUnit.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "bench/cases/row.h"

namespace assay::bench {

/// What is known of a run of bench as a whole.
struct RunFacts {
  bool partial = false;            ///< it was interrupted
  std::optional<double> aa_floor;  ///< how far identical contestants were apart, relative
};

/// Google Benchmark's JSON, so that its own tools read it, one entry of `benchmarks` for each row.
std::string results_json(std::span<const Row> rows, const RunFacts& facts);

/// The entries of `benchmarks` alone.
nlohmann::json benchmark_entries(std::span<const Row> rows);

/// The same context and an array `checks`.
std::string checks_json(std::span<const Row> rows, bool partial);

/// The context alone, with the probe in it.
std::string probe_json();

/// One line a row, with a header.
std::string results_csv(std::span<const Row> rows);

/// One test suite an operator, one test case a row; UNSUPPORTED and UNAVAILABLE are skipped.
std::string junit_xml(std::span<const Row> rows, bool partial);

/// A GitHub workflow command for a row that breaks parity.
std::string github_annotation(const Row& row);

}  // namespace assay::bench
