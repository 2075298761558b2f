// Random orders, right and wrong, for the operators that need one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace assay::bench::planted {

using Order = std::vector<std::int64_t>;
using Shuffle = Order (*)(std::int64_t length, std::int64_t seed);

inline Order ascending(std::int64_t length) {
  Order order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

inline std::mt19937 generator_of(std::int64_t seed) { return std::mt19937(static_cast<std::uint32_t>(seed)); }

/// Exchanges each place i below `last` with place partner(draw, i).
template <class Random, class Partner>
Order exchanged(std::int64_t length, std::int64_t last, Random random, Partner partner) {
  Order order = ascending(length);
  for (std::int64_t i = 0; i < last; ++i) {
    const auto draw = static_cast<std::int64_t>(random() % (std::uint64_t{1} << 63));
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(partner(draw, i))]);
  }
  return order;
}

inline Order right_order(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n - 1, generator_of(seed), [n](auto draw, auto i) { return i + draw % (n - i); });
}
/// Every place with any other.
inline Order any_partner(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n - 1, generator_of(seed), [n](auto draw, auto) { return draw % n; });
}
/// Never a place with itself (Sattolo 1986): one cycle.
inline Order one_cycle(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n - 1, generator_of(seed), [n](auto draw, auto i) { return i + 1 + draw % (n - i - 1); });
}
/// torch's way with long orders: each place with one before it.
inline Order inside_out(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n, generator_of(seed), [](auto draw, auto i) { return draw % (i + 1); });
}
/// The upper bits of a product for the rest of a division (Lemire 2019).
inline Order by_product(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n - 1, generator_of(seed), [n](auto draw, auto i) { return i + (draw * (n - i) >> 32); });
}
inline Order with_64_bits(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n - 1, std::mt19937_64(static_cast<std::uint64_t>(seed)),
                   [n](auto draw, auto i) { return i + draw % (n - i); });
}
inline Order by_linear_congruences(std::int64_t n, std::int64_t seed) {
  return exchanged(n, n - 1, std::minstd_rand(static_cast<std::uint32_t>(seed)),
                   [n](auto draw, auto i) { return i + draw % (n - i); });
}
/// numpy.random.RandomState.shuffle begins at the end.
inline Order from_the_end(std::int64_t n, std::int64_t seed) {
  Order order = ascending(n);
  std::mt19937 random = generator_of(seed);
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[random() % (i + 1)]);
  return order;
}
inline Order of_the_library(std::int64_t n, std::int64_t seed) {
  Order order = ascending(n);
  std::shuffle(order.begin(), order.end(), generator_of(seed));
  return order;
}
/// The first draw lost.
inline Order one_draw_later(std::int64_t n, std::int64_t seed) {
  std::mt19937 random = generator_of(seed);
  random.discard(1);
  return exchanged(n, n - 1, random, [n](auto draw, auto i) { return i + draw % (n - i); });
}
/// Where each index has gone, in the place of which one has come.
inline Order inverse(std::int64_t n, std::int64_t seed) {
  Order order = right_order(n, seed), places(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    places[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return places;
}
inline Order one_seed_for_all(std::int64_t n, std::int64_t) { return right_order(n, 0); }
inline Order seed_and_one(std::int64_t n, std::int64_t seed) {
  return right_order(n, static_cast<std::int64_t>(static_cast<std::uint64_t>(seed) + 1));
}
/// The sign of a seed lost.
inline Order seed_without_sign(std::int64_t n, std::int64_t seed) {
  return right_order(n, seed < 0 && seed != INT64_MIN ? -seed : seed);
}
/// Both halves of a seed folded together.
inline Order seed_of_64_bits(std::int64_t n, std::int64_t seed) { return right_order(n, seed ^ (seed >> 32)); }

}  // namespace assay::bench::planted
