// From buffers to a verdict: what a case expects, and holding a trial against it. verify and bench both judge here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/cases.h"
#include "bench/cases/row.h"
#include "bench/verdict/compare.h"
#include "bench/verdict/trial.h"

namespace assay::bench {

/// A case with one set of input values: the truth for every backend.
struct Expectation {
  TensorPack inputs;
  TensorPack widened;  ///< the inputs as doubles, kept only where the operator judges its results
  std::vector<Shape> shapes;
  Truth truth;
  Cost cost;
  std::string invalid;                       ///< why the case is no test; empty if it is one
  std::string unavailable;                   ///< why there is no truth here, for lack of memory; empty if there is
  std::vector<std::string_view> told_apart;  ///< the wrong candidates that differ from the truth, all refused
  std::string witness;  ///< f64 or f32: what the golden file confirmed the oracle with; empty without one
  std::optional<double> framework_error_ratio;
};

/// Evaluates the oracle, asks whether the case can fail at all, and holds it against the golden file's witness if there
/// is one.
Expectation expect(const BoundCase& bound, std::uint64_t seed, std::uint64_t phase);

/// The same case on other values, whatever they mean: every activation rolled along. None where that changes nothing or
/// leaves no test.
std::optional<Expectation> expect_varied(const BoundCase& bound, const Expectation& expected);

/// What the operator's judge says of results on the host; the operator has one.
Judgement ask_judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results);

/// Judges results on the host and writes outputs, verdict and reason into the row.
void judge(const BoundCase& bound, const Expectation& expected, const TensorPack& results, Row& row);

/// Checks rows of one case, one after the other, and remembers what their backends gave at other thread counts.
class Referee {
 public:
  /// `varied` are other values for the same buffers; null leaves that check out.
  Referee(const BoundCase& bound, const Expectation& expected, const Expectation* varied = nullptr)
      : bound_(bound), expected_(expected), varied_(varied) {}

  /// The trial of a row that can run; otherwise null, and the row says UNSUPPORTED, UNAVAILABLE, INVALID or FAILED.
  std::unique_ptr<Trial> open(Row& row) const;

  /// Poison, run, judge; then one guard after the other until one finds something: the same bits at other thread
  /// counts, quiet after the return, the same bits when run again, nothing touched between guard pages, other values at
  /// the same addresses. Nothing a kernel throws gets past it.
  void verify(Trial& trial, Row& row);

 private:
  void check_thread_invariance(Trial& trial, Row& row);
  void check_quiet(Trial& trial, Row& row);
  void check_again(Trial& trial, Row& row);
  void check_between_guards(Trial& trial, Row& row);
  void check_other_values(Trial& trial, Row& row);

  const BoundCase& bound_;
  const Expectation& expected_;
  const Expectation* varied_;
  struct Answer {
    int threads;
    std::vector<std::uint64_t> digests;
  };
  std::map<std::string, Answer> answers_;  ///< by backend, at the thread count it was asked for first
  Answer now_;                             ///< of the row in hand
};

}  // namespace assay::bench
