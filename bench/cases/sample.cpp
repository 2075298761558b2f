// A sample in words.
#include "bench/cases/sample.h"

#include <fmt/format.h>

namespace assay::bench {

std::string describe(const SampledSlices& sampled) {
  return fmt::format("{} of {} slices along {} held against the truth", sampled.slices, sampled.extent, sampled.axis);
}

}  // namespace assay::bench
