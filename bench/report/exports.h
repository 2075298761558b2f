// Rows for other programs: CSV, JUnit and GitHub's annotations. Any text may be in a row, and each report is
// well-formed whatever it is.
#pragma once

#include <span>
#include <string>

#include "bench/cases/row.h"

namespace assay::bench {

/// One line a row, with a header.
std::string results_csv(std::span<const Row> rows);

/// One test suite an operator, one test case a row; UNSUPPORTED and UNAVAILABLE are skipped.
std::string junit_xml(std::span<const Row> rows, bool partial);

/// A GitHub workflow command for a row that breaks parity.
std::string github_annotation(const Row& row);

}  // namespace assay::bench
