// How the inputs of a case are made: a few seeded recipes over a counter-based generator, so that any element can be
// regenerated on any machine from (seed, stream, index) alone. Start with Recipe and fill().
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reference/tensor.h"

namespace assay {

/// 64 well-mixed bits for one counter value (SplitMix64's finaliser over key and index; Steele, Lea, Flood 2014).
constexpr std::uint64_t random_bits(std::uint64_t key, std::uint64_t index) {
  constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;  // odd, so that index -> key + index * it never repeats
  std::uint64_t z = key + (index + 1) * golden_ratio;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}
/// A key for an independent stream, e.g. one input of one case.
std::uint64_t derive_key(std::uint64_t key, std::string_view name);

/// Real numbers in [low, high).
struct Uniform {
  double low = 0, high = 1;
};
/// Real numbers with the given mean and standard deviation (Box-Muller).
struct Normal {
  double mean = 0, deviation = 1;
};
/// Image elements: u8 over 0..255, real dtypes over the range ImageNet normalisation gives, about [-2.2, 2.7).
struct Pixels {};
/// The elements themselves, row-major.
struct Values {
  std::vector<double> elements;
};
/// A BOOL mask [B, H, W], true outside the (height, width) rectangle that is valid in each image.
struct PaddingOf {
  std::vector<std::pair<std::int64_t, std::int64_t>> valid;
};
/// BOOL elements, true with the given probability: no rectangles, the shape that fast paths forget.
struct Scattered {
  double probability = 0.5;
};
/// Elements drawn from the given ones with equal chance.
struct Choice {
  std::vector<double> elements;
};
/// Boxes [..., 4] in the unit square as corners x0, y0, x1, y1: drawn as centre and size, then converted unless
/// `centre_and_size`. One extent in sixteen is 0, the others are 2⁻¹⁰ to ½. All times `scale`; the same `distinct`
/// boxes again and again, unless it is 0.
struct Boxes {
  double scale = 1;
  std::int64_t distinct = 0;
  bool centre_and_size = false;
};
/// Integers without repetition: for one group after the other, `count` different ones of 0 to `among` − 1; ascending,
/// descending or in any order. With `first` they are the least ones.
struct Picks {
  struct Group {
    std::int64_t count, among;
  };
  enum class Order : std::uint8_t { ascending, descending, any };
  std::vector<Group> groups;
  Order order = Order::any;
  bool first = false;
};
/// Elements of `base`, but for one at `index`; from the end where that is negative.
struct Outlier {
  Normal base;
  double value = 0;
  std::int64_t index = -1;
};
/// first, first + step, … along the last axis, the same for every row.
struct Ramp {
  double first = 0, step = 1;
};
/// A BOOL mask [B, H, W], true in the first `first` and the last `last` rows and columns of each image.
struct Border {
  std::int64_t first = 0, last = 0;
};
/// Costs [B, Q, T] of matching queries and targets; `sizes` counts the targets of each image. They are about 2, unless
/// `large` is given: then those of pairs with other remainders by 3 are multiples of it that cancel in every matching,
/// and small ones decide. With `forbidden` half are +∞, but of query q and target q of each image, so that a matching
/// of as many pairs as there can be is finite.
struct MatchingCosts {
  std::vector<std::int64_t> sizes;
  double large = 0;
  bool forbidden = false;
};
/// Sampling locations [B, Q, h, levels, P, 2] (x, y) in 0..1 over levels of these (height, width): query q looks around
/// the middle of token q of all levels' tokens, up to `reach` pixels away along each axis of each level.
struct AroundTokens {
  std::vector<std::pair<std::int64_t, std::int64_t>> levels;
  double reach = 4;
};
using Recipe = std::variant<Uniform, Normal, Pixels, Values, PaddingOf, Scattered, Choice, Boxes, Outlier, Ramp, Border,
                            MatchingCosts, Picks, AroundTokens>;

/// Whether the values are drawn, so that another key gives others; otherwise they are given.
bool is_drawn(const Recipe& recipe);

/// Writes every element of the host tensor `to`; the values depend on `key`, the index and the dtype alone.
/// Throws InvalidArgument where the recipe cannot make such a tensor.
void fill(const TensorRef& to, const Recipe& recipe, std::uint64_t key);

/// A sequence of draws for choosing cases; the same seed gives the same sequence everywhere.
class Draw {
 public:
  explicit Draw(std::uint64_t key) : key_(key) {}
  std::int64_t integer(std::int64_t low, std::int64_t high);  ///< low..high, both included
  bool chance(double probability);
  double real(double low, double high);

 private:
  std::uint64_t key_;
  std::uint64_t next_ = 0;
};

}  // namespace assay
