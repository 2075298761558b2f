// One small function for each kind of change.
#include "golden/fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace assay::fuzz {
namespace {

constexpr std::size_t longest_input = 4096;  // longer ones find nothing new and take their time

/// A place in `text`, its end included.
std::size_t any_place(const std::string& text, Draw& draw) {
  return static_cast<std::size_t>(draw.integer(0, static_cast<std::int64_t>(text.size())));
}
template <class Items>
const auto& any_of(const Items& items, Draw& draw) {
  return items[static_cast<std::size_t>(draw.integer(0, static_cast<std::int64_t>(items.size()) - 1))];
}
char any_byte(Draw& draw) {
  constexpr std::string_view telling("\0\x01\x7f\x80\xc2\xff\x1b\n \"\\{}[],:/.-+*?019eE", 28);
  return draw.chance(0.5) ? any_of(telling, draw) : static_cast<char>(draw.integer(0, 255));
}
std::size_t any_length(Draw& draw) { return static_cast<std::size_t>(draw.integer(1, draw.chance(0.8) ? 8 : 200)); }

void flip_bit(std::string& input, Draw& draw) {
  if (input.empty()) return;
  char& byte = input[any_place(input, draw) % input.size()];
  byte = static_cast<char>(byte ^ (1 << draw.integer(0, 7)));
}
void set_byte(std::string& input, Draw& draw) {
  if (!input.empty()) input[any_place(input, draw) % input.size()] = any_byte(draw);
}
void insert_run(std::string& input, Draw& draw) {
  input.insert(any_place(input, draw), any_length(draw), any_byte(draw));
}
void erase_run(std::string& input, Draw& draw) { input.erase(any_place(input, draw), any_length(draw)); }
void repeat_run(std::string& input, Draw& draw) {
  const std::string run = input.substr(any_place(input, draw), any_length(draw));
  input.insert(any_place(input, draw), run);
}
void replace_number(std::string& input, Draw& draw) {
  static constexpr std::array<std::string_view, 22> numbers = {"0",
                                                               "1",
                                                               "-1",
                                                               "2",
                                                               "7",
                                                               "8",
                                                               "9",
                                                               "255",
                                                               "65536",
                                                               "4294967296",
                                                               "281474976710656",      // 2^48, the longest extent
                                                               "281474976710657",      // and one more
                                                               "1152921504606846976",  // 2^60
                                                               "9223372036854775807",
                                                               "9223372036854775808",
                                                               "18446744073709551615",
                                                               "18446744073709551616",
                                                               "-0",
                                                               "1.5",
                                                               "1e400",
                                                               "1e-400",
                                                               "-9223372036854775808"};
  constexpr std::string_view digits = "0123456789";
  const std::size_t begin = std::min(input.find_first_of(digits, any_place(input, draw)), input.size());
  const std::size_t end = std::min(input.find_first_not_of(digits, begin), input.size());
  input.replace(begin, end - begin, any_of(numbers, draw));
}
void set_field(std::string& input, Draw& draw) {
  if (input.size() < sizeof(std::uint64_t)) return;
  const std::size_t last = input.size() - sizeof(std::uint64_t);
  const std::size_t at = draw.chance(0.5) ? 0 : std::min(any_place(input, draw), last);
  std::uint64_t value = 0;
  std::memcpy(&value, input.data() + at, sizeof value);
  switch (draw.integer(0, 3)) {
    case 0: value = input.size() - sizeof value; break;
    case 1: value += static_cast<std::uint64_t>(draw.integer(-9, 9)); break;
    case 2: value = std::uint64_t{1} << draw.integer(0, 63); break;
    default: value = ~std::uint64_t{0} >> draw.integer(0, 63); break;
  }
  std::memcpy(input.data() + at, &value, sizeof value);
}
void splice(std::string& input, Draw& draw, std::span<const std::string> others) {
  if (others.empty()) return;
  const std::string& other = any_of(others, draw);
  const std::string tail = other.substr(any_place(other, draw));
  input.replace(any_place(input, draw), std::string::npos, tail);
}
void insert_word(std::string& input, Draw& draw, std::span<const std::string_view> words) {
  if (!words.empty()) input.insert(any_place(input, draw), any_of(words, draw));
}

}  // namespace

void mutate(std::string& input, Draw& draw, std::span<const std::string> others,
            std::span<const std::string_view> words) {
  for (std::int64_t changes = draw.integer(1, 4); changes > 0; --changes) {
    switch (draw.integer(0, 8)) {
      case 0: flip_bit(input, draw); break;
      case 1: set_byte(input, draw); break;
      case 2: insert_run(input, draw); break;
      case 3: erase_run(input, draw); break;
      case 4: repeat_run(input, draw); break;
      case 5: replace_number(input, draw); break;
      case 6: set_field(input, draw); break;
      case 7: splice(input, draw, others); break;
      default: insert_word(input, draw, words); break;
    }
  }
  if (input.size() > longest_input) input.resize(longest_input);
}

}  // namespace assay::fuzz
