// From measured rows to decisions: which backend to call for which operator and shape, where one overtakes another, and
// how far the best is from the roof. Works on the entries of a result file, so that any of them can be decided on.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::bench {

/// A row of a result file that was PASSED and timed.
struct Measured {
  std::string op, dtype, case_name, backend;
  int threads = 1;
  double bytes = 0;  ///< that any correct implementation must move: the size of the case
  double median_ns = 0, low_ns = 0, high_ns = 0;
  std::optional<double> roof_fraction;
  std::string bound_by;
};

/// The best for one case with no more than so many threads.
struct Choice {
  Measured best;
  int most_threads = 1;
  std::vector<std::string> tied;  ///< backends whose interval overlaps that of the fastest, the chosen one left out
  std::optional<double> over_next_ns;  ///< the median of the fastest that is not tied; none if all are
};

/// Where one backend's time meets another's as cases grow. A single case that goes to another backend than both its
/// neighbours makes none: its lead is that case's own, or the noise's.
struct Crossover {
  std::string op, dtype, from, to;
  int most_threads = 1;
  double bytes = 0, low = 0, high = 0;  ///< the size, and the interval that the times' intervals leave
};

struct Decision {
  std::vector<Choice> choices;  ///< by operator, dtype, threads and growing size
  std::vector<Crossover> crossovers;
};

/// The rows of `benchmarks` that have a time.
std::vector<Measured> measured_rows(const nlohmann::json& benchmarks);

/// `simplest_first` are the names of backends; of those that cannot be told from the fastest the simplest is chosen,
/// with the fewest threads. `refused` names operator/backend pairs that failed parity somewhere: they are never chosen.
Decision decide(const std::vector<Measured>& rows, const std::vector<std::string>& simplest_first,
                const std::vector<std::string>& refused);

/// The dispatch table as a file has it, without its stamp.
nlohmann::json dispatch_json(const Decision& decision);

/// The operators whose choices leave the largest share of the roof unused, each with the worst of its choices, worst
/// first; those without a roof are left out.
std::vector<Choice> furthest_from_roof(const Decision& decision, std::size_t count);

}  // namespace assay::bench
