// Text from untrusted files: is it UTF-8, and how is it shown on a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// The position of the first byte that is not part of well-formed UTF-8, if any.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// `text` in double quotes on one line, whatever it holds: control characters are escaped, long text is cut.
std::string in_quotes(std::string_view text);

/// `text` on one line, uncut and unquoted: control characters and bytes that are not UTF-8 are escaped. What holds
/// neither stays as it is, so that a path in a message can be copied.
std::string on_one_line(std::string_view text);

}  // namespace assay
