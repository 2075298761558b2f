// Verifies the rows of one case: runs a trial, judges its results, then applies one guard after the other. verify,
// profile and bench all use it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/cases/cases.h"
#include "bench/cases/row.h"
#include "bench/verdict/expectation.h"
#include "bench/verdict/trial.h"

namespace assay::bench {

/// Does one step of a row. What it throws fails the row; for lack of memory or threads the row is UNAVAILABLE.
void do_step(Row& row, const std::function<void()>& step);

/// Verifies rows of one case, one after the other, and remembers what their backends gave at other thread counts.
class Referee {
 public:
  /// `varied` has other values for the same buffers; with null, that check is left out.
  Referee(const BoundCase& bound, const Expectation& expected, const Expectation* varied = nullptr)
      : bound_(bound), expected_(expected), varied_(varied) {}

  /// The trial of a row that can run. Otherwise null, and the row says UNSUPPORTED, UNAVAILABLE, INVALID or FAILED.
  std::unique_ptr<Trial> open(Row& row) const;

  /// Poisons, runs and judges; then checks, until one check fails: the same bits at other thread counts, no write after
  /// the return, the same bits when run again, no access outside its tensors, other values at the same addresses.
  /// Whatever the kernel throws becomes FAILED.
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
    std::vector<std::uint64_t> digests;  ///< one for each output
  };
  std::map<std::string, Answer> answers_;  ///< by backend, at the first thread count it ran with
  Answer now_;                             ///< of the row that verify() has in hand
};

}  // namespace assay::bench
