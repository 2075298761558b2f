// From buffers to a verdict: what a case expects, and holding a trial against it. verify and bench both judge here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.h"
#include "bench/row.h"
#include "bench/trial.h"
#include "golden/compare.h"

namespace assay::bench {

/// A case with one set of input values: the truth for every backend.
struct Expectation {
  TensorPack inputs;
  std::vector<Shape> shapes;
  Truth truth;
  Cost cost;
  std::string invalid;  ///< why the case is no test; empty if it is one
  std::string witness;  ///< f64 or f32: what the golden file confirmed the oracle with; empty without one
  std::optional<double> framework_error_ratio;
};

/// Evaluates the oracle, and holds it against the golden file's witness if there is one.
Expectation expect(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase);

/// Judges results on the host and writes outputs, verdict and reason into the row.
void judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results, Row& row);

/// Checks rows of one case, one after the other, and remembers what their backends gave at other thread counts.
class Referee {
 public:
  Referee(const BoundCase& bound, const Expectation& expected) : bound_(bound), expected_(expected) {}

  /// The trial of a row that can run; otherwise null, and the row says UNSUPPORTED, UNAVAILABLE, INVALID or FAILED.
  std::unique_ptr<Trial> open(Row& row) const;

  /// Poison, run, judge; then poison and run again for the same bits. Nothing a kernel throws gets past it.
  void verify(Trial& trial, Row& row);

 private:
  void check_again(Trial& trial, Row& row);
  void check_thread_invariance(const Trial& trial, const TensorPack& results, Row& row);

  const BoundCase& bound_;
  const Expectation& expected_;
  struct Answer {
    int threads;
    std::vector<std::uint64_t> digests;
  };
  std::map<std::string, Answer> answers_;  ///< by backend
};

}  // namespace assay::bench
