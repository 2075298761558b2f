// Decoding UTF-8 by the table of the Unicode standard (3.9, table 3-7).
#include "bench/base/text.h"

namespace assay::bench {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// The bytes that the lead byte announces, and the range of the byte after it. Bytes after that are 80 to BF.
struct Sequence {
  std::size_t length = 0;  ///< 0: no sequence starts with this byte
  unsigned char low = 0x80, high = 0xbf;
};

Sequence sequence_of(unsigned char lead) {
  if (lead < 0x80) return {1};
  if (lead >= 0xc2 && lead <= 0xdf) return {2};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};  // below A0: overlong
  if (lead == 0xed) return {3, 0x80, 0x9f};  // above 9F: surrogates
  if (lead >= 0xe1 && lead <= 0xef) return {3};
  if (lead == 0xf0) return {4, 0x90, 0xbf};  // below 90: overlong
  if (lead == 0xf4) return {4, 0x80, 0x8f};  // above 8F: beyond U+10FFFF
  if (lead >= 0xf1 && lead <= 0xf3) return {4};
  return {};
}

/// How many bytes from `start` on belong together, and whether they are a character.
struct Part {
  std::size_t length;
  bool is_character;
};

Part part_at(std::string_view text, std::size_t start) {
  const Sequence sequence = sequence_of(byte_at(text, start));
  if (sequence.length == 0) return {1, false};
  for (std::size_t i = 1; i < sequence.length; ++i) {
    const unsigned char low = i == 1 ? sequence.low : 0x80, high = i == 1 ? sequence.high : 0xbf;
    if (start + i == text.size() || byte_at(text, start + i) < low || byte_at(text, start + i) > high)
      return {i, false};
  }
  return {sequence.length, true};
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  for (std::size_t start = 0; start < text.size();) {
    const Part part = part_at(text, start);
    valid += part.is_character ? text.substr(start, part.length) : replacement;
    start += part.length;
  }
  return valid;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : valid_utf8(text)) {
    if (c == '\t' || c == '\n' || c == '\r') {
      line += ' ';
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      line += replacement;
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace assay::bench
