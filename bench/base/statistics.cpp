// Medians and their intervals.
#include "bench/base/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace assay::bench {

double median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const std::size_t n = samples.size(), middle = n / 2;
  return n % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

Interval median_interval(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  constexpr double z = 1.96;  // 97.5 % quantile of the normal distribution
  const double half = z * std::sqrt(n) / 2;
  const double low = std::max(std::floor(n / 2 - half), 1.0), high = std::min(std::ceil(n / 2 + half) + 1, n);
  return {samples[static_cast<std::size_t>(low) - 1], samples[static_cast<std::size_t>(high) - 1]};
}

}  // namespace assay::bench
