// Signed integers of any fixed width. Finite floats are multiples of the smallest subnormal, so sums and differences of
// floats are exact in integers that are wide enough. Start with WideInteger::shifted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace assay {

/// An integer of 64·N bits in two's complement. Sums and differences that do not fit wrap around.
template <std::size_t N>
class WideInteger {
 public:
  constexpr WideInteger() = default;

  /// value·2^shift, which must fit; shift must not be negative.
  static constexpr WideInteger shifted(std::int64_t value, int shift) {
    const std::uint64_t magnitude =
        value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    const std::size_t limb = static_cast<std::size_t>(shift) / 64;
    const int bits = shift % 64;
    WideInteger made;
    made.limbs_[limb] = magnitude << bits;
    if (bits != 0 && limb + 1 < N) made.limbs_[limb + 1] = magnitude >> (64 - bits);
    return value < 0 ? WideInteger() - made : made;
  }

  friend constexpr WideInteger operator+(WideInteger a, const WideInteger& b) { return a += b; }
  friend constexpr WideInteger operator-(WideInteger a, const WideInteger& b) { return a -= b; }
  constexpr WideInteger& operator+=(const WideInteger& b) {
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t with_carry = b.limbs_[i] + carry;
      carry = with_carry < carry ? 1 : 0;
      limbs_[i] += with_carry;
      carry += limbs_[i] < with_carry ? 1 : 0;
    }
    return *this;
  }
  constexpr WideInteger& operator-=(const WideInteger& b) {
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < N; ++i) {
      const std::uint64_t with_borrow = b.limbs_[i] + borrow;
      borrow = with_borrow < borrow ? 1 : 0;
      borrow += limbs_[i] < with_borrow ? 1 : 0;
      limbs_[i] -= with_borrow;
    }
    return *this;
  }
  friend constexpr bool operator==(const WideInteger& a, const WideInteger& b) { return a.limbs_ == b.limbs_; }
  friend constexpr bool operator<(const WideInteger& a, const WideInteger& b) {
    if (a.limbs_[N - 1] != b.limbs_[N - 1])
      return static_cast<std::int64_t>(a.limbs_[N - 1]) < static_cast<std::int64_t>(b.limbs_[N - 1]);
    for (std::size_t i = N - 1; i-- > 0;)
      if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i];
    return false;
  }

 private:
  std::array<std::uint64_t, N> limbs_{};  ///< the lowest bits first
};

}  // namespace assay
