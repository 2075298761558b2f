// Text from outside (arguments, file names, messages of libraries) made fit for files. Such text may hold any bytes.
#pragma once

#include <string>
#include <string_view>

namespace assay::bench {

/// The text as UTF-8: U+FFFD stands for each part that is none, surrogates included.
std::string valid_utf8(std::string_view text);

/// valid_utf8(), and on one line: U+FFFD stands for each control character too, a space for tabs and line ends.
std::string one_line(std::string_view text);

}  // namespace assay::bench
