// What becomes of bytes that are no text, held against the replacement that the Unicode standard recommends (3.9,
// U+FFFD for each maximal subpart).
#include "bench/base/text.h"

#include <gtest/gtest.h>

namespace assay::bench {
namespace {

TEST(ValidUtf8, LeavesTextAsItIs) {
  for (const char* text :
       {"", "plain", "µs – 漢", "\xf0\x9f\x98\x80", "\xef\xbf\xbe", "\xf4\x8f\xbf\xbf", "a\n\tb\x01"})
    EXPECT_EQ(valid_utf8(text), text);
  EXPECT_EQ(valid_utf8(std::string_view("a\0b", 3)), std::string("a\0b", 3));
}

TEST(ValidUtf8, ReplacesWhatIsNone) {
  const struct {
    const char *bytes, *expected;
  } table[] = {
      {"\xff", "\xef\xbf\xbd"},
      {"a\x80z", "a\xef\xbf\xbdz"},
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                  // overlong: neither byte starts a sequence
      {"\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // overlong
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // the surrogate U+D800
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // beyond U+10FFFF
      {"\xe2\x82", "\xef\xbf\xbd"},                                              // cut off: one subpart
      {"\xe2\x82z", "\xef\xbf\xbdz"},
      {"\xf0\x9f\x98\xc2\xb5", "\xef\xbf\xbd\xc2\xb5"},
  };
  for (const auto& [bytes, expected] : table) EXPECT_EQ(valid_utf8(bytes), expected) << testing::PrintToString(bytes);
}

TEST(OneLine, HoldsNoControlCharacter) {
  EXPECT_EQ(one_line("a\nb\r\tc\x1b[31m\x7f µ \xff"), "a b  c\xef\xbf\xbd[31m\xef\xbf\xbd µ \xef\xbf\xbd");
}

}  // namespace
}  // namespace assay::bench
