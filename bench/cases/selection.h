// Which rows a run consists of: the cases × backends × thread counts that the filters take, or a sentence why none.
#pragma once

#include <string>
#include <vector>

#include "backends/backend.h"
#include "bench/cases/cases.h"
#include "bench/cases/row.h"

namespace assay::bench {

struct SelectionOptions {
  CaseOptions cases;
  std::vector<std::string> filters;
  std::vector<int> threads = {1};
  bool large = false;  ///< the tier large as well
  bool small = true;   ///< the tier small as well
};

/// The rows of one case.
struct CaseRows {
  const BoundCase* bound = nullptr;
  std::vector<Row> rows;
};

struct Selection {
  CaseList list;
  std::vector<CaseRows> cases;
  std::vector<Row> damaged;  ///< one INVALID row for each golden file that is not what the manifest says
  std::size_t rows = 0;
};

/// Reads those golden files alone of which a filter can take a row.
/// Throws InvalidArgument where a filter takes nothing, naming the part of it that is unknown.
Selection select(const SelectionOptions& options);

}  // namespace assay::bench
