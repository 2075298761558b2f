// What is UTF-8, and that no text can drive a terminal, break a line or turn the direction of writing.
#include "golden/text.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Text, OnlyShortestFormsOfCharactersAreUtf8) {
  for (const char* good : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_EQ(find_invalid_utf8(good), std::nullopt) << on_one_line(good);
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf",
                          "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"})
    EXPECT_EQ(find_invalid_utf8(std::string("ab") + bad), 2u) << on_one_line(bad);
}

TEST(Text, IsShownWithoutItsControlCharacters) {
  struct Row {
    std::string text, shown;
  };
  const Row rows[] = {
      {std::string(1, '\0'), "\\u0000"},
      {"\x1b[31m", "\\u001b[31m"},
      {"\x1f\x20", "\\u001f "},
      {"\n\r\t", "\\u000a\\u000d\\u0009"},
      {"~\x7f", "~\\u007f"},
      {"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\u0080\\u009b\\u009f\xc2\xa0"},   // to Latin-1's controls' end
      {"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xa7\\u2028\\u2029"},  // line and paragraph separators
      {"\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf", "\\u202a\\u202e\xe2\x80\xaf"},  // overrides of direction
      {"\xe2\x81\xa5\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa", "\xe2\x81\xa5\\u2066\\u2069\xe2\x81\xaa"},  // isolates
      {"\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90", "\xe2\x80\x8d\\u200e\\u200f\xe2\x80\x90"},  // marks
      {"gr\xc3\xb6\xc3\x9f"
       "e \xe2\x98\x83 \xf0\x9f\x98\x80",
       "gr\xc3\xb6\xc3\x9f"
       "e \xe2\x98\x83 \xf0\x9f\x98\x80"},
      {"\xff\xc2", "\\xff\\xc2"},
      {"C:\\a\"b", "C:\\a\"b"},
  };
  for (const auto& [text, shown] : rows) EXPECT_EQ(on_one_line(text), shown);
}

TEST(Text, InQuotesIsEscapedAndCut) {
  EXPECT_EQ(in_quotes(""), R"("")");
  EXPECT_EQ(in_quotes("a\"\\\n\x1f\xff\xe2\x80\xae"), R"("a\"\\\u000a\u001f\xff\u202e")");
  EXPECT_EQ(in_quotes(std::string(80, 'a')), '"' + std::string(80, 'a') + '"');
  EXPECT_EQ(in_quotes(std::string(81, 'a')), '"' + std::string(80, 'a') + "...\"");
  EXPECT_EQ(in_quotes(std::string(79, 'a') + "\xc3\xa9"), '"' + std::string(79, 'a') + "...\"");  // no half characters
}

}  // namespace
}  // namespace assay
