// Slices of the outputs of a case whose whole truth would take too much memory or time. Only they are held against the
// truth; every row says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay::bench {

/// Slices along one axis.
struct Sample {
  std::string axis;
  std::int64_t extent = 0;           ///< of the axis, in the whole case
  std::vector<std::int64_t> slices;  ///< ascending
};

/// What a row and a result file say of a sample.
struct SampledSlices {
  std::string axis;
  std::int64_t slices = 0, extent = 0;
  bool operator==(const SampledSlices&) const = default;
};

inline SampledSlices summary_of(const Sample& sample) {
  return {sample.axis, static_cast<std::int64_t>(sample.slices.size()), sample.extent};
}

/// "3 of 129 slices along B held against the truth"
std::string describe(const SampledSlices& sampled);

}  // namespace assay::bench
