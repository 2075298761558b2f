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
    const std::size_t length = std::max<std::size_t>(utf8_sequence(text.substr(at)), 1);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (at + length > longest) return out + "...\"";
    // The control characters of ASCII and of Latin-1 (C2 80 to C2 9F) can drive a terminal.
    const bool latin_control = byte == 0xC2 && length == 2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || latin_control) {
      out += fmt::format("\\u{:04x}", latin_control ? static_cast<unsigned char>(text[at + 1]) : byte);
    } else if (byte >= 0x80 && length == 1) {
      out += fmt::format("\\x{:02x}", byte);  // not UTF-8
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += text.substr(at, length);
    }
    at += length;
  }
  return out + '"';
}

}  // namespace assay
