// From timed rows to decisions: which backend to call for which operator and shape, at which size another becomes
// faster, and how far the best is from the roof.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/cases/row.h"

namespace assay::bench {

/// What a decision needs of a row that PASSED and was timed.
struct Measured {
  std::string op, dtype, case_name, backend;
  int threads = 1;
  double bytes = 0;  ///< that any correct implementation must move: the size of the case
  double median_ns = 0, low_ns = 0, high_ns = 0;
  std::optional<double> roof_fraction;
  std::string bound_by;
};

/// The best backend for one case with at most `most_threads` threads.
struct Choice {
  Measured best;
  int most_threads = 1;
  std::vector<std::string> tied;  ///< backends whose interval overlaps that of the fastest, the chosen one left out
  std::optional<double> over_next_ns;  ///< the median of the fastest backend that is not tied; none if all are
};

/// The size at which a second backend becomes faster than a first. A single case whose best backend is not that of both
/// its neighbours in size makes no crossover: it may be an exception, or noise.
struct Crossover {
  std::string op, dtype, from, to;
  int most_threads = 1;
  double bytes = 0, low = 0, high = 0;  ///< the size, and its interval by the intervals of the times
};

struct Decision {
  std::vector<Choice> choices;  ///< by operator, dtype, threads and growing size
  std::vector<Crossover> crossovers;
};

/// The rows that have a time.
std::vector<Measured> measured_rows(std::span<const Row> rows);

/// `simplest_first` are the names of backends: of all whose interval overlaps that of the fastest, the simplest is
/// chosen, with the fewest threads. `refused` are operator/backend pairs that failed parity in some case: they are
/// never chosen.
Decision decide(const std::vector<Measured>& rows, const std::vector<std::string>& simplest_first,
                const std::vector<std::string>& refused);

/// The `count` operators furthest from the roof, each with the worst of its choices, the worst first. Choices without a
/// roof are left out.
std::vector<Choice> furthest_from_roof(const Decision& decision, std::size_t count);

}  // namespace assay::bench
