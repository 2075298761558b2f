// Verifies the rows of one case: runs a trial, judges its results, then applies one guard after the other. verify,
// profile and bench all use it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/cases.h"
#include "bench/cases/output_report.h"
#include "bench/cases/row.h"
#include "bench/verdict/digest.h"
#include "bench/verdict/expectation.h"
#include "bench/verdict/trial.h"

namespace assay::bench {

/// Verifies rows of one case, one after the other, and remembers what their backends gave at other thread counts.
class Referee {
 public:
  /// `varied` has other values for the same buffers, `companion` is another case for the same backend; with null, what
  /// needs it is left out.
  Referee(const BoundCase& bound, const Expectation& expected, const Expectation* varied = nullptr,
          const Companion* companion = nullptr)
      : bound_(bound), expected_(expected), varied_(varied), companion_(companion) {}

  /// The trial of a row that can run. Otherwise null, and the row says UNSUPPORTED, UNAVAILABLE, INVALID or FAILED.
  std::unique_ptr<Trial> open(Row& row) const;

  /// Runs the kernel between guard pages, then poisons, runs and judges on ordinary memory; then checks, until one
  /// check fails: the same bits at other thread counts, no write after the return, the same bits when run again and in
  /// each sequence, other values at the same addresses. Whatever the kernel throws becomes FAILED.
  void verify(Trial& trial, Row& row);

 private:
  void judge(const TensorPack& results, const Digests& given, Row& row);
  bool passes_between_guards(Trial& trial, Row& row);
  void check_thread_invariance(Trial& trial, Row& row);
  void check_quiet(Trial& trial, Row& row);
  void check_again(Trial& trial, Row& row);
  void check_in_sequences(Trial& trial, Row& row);
  void check_other_values(Trial& trial, Row& row);

  const BoundCase& bound_;
  const Expectation& expected_;
  const Expectation* varied_;
  const Companion* companion_;
  struct Answer {
    int threads;
    Digests digests;
  };
  std::map<std::string, Answer> answers_;  ///< by backend, at the first thread count it ran with
  /// What was found of results that passed, by their digests: of one case many runs give the same bits.
  struct Found {
    std::vector<OutputReport> outputs;
    std::optional<double> max_error_ratio;
  };
  std::map<Digests, Found> passed_;
  Digests now_;  ///< of the first run on ordinary memory of the row that verify() has in hand
};

}  // namespace assay::bench
