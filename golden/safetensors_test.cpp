// The safetensors reader against files that lie, each with the exact sentence it is refused with, and the reader and
// the writer against each other. The tables name the part of the file that is wrong; the rest of it is right.
#include "golden/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "golden/text.h"

namespace assay {
namespace {

using namespace std::string_literals;

/// The bytes of a file: the header's length, the header, the data.
std::string file_of(std::string_view header, std::string_view data = "") {
  const std::uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file.append(header).append(data);
}

SafetensorsFile parse(std::string_view file) { return SafetensorsFile::parse(std::as_bytes(std::span(file)), "f"); }

/// The sentence `action` is refused with.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal_of(std::string_view file) {
  return refusal([&] { parse(file); });
}

/// A header's entry for the tensor "a"; by default it is four bytes of F32.
std::string entry(std::string_view dtype = R"("F32")", std::string_view shape = "[1]",
                  std::string_view offsets = "[0,4]") {
  return fmt::format(R"("a":{{"dtype":{},"shape":{},"data_offsets":{}}})", dtype, shape, offsets);
}

struct Row {
  std::string part;
  std::string message;
};

TEST(SafetensorsRefuses, FilesTooShortForTheirHeader) {
  const std::string length(8, '\0');
  EXPECT_EQ(refusal_of(""), "f, byte 0: the file has 0 bytes, too few for the length of a header");
  EXPECT_EQ(refusal_of(length.substr(1)), "f, byte 0: the file has 7 bytes, too few for the length of a header");
  EXPECT_EQ(refusal_of("\x03\0\0\0\0\0\0\0{}"s), "f, byte 0: the header claims 3 bytes, but 2 follow");
  EXPECT_EQ(refusal_of("\0\xe1\xf5\x05\0\0\0\0{}"s), "f, byte 0: the header claims 100000000 bytes, but 2 follow");
  EXPECT_EQ(refusal_of("\x01\xe1\xf5\x05\0\0\0\0{}"s),
            "f, byte 0: the header claims 100000001 bytes, more than the 100000000 allowed");
  EXPECT_EQ(refusal_of("\xff\xff\xff\xff\xff\xff\xff\xff{}"),
            "f, byte 0: the header claims 18446744073709551615 bytes, more than the 100000000 allowed");
}

TEST(SafetensorsRefuses, GitLfsPointers) {
  EXPECT_EQ(refusal_of("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
            "f, byte 0: this is a Git-LFS pointer, not the file it stands for; fetch that with \"git lfs pull\"");
}

TEST(SafetensorsRefuses, HeadersThatAreNotOneJsonObject) {
  const Row rows[] = {
      {"", "f, byte 8: the header is empty"},
      {" \t\r\n", "f, byte 8: the header is empty"},
      {"null", "f, byte 8: the header is not a JSON object"},
      {"  []", "f, byte 10: the header is not a JSON object"},
      {R"("a")", "f, byte 8: the header is not a JSON object"},
      {"\xef\xbb\xbf{}", "f, byte 8: the header is not a JSON object"},  // a byte order mark
      {"//\n{}", "f, byte 8: the header is not a JSON object"},
      {"{/**/}", R"(f, byte 9: the header is not valid JSON at "/")"},
      {"{", "f, byte 9: the header's JSON is cut short"},
      {R"({"a)", "f, byte 11: the header's JSON is cut short"},
      {R"({"a":)", "f, byte 13: the header's JSON is cut short"},
      {"{}}", R"(f, byte 10: the header is not valid JSON at "}")"},
      {"{}{}", R"(f, byte 10: the header is not valid JSON at "{")"},
      {"{} x", R"(f, byte 11: the header is not valid JSON at "x")"},
      {"{} \x7f", R"(f, byte 11: the header is not valid JSON at "\u007f")"},
      {"{,}", R"(f, byte 9: the header is not valid JSON at ",")"},
      {"{a:1}", R"(f, byte 9: the header is not valid JSON at "a")"},
      {R"({"a" 1})", R"(f, byte 13: the header is not valid JSON at "1")"},
      {R"({"a":nul})", R"(f, byte 16: the header is not valid JSON at "}")"},
      {R"({"__metadata__":{},})", R"(f, byte 27: the header is not valid JSON at "}")"},
      {R"({"\x":1})", R"(f, byte 11: the header is not valid JSON at "x")"},
      {R"({"\ud800":1})", R"(f, byte 16: the header is not valid JSON at "\"")"},  // half a surrogate pair
      {"{\"a\nb\":1}", R"(f, byte 11: the header is not valid JSON at "\u000a")"},
      {"{}\0"s, "f, byte 10: the header contains NUL"},
      {"{\0}"s, "f, byte 9: the header contains NUL"},
  };
  for (const auto& [header, message] : rows) EXPECT_EQ(refusal_of(file_of(header)), message);
}

TEST(SafetensorsRefuses, TextThatIsNotUtf8) {
  const Row rows[] = {
      {"\xff", "a byte that never occurs"},    {"\x80", "a continuation without its lead"},
      {"\xc0\xaf", "two bytes for '/'"},       {"\xe0\x80\xaf", "three bytes for '/'"},
      {"\xf0\x80\x80\xaf", "four for it"},     {"\xed\xa0\x80", "a surrogate"},
      {"\xf4\x90\x80\x80", "beyond U+10FFFF"}, {"\xe2\x82", "a sequence cut short"},
  };
  for (const auto& [bytes, why] : rows)
    EXPECT_EQ(refusal_of(file_of("{\"" + bytes + "\":{}}")), "f, byte 10: the header is not UTF-8") << why;
}

TEST(SafetensorsRefuses, MetadataThatAreNotStrings) {
  const Row rows[] = {
      {"null", "f, byte 24: __metadata__ must be an object of strings, not null"},
      {"[]", "f, byte 24: __metadata__ must be an object of strings, not an array"},
      {"\"x\"", R"(f, byte 24: __metadata__ must be an object of strings, not "x")"},
      {"7", "f, byte 24: __metadata__ must be an object of strings, not 7"},
      {R"({"k":1})", R"(f, byte 29: metadata "k" must be a string, not 1)"},
      {R"({"k":-1})", R"(f, byte 29: metadata "k" must be a string, not -1)"},
      {R"({"k":1.5e3})", R"(f, byte 29: metadata "k" must be a string, not 1.5e3)"},
      {"{\"k\":1\x1b[31m}", R"(f, byte 29: metadata "k" must be a string, not 1)"},  // not what follows the number
      {R"({"k":null})", R"(f, byte 29: metadata "k" must be a string, not null)"},
      {R"({"k":true})", R"(f, byte 29: metadata "k" must be a string, not true)"},
      {R"({"k":{}})", R"(f, byte 29: metadata "k" must be a string, not an object)"},
      {R"({"k":[]})", R"(f, byte 29: metadata "k" must be a string, not an array)"},
      {R"({"k":"1","k":"2"})", R"(f, byte 33: the metadata key "k" appears twice)"},
      {R"({"k":"1","\u006b":"2"})", R"(f, byte 33: the metadata key "k" appears twice)"},
      {R"({},"__metadata__":{})", "f, byte 27: __metadata__ appears twice"},
      {R"({},"\u005f_metadata__":{})", "f, byte 27: __metadata__ appears twice"},
  };
  for (const auto& [metadata, message] : rows)
    EXPECT_EQ(refusal_of(file_of(R"({"__metadata__":)" + metadata + "}")), message);
}

TEST(SafetensorsRefuses, NamesThatAreDangerousOrAppearTwice) {
  const std::string good = R"({"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  const Row rows[] = {
      {R"("")", "f, byte 9: a tensor's name is empty"},
      {R"("a\u0000b")", R"(f, byte 9, tensor "a\u0000b": the name contains NUL)"},
      {R"("../a")", R"(f, byte 9, tensor "../a": the name contains "../")"},
      {R"("in/../../etc")", R"(f, byte 9, tensor "in/../../etc": the name contains "../")"},
      {R"("..\/a")", R"(f, byte 9, tensor "../a": the name contains "../")"},
      {R"("b":)" + good + R"(,"b")", R"(f, byte 61, tensor "b": the name appears twice)"},
      {R"("b":)" + good + R"(,"\u0062")", R"(f, byte 61, tensor "b": the name appears twice)"},
  };
  for (const auto& [name, message] : rows) EXPECT_EQ(refusal_of(file_of("{" + name + ":" + good + "}")), message);
}

TEST(SafetensorsRefuses, EntriesThatAreNotWhole) {
  const std::string wanted =
      R"(f, byte 13, tensor "a": the entry must be an object with dtype, shape and data_offsets, )";
  const Row rows[] = {
      {"null", wanted + "not null"},
      {"0", wanted + "not 0"},
      {"false", wanted + "not false"},
      {"1e400", wanted + "not 1e400"},
      {R"("F32")", wanted + R"(not "F32")"},
      {R"(["F32",[1],[0,4]])", wanted + "not an array"},
      {"{}", R"(f, byte 13, tensor "a": the entry has no dtype)"},
      {R"({"shape":[1],"data_offsets":[0,4]})", R"(f, byte 13, tensor "a": the entry has no dtype)"},
      {R"({"dtype":"F32","data_offsets":[0,4]})", R"(f, byte 13, tensor "a": the entry has no shape)"},
      {R"({"dtype":"F32","shape":[1]})", R"(f, byte 13, tensor "a": the entry has no data_offsets)"},
      {R"({"stride":[1]})",
       R"(f, byte 14, tensor "a": the field "stride" is not one of dtype, shape and data_offsets)"},
      {R"({"Dtype":"F32"})",
       R"(f, byte 14, tensor "a": the field "Dtype" is not one of dtype, shape and data_offsets)"},
      {R"({"":"F32"})", R"(f, byte 14, tensor "a": the field "" is not one of dtype, shape and data_offsets)"},
      {R"({"dtype":"F32","dtype":"F32"})", R"(f, byte 28, tensor "a": the field dtype appears twice)"},
      {R"({"shape":[1],"shape":[1]})", R"(f, byte 26, tensor "a": the field shape appears twice)"},
      {R"({"shape":[1],"\u0073hape":[1]})", R"(f, byte 26, tensor "a": the field shape appears twice)"},
  };
  for (const auto& [value, message] : rows) EXPECT_EQ(refusal_of(file_of("{\"a\":" + value + "}", "1234")), message);
}

TEST(SafetensorsRefuses, Dtypes) {
  const Row rows[] = {
      {R"("BF16")", R"(the dtype "BF16" is not one of BOOL, U8, I32, I64, F32 and F64)"},
      {R"("F16")", R"(the dtype "F16" is not one of BOOL, U8, I32, I64, F32 and F64)"},
      {R"("U32")", R"(the dtype "U32" is not one of BOOL, U8, I32, I64, F32 and F64)"},
      {R"("f32")", R"(the dtype "f32" is not one of BOOL, U8, I32, I64, F32 and F64)"},
      {R"("F32 ")", R"(the dtype "F32 " is not one of BOOL, U8, I32, I64, F32 and F64)"},
      {R"("")", R"(the dtype "" is not one of BOOL, U8, I32, I64, F32 and F64)"},
      {"null", "dtype must be a string, not null"},
      {"32", "dtype must be a string, not 32"},
      {R"(["F32"])", "dtype must be a string, not an array"},
      {R"({"F32":null})", "dtype must be a string, not an object"},
  };
  for (const auto& [dtype, message] : rows)
    EXPECT_EQ(refusal_of(file_of("{" + entry(dtype) + "}", "1234")), R"(f, byte 22, tensor "a": )" + message);
}

TEST(SafetensorsRefuses, Shapes) {
  const Row rows[] = {
      {"1", "byte 36, tensor \"a\": shape must be an array of dimensions, not 1"},
      {"null", "byte 36, tensor \"a\": shape must be an array of dimensions, not null"},
      {R"("1")", "byte 36, tensor \"a\": shape must be an array of dimensions, not \"1\""},
      {"{}", "byte 36, tensor \"a\": shape must be an array of dimensions, not an object"},
      {"[-1]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not -1"},
      {"[-0]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not -0"},
      {"[1.0]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not 1.0"},
      {"[ 1e0]", "byte 38, tensor \"a\": a dimension must be a non-negative 64-bit integer, not 1e0"},
      {"[1e400]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not 1e400"},
      {"[1 , \"1\"]", "byte 41, tensor \"a\": a dimension must be a non-negative 64-bit integer, not \"1\""},
      {"[-1\x1b[31m]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not -1"},
      {"[null]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not null"},
      {"[true]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not true"},
      {"[{}]", "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not an object"},
      {"[01]", "byte 38: the header is not valid JSON at \"1\""},
      {"[1,]", "byte 39: the header is not valid JSON at \"]\""},
      {"[281474976710657]", "byte 37, tensor \"a\": the dimension 281474976710657 is more than 2^48 = 281474976710656"},
      {"[0,18446744073709551615]",
       "byte 39, tensor \"a\": the dimension 18446744073709551615 is more than 2^48 = 281474976710656"},
      {"[18446744073709551616]",
       "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not 18446744073709551616"},
      {"[" + std::string(50, '7') + "]",
       "byte 37, tensor \"a\": a dimension must be a non-negative 64-bit integer, not " + std::string(40, '7') + "..."},
      {"[1,1,1,1,1,1,1,1,1]", "byte 53, tensor \"a\": the shape has more than 8 dimensions"},
      {"[4294967296,4294967296]",
       "byte 36, tensor \"a\": the elements of shape [4294967296, 4294967296] are too many to count"},
      {"[0,281474976710656,65536]",
       "byte 36, tensor \"a\": the elements of shape [0, 281474976710656, 65536] are too many to count"},
      {"[281474976710656,65536,0]",
       "byte 36, tensor \"a\": the elements of shape [281474976710656, 65536, 0] are too many to count"},
      {"[2]", "byte 55, tensor \"a\": F32 of shape [2] takes 8 bytes, not the 4 from 0 to 4"},
      {"[0]", "byte 55, tensor \"a\": F32 of shape [0] takes 0 bytes, not the 4 from 0 to 4"},
  };
  for (const auto& [shape, message] : rows)
    EXPECT_EQ(refusal_of(file_of("{" + entry("\"F32\"", shape) + "}", "1234")), "f, " + message);
}

TEST(SafetensorsRefuses, Offsets) {
  const Row rows[] = {
      {"4", "byte 55, tensor \"a\": data_offsets must be an array of two offsets, not 4"},
      {"null", "byte 55, tensor \"a\": data_offsets must be an array of two offsets, not null"},
      {"\"0-4\"", "byte 55, tensor \"a\": data_offsets must be an array of two offsets, not \"0-4\""},
      {"{\"begin\":0}", "byte 55, tensor \"a\": data_offsets must be an array of two offsets, not an object"},
      {"[]", "byte 56, tensor \"a\": data_offsets has 0 of two offsets"},
      {"[4]", "byte 57, tensor \"a\": data_offsets has 1 of two offsets"},
      {"[0,4,8]", "byte 60, tensor \"a\": data_offsets has more than two offsets"},
      {"[-4,0]", "byte 56, tensor \"a\": an offset must be a non-negative 64-bit integer, not -4"},
      {"[0,4.0]", "byte 58, tensor \"a\": an offset must be a non-negative 64-bit integer, not 4.0"},
      {"[0,\"4\"]", "byte 58, tensor \"a\": an offset must be a non-negative 64-bit integer, not \"4\""},
      {"[0,[4]]", "byte 58, tensor \"a\": an offset must be a non-negative 64-bit integer, not an array"},
      {"[4,0]", "byte 55, tensor \"a\": the data begin at 4 after their end at 0"},
      {"[0,3]", "byte 55, tensor \"a\": F32 of shape [1] takes 4 bytes, not the 3 from 0 to 3"},
      {"[1,5]", "byte 55, tensor \"a\": the data begin at 1, leaving a gap after 0"},
      {"[18446744073709551611,18446744073709551615]",
       "byte 55, tensor \"a\": the data begin at 18446744073709551611, leaving a gap after 0"},
  };
  for (const auto& [offsets, message] : rows)
    EXPECT_EQ(refusal_of(file_of("{" + entry("\"F32\"", "[1]", offsets) + "}", "1234")), "f, " + message);
}

TEST(SafetensorsRefuses, DataThatTensorsDoNotCover) {
  const auto two = [](std::string_view offsets) {  // "a" at [0,4] and "b"
    return fmt::format(R"({{{},"b":{{"dtype":"F32","shape":[1],"data_offsets":{}}}}})", entry(), offsets);
  };
  const std::string one = "{" + entry() + "}";
  const std::string empty = "{" + entry("\"F32\"", "[0]", "[1,1]") + "}";
  const std::string b = R"(f, byte 108, tensor "b": )";
  EXPECT_EQ(refusal_of(file_of("{}", "1")), "f, byte 10: the tensors end here, but the file ends at byte 11");
  EXPECT_EQ(refusal_of(file_of(one, "12345")), "f, byte 66: the tensors end here, but the file ends at byte 67");
  EXPECT_EQ(refusal_of(file_of(one, "123")),
            R"(f, byte 55, tensor "a": the data end at 4, but the file has 3 bytes of data)");
  EXPECT_EQ(refusal_of(file_of(empty, "1")), R"(f, byte 55, tensor "a": the data begin at 1, leaving a gap after 0)");
  EXPECT_EQ(refusal_of(file_of(two("[8,12]"), std::string(12, '0'))), b + "the data begin at 8, leaving a gap after 4");
  EXPECT_EQ(refusal_of(file_of(two("[2,6]"), "123456")), b + "the data begin at 2, overlapping those up to 4");
  EXPECT_EQ(refusal_of(file_of(two("[0,4]"), "1234")), b + "the data begin at 0, overlapping those up to 4");
}

TEST(SafetensorsRefuses, BoolsOtherThanZeroAndOne) {
  const std::string header = "{" + entry("\"BOOL\"", "[4]") + "}";
  EXPECT_EQ(refusal_of(file_of(header, "\x01\0\x02\x01"s)),
            R"(f, byte 65, tensor "a": a BOOL element is 2, neither 0 nor 1)");
  EXPECT_EQ(refusal_of(file_of(header, "\xff\0\0\0"s)),
            R"(f, byte 63, tensor "a": a BOOL element is 255, neither 0 nor 1)");
}

TEST(SafetensorsRefuses, DeepNestingAtItsFirstLevel) {
  EXPECT_EQ(refusal_of(file_of("{" + entry("\"F32\"", std::string(1'000'000, '[')) + "}")),
            R"(f, byte 37, tensor "a": a dimension must be a non-negative 64-bit integer, not an array)");
  std::string objects = "{\"__metadata__\":";
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_EQ(refusal_of(file_of(objects)), R"(f, byte 29: metadata "a" must be a string, not an object)");
}

TEST(SafetensorsRefuses, WithoutHandingTheTerminalToTheFile) {
  EXPECT_EQ(in_quotes("\x1b[31m\n\"\\\x7f\xc2\x9b\xff é"), R"("\u001b[31m\u000a\"\\\u007f\u009b\xff é")");
  EXPECT_EQ(in_quotes(std::string(79, 'a') + "é"), '"' + std::string(79, 'a') + "...\"");
  EXPECT_EQ(in_quotes(std::string(80, 'a')), '"' + std::string(80, 'a') + '"');
}

TEST(SafetensorsAccepts, WhatOnlyLooksWrong) {
  EXPECT_TRUE(parse(file_of("{}")).tensors().empty());
  EXPECT_TRUE(parse(file_of(" \n\t{ } \r\n")).tensors().empty());
  EXPECT_TRUE(parse(file_of(R"({"__metadata__":{}})")).metadata().empty());
  EXPECT_EQ(parse(file_of(R"({"__metadata__":{"":"","k":"\ud83d\ude00"}})")).metadata().at("k"), "\U0001F600");
  EXPECT_NE(parse(file_of("{" + entry("\"F32\"", "[ 1 ]", "[0\n, 4]") + "}", "1234")).find("a"), nullptr);
  EXPECT_NE(parse(file_of("{" + entry("\"U8\"", "[0,281474976710656]", "[0,0]") + "}")).find("a"), nullptr);
}

TEST(SafetensorsAccepts, EntriesInAnyOrderAndGivesThemInTheirDatas) {
  const SafetensorsFile file = parse(file_of(R"({"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},)" + entry() +
                                                 R"(,"none":{"dtype":"F64","shape":[3,0],"data_offsets":[4,4]}})",
                                             "aaaabbbb"));
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[1].name, "none");
  EXPECT_EQ(file.tensors()[2].name, "b");
  EXPECT_EQ(std::memcmp(file.find("b")->data, "bbbb", 4), 0);
  EXPECT_EQ(file.find("none")->shape, (Shape{3, 0}));
  EXPECT_EQ(file.find("c"), nullptr);
}

TEST(SafetensorsAccepts, I32InThePlaceOfI64) {
  const std::vector<std::int32_t> given = {0, -1, 2147483647, -2147483647 - 1, 7};
  const std::string data(reinterpret_cast<const char*>(given.data()), given.size() * sizeof given[0]);
  const SafetensorsFile file = parse(file_of("{" + entry(R"("I32")", "[5]", "[0,20]") + "}", data));
  const TensorRef& read = *file.find("a");
  EXPECT_EQ(read.dtype, DType::i64);
  const auto* values = static_cast<const std::int64_t*>(read.data);
  EXPECT_EQ(std::vector<std::int64_t>(values, values + 5), std::vector<std::int64_t>(given.begin(), given.end()));
  EXPECT_EQ(parse(file_of("{" + entry(R"("I32")", "[0]", "[0,0]") + "}", "")).find("a")->shape, Shape({0}));
  EXPECT_EQ(refusal_of(file_of("{" + entry(R"("I32")", "[1]", "[0,8]") + "}", "12345678")),
            "f, byte 55, tensor \"a\": I32 of shape [1] takes 4 bytes, not the 8 from 0 to 8");
}

TEST(SafetensorsAccepts, DataAtAnyAlignment) {
  const double value = 0x1.23456789abcdep+7;
  const std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    const std::string header =
        fmt::format(R"({{{},"b":{{"dtype":"F64","shape":[],"data_offsets":[{},{}]}}}})",
                    entry("\"U8\"", fmt::format("[{}]", shift), fmt::format("[0,{}]", shift)), shift, shift + 8);
    const SafetensorsFile file = parse(file_of(header, std::string(shift, 'x') + bytes));
    const TensorRef* const b = file.find("b");
    ASSERT_EQ(std::bit_cast<std::uintptr_t>(b->data) % 64, 0u);
    EXPECT_EQ(*static_cast<const double*>(b->data), value);
  }
}

/// Reads a file of which only the tensor "a" is wanted.
SafetensorsFile parse_a(std::string_view file) {
  return SafetensorsFile::parse(std::as_bytes(std::span(file)), "f", [](std::string_view name) { return name == "a"; });
}

TEST(SafetensorsSkips, UnwantedTensorsOfAnyDtype) {
  for (const auto& [dtype, bytes] : {std::pair("F16", 2), std::pair("BF16", 2), std::pair("F8_E4M3", 1),
                                     std::pair("I32", 4), std::pair("U64", 8), std::pair("F32", 4)}) {
    const std::string other =
        fmt::format(R"(,"b":{{"dtype":"{}","shape":[3],"data_offsets":[4,{}]}})", dtype, 4 + 3 * bytes);
    const SafetensorsFile file = parse_a(file_of("{" + entry() + other + "}", std::string(4 + 3 * bytes, '\1')));
    EXPECT_EQ(file.tensors().size(), 1u) << dtype;
    EXPECT_NE(file.find("a"), nullptr) << dtype;
    EXPECT_EQ(file.find("b"), nullptr) << dtype;
  }
}

TEST(SafetensorsSkips, TheElementsOfUnwantedTensors) {
  const std::string header = "{" + entry() + R"(,"b":{"dtype":"BOOL","shape":[1],"data_offsets":[4,5]}})";
  EXPECT_EQ(refusal_of(file_of(header, "1234\2")).find("f, byte "), 0u);
  EXPECT_EQ(refusal([&] { parse_a(file_of(header, "1234\2")); }), "accepted");
}

TEST(SafetensorsSkips, NoCheckOfTheHeader) {
  const auto refusal_with = [](std::string_view dtype, std::string_view offsets) {
    const std::string b = fmt::format(R"(,"b":{{"dtype":"{}","shape":[2],"data_offsets":{}}})", dtype, offsets);
    return refusal([&] { parse_a(file_of("{" + entry() + b + "}", "12345678")); });
  };
  EXPECT_EQ(refusal_with("F16", "[4,8]"), "accepted");
  EXPECT_EQ(refusal_with("F17", "[4,8]"),
            R"(f, byte 75, tensor "b": the dtype "F17" is not one of BOOL, U8, I32, I64, F32 and F64)");
  EXPECT_EQ(refusal_with("F16", "[4,7]"),
            R"(f, byte 108, tensor "b": F16 of shape [2] takes 4 bytes, not the 3 from 4 to 7)");
  EXPECT_EQ(refusal_with("F16", "[3,7]"), R"(f, byte 108, tensor "b": the data begin at 3, overlapping those up to 4)");
}

}  // namespace
}  // namespace assay
