// Holds the results of a kernel, or the outputs of a golden file, against what a case expects. The operator's own judge
// decides on its judged outputs, where several answers are right; the others are held to their bounds.
#pragma once

#include <string>
#include <vector>

#include "bench/cases/cases.h"
#include "bench/cases/row.h"
#include "bench/verdict/expectation.h"

namespace assay::bench {

struct Findings {
  double max_error_ratio = 0;  ///< the worst over the outputs
  std::vector<OutputReport> outputs;
  std::vector<std::string> reasons;  ///< one for each output: why it failed; empty if it passed

  bool passed() const;
  std::string reason() const;  ///< of the first output that failed; empty if none did
};

/// Judges `results` (host memory, in contract order): whole outputs, or those slices that `expected` samples.
Findings judge_outputs(const BoundCase& bound, const Expectation& expected, const TensorPack& results);

/// Judges `results` and writes what was found, the verdict and its reason into the row.
void judge_row(const BoundCase& bound, const Expectation& expected, const TensorPack& results, Row& row);

}  // namespace assay::bench
