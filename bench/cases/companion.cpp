// Drawing a companion: a random case of a key of its own.
#include "bench/cases/companion.h"

#include <algorithm>

#include "reference/domain.h"

namespace assay::bench {
namespace {

/// Whether two cases of an operator differ in more than their values.
bool differ(const BoundCase& a, const BoundCase& b) {
  const auto same = [](const Scalar& x, const Scalar& y) { return to_string(x) == to_string(y); };
  return a.output_shapes != b.output_shapes ||
         !std::equal(a.params.begin(), a.params.end(), b.params.begin(), b.params.end(), same);
}

}  // namespace

BoundCase companion_of(const BoundCase& bound, std::uint64_t seed) {
  constexpr std::uint64_t most_draws = 8;  // an operator may have one shape alone
  const std::uint64_t key = derive_key(derive_key(seed, "companion"), bound.name);
  BoundCase drawn;
  for (std::uint64_t draw = 0; draw < most_draws; ++draw) {
    drawn =
        bind_case(*bound.op, *bound.instance, std::move(random_cases(*bound.op, random_bits(key, draw), 1).front()));
    if (differ(bound, drawn)) break;
  }
  return drawn;
}

}  // namespace assay::bench
