// One line of every table and result file: a case on a backend at a thread count, the verdict on it and its time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/cases/output_report.h"
#include "bench/cases/sample.h"
#include "bench/cases/verdict.h"
#include "reference/operator.h"

namespace assay::bench {

/// The samples of one row. A sample is the mean time of one call over `calls` of them, in nanoseconds.
struct Timing {
  std::vector<double> samples_ns;
  double median_ns = 0;
  double low_ns = 0, high_ns = 0;   ///< the 95 % interval of the median
  double cpu_ns = 0;                ///< processor time of the whole process, per call
  std::int64_t calls = 0;           ///< in one sample
  double spent_s = 0;               ///< on this row: warm-up, samples and what lies between them
  std::vector<std::size_t> rounds;  ///< how many of the samples each round took, one after the other
  bool settled = false;             ///< the interval reached its target before the time ran out
  std::string problem;              ///< what a timed call did wrong; there are no samples after it. Empty if nothing
  std::string distrust;             ///< why the device's own clock cannot be believed; empty if it can
};

/// Whether timed calls find their buffers in the caches.
enum class CacheState : bool { hot, cold };
/// Whether outputs are allocated once or anew for each call.
enum class Allocation : bool { once, each };

/// What became of the outputs that a golden file recorded in the operator's own dtype: a contestant, never the truth.
/// What a device or another runtime gave is judged by it.
struct RecordedOutputs {
  bool passed = false;
  std::string reason;  ///< one sentence; empty where they passed
  double max_error_ratio = 0;
  std::vector<OutputReport> outputs;

  std::string_view precision_class() const;  ///< the worst over the outputs
};

struct Row {
  std::string op, case_name, backend, dtype;
  int threads = 1;
  Tier tier = Tier::small;
  Verdict verdict = Verdict::invalid;
  std::string reason;  ///< one sentence; empty where PASSED
  std::vector<OutputReport> outputs;
  std::optional<double> max_error_ratio;            ///< the worst over the outputs; none if not judged
  std::optional<SampledSlices> sampled;             ///< how much was held against the truth; all of it without
  std::shared_ptr<const RecordedOutputs> recorded;  ///< of the case's golden file; null without one
  std::vector<std::string> told_apart;              ///< the wrong candidates that the case was seen to refuse
  std::string witness;  ///< f64 or f32: what the golden file holds the oracle against; empty without one
  Cost cost;
  std::uint64_t seed = 0;
  std::string repro;  ///< the command that does this row again
  CacheState cache = CacheState::hot;
  Allocation allocation = Allocation::once;
  bool pinned = false;
  double prepare_ns = 0;
  std::optional<Timing> timing;
  std::optional<double> roof_fraction;  ///< of the machine's roof, 1 being all of it; none without a probe
  std::string bound_by;                 ///< what sets the roof: memory or compute; empty without a probe

  /// Sets the verdict and the sentence beside it.
  void become(Verdict of, std::string why);
  /// operator/case/backend/dtype/threads
  std::string label() const;
  std::string_view precision_class() const;  ///< the worst over the outputs
};

/// One row of each case whose golden file's outputs were judged.
std::vector<const Row*> rows_with_recorded_outputs(std::span<const Row> rows);

}  // namespace assay::bench
