// Places of an output in words.
#include "bench/cases/output_report.h"

#include <fmt/format.h>

namespace assay::bench {

std::string describe(const std::string& output, const Place& place) {
  const std::string tolerance = place.tolerance == 0 ? "exactly" : fmt::format("tolerance {:.3g}", place.tolerance);
  return fmt::format("{}{} is {}, expected {} ({})", output, to_string(place.index), place.got, place.expected,
                     tolerance);
}

std::string describe_first(const OutputReport& report) {
  if (report.places.empty()) return fmt::format("{} has shape {}", report.name, to_string(report.shape));
  return describe(report.name, report.places.front());
}

}  // namespace assay::bench
