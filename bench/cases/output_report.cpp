// Places of an output in words.
#include "bench/cases/output_report.h"

#include <fmt/format.h>

namespace assay::bench {

Shape index_of(std::int64_t element, const Shape& shape) {
  Shape index = shape;
  for (std::size_t axis = shape.rank(); axis-- > 0;) {
    index[axis] = element % shape[axis];
    element /= shape[axis];
  }
  return index;
}

std::string describe(const std::string& output, const Place& place) {
  const std::string tolerance = place.tolerance == 0 ? "exactly" : fmt::format("tolerance {:.3g}", place.tolerance);
  return fmt::format("{}{} is {}, expected {} ({})", output, to_string(place.index), place.got, place.expected,
                     tolerance);
}

std::string describe_mismatches(const OutputReport& report) {
  if (report.places.empty())
    return fmt::format("{} has shape {}, not the one that the inputs give", report.name, to_string(report.shape));
  return fmt::format("{} of {} elements of {} are wrong; the first: {}", report.mismatches, report.elements,
                     report.name, describe(report.name, report.places.front()));
}

}  // namespace assay::bench
