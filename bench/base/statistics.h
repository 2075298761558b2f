// Order statistics of timing samples: the median and how well it is known. No distribution is assumed.
#pragma once

#include <vector>

namespace assay::bench {

/// The middle value, or the mean of the two middle ones. `samples` must not be empty.
double median(std::vector<double> samples);

struct Interval {
  double low, high;
};

/// The 95 % interval of the median from order statistics (the binomial's normal approximation, ranks rounded outwards);
/// with fewer than six samples no pair of them covers 95 %, and the whole range is given.
Interval median_interval(std::vector<double> samples);

}  // namespace assay::bench
