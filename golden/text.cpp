// Text from untrusted files: is it UTF-8, and how is it shown on a terminal.
#include "golden/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace assay {
namespace {

/// Length of the well-formed UTF-8 sequence at the front of `text`, or 0.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  std::uint32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

/// The well-formed sequence at the front of `text`, or the one byte that is not part of any.
std::string_view first_character(std::string_view text) {
  return text.substr(0, std::max<std::size_t>(utf8_sequence(text), 1));
}

/// A character as it can be printed. The control characters of ASCII and of Latin-1 (C2 80 to C2 9F) can drive a
/// terminal, U+2028 and U+2029 break a line, and those that turn the direction of writing make a name look like
/// another one.
std::string shown(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) {
    if (byte(0) >= 0x80) return fmt::format("\\x{:02x}", byte(0));  // not UTF-8
    return byte(0) < 0x20 || byte(0) == 0x7F ? fmt::format("\\u{:04x}", byte(0)) : std::string(character);
  }
  if (character.size() == 2 && byte(0) == 0xC2 && byte(1) < 0xA0) return fmt::format("\\u{:04x}", byte(1));
  if (character.size() == 3 && byte(0) == 0xE2 && (byte(1) == 0x80 || byte(1) == 0x81)) {
    const unsigned code = 0x2000u | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    const bool breaks_or_turns =
        (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F;
    if (breaks_or_turns) return fmt::format("\\u{:04x}", code);
  }
  return std::string(character);
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;  // a name from a hostile file may be 100 MB long
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = first_character(text.substr(at));
    if (at + character.size() > longest) return out + "...\"";
    if (character == "\"" || character == "\\") out += '\\';
    out += shown(character);
    at += character.size();
  }
  return out + '"';
}

std::string on_one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = first_character(text.substr(at));
    out += shown(character);
    at += character.size();
  }
  return out;
}

}  // namespace assay
