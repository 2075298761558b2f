// Whether draws follow weights: what judges weighted_random_sampler. Nothing here knows how they were drawn.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace assay::sampling {

/// The share of right draws that one test may refuse.
inline constexpr double significance = 1e-9;

/// Between these lies the chi-squared of `degrees` degrees of freedom, but for a share of at most `significance` on
/// each side. Wilson and Hilferty (1931), whose cube is wider than the true quantiles at every number of degrees: 46.9
/// for 37.3 at 1, 103.04 for 101.70 at 30, 1292.14 for 1291.96 at 1,000. `low` is 0 below 30 degrees: there counts can
/// agree with their expectations by chance.
struct ChiSquaredLimits {
  double low, high;
};
ChiSquaredLimits chi_squared_limits(std::int64_t degrees);

/// Why the draws are wrong, one sentence that begins with "the draws"; empty if they may be right. Draws must name a
/// weight above 0 each, without replacement each at most once, and must pass the tests of weighted_draws.cpp. The
/// weights are valid: finite, not negative, not all zero.
std::string refusal_of_draws(std::span<const double> weights, bool replacement, std::span<const std::int64_t> draws);

}  // namespace assay::sampling
