// MT19937 as its authors wrote it, and the two ways in which torch makes an order of its draws.
#include "reference/sampling/random_order.h"

#include <fmt/format.h>

#include <array>
#include <numeric>
#include <utility>

#include "reference/operator.h"

namespace assay::sampling {
namespace {

/// MT19937 (Matsumoto and Nishimura 1998), seeded by init_genrand of its 2002 version, as at::mt19937 is.
class Mt19937 {
 public:
  explicit Mt19937(std::uint32_t seed) {
    state_[0] = seed;
    for (std::uint32_t k = 1; k < words; ++k) state_[k] = 1812433253U * (state_[k - 1] ^ (state_[k - 1] >> 30)) + k;
  }

  std::uint32_t draw() {
    if (next_ == words) twist();
    std::uint32_t word = state_[next_++];
    word ^= word >> 11;
    word ^= (word << 7) & 0x9D2C5680U;
    word ^= (word << 15) & 0xEFC60000U;
    return word ^ (word >> 18);
  }

  std::uint64_t draw_wide() {
    const std::uint64_t upper = draw();
    return upper << 32 | draw();
  }

 private:
  static constexpr std::size_t words = 624;

  void twist() {
    for (std::size_t k = 0; k < words; ++k) {
      const std::uint32_t word = (state_[k] & 0x80000000U) | (state_[(k + 1) % words] & 0x7FFFFFFFU);
      state_[k] = state_[(k + 397) % words] ^ (word >> 1) ^ (word % 2 * 0x9908B0DFU);
    }
    next_ = 0;
  }

  std::array<std::uint32_t, words> state_{};
  std::size_t next_ = words;
};

}  // namespace

std::vector<std::int64_t> random_order(std::int64_t length, std::int64_t seed, std::int64_t wide_from) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Mt19937 random(static_cast<std::uint32_t>(seed));
  const auto count = order.size();
  if (length < wide_from) {
    for (std::size_t i = 0; i + 1 < count; ++i) std::swap(order[i], order[i + random.draw() % (count - i)]);
  } else {
    for (std::size_t i = 0; i < count; ++i) std::swap(order[i], order[random.draw_wide() % (i + 1)]);
  }
  return order;
}

void require_length(std::string_view op, std::int64_t length) {
  if (length < 0) reject(op, fmt::format("length is {}, but a dataset must not have a negative length", length));
}

}  // namespace assay::sampling
