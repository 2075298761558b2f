// What targets have in common.
#include "golden/fuzz/target.h"

#include <fmt/format.h>

#include <stdexcept>

#include "golden/text.h"

namespace assay::fuzz {

void require(bool holds, std::string_view what) {
  if (!holds) throw std::logic_error(fmt::format("broken: {}", what));
}

void require_sentence(std::string_view message) {
  constexpr std::size_t longest = 1000;  // names and numbers in messages are cut, so that a few of them take less
  require(!message.empty() && message.size() <= longest, "a message is empty or longer than 1000 bytes");
  require(!find_invalid_utf8(message), "a message is not UTF-8");
  require(on_one_line(message) == message, "a message has a control character or a line break");
}

}  // namespace assay::fuzz
