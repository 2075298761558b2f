// The safetensors reader on any bytes. What it accepts must be exactly what the file holds, and survive the writer.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "golden/fuzz/target.h"
#include "golden/safetensors.h"
#include "golden/text.h"

namespace assay::fuzz {
namespace {

using namespace std::string_literals;

constexpr std::size_t length_bytes = 8;

std::string file_of(std::string_view header, std::string_view data = "") {
  const std::uint64_t length = header.size();
  std::string file(length_bytes, '\0');
  std::memcpy(file.data(), &length, length_bytes);
  return file.append(header).append(data);
}

std::string entry(std::string_view name, std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape, offsets);
}

std::vector<std::string> seeds() {
  const std::string one = entry("a", "F32", "[1]", "[0,4]");
  std::string nested = "{\"a\":";
  for (int i = 0; i < 300; ++i) nested += "[{\"a\":";
  return {
      "",
      "\x02\0\0\0\0\0\0\0"s,
      "\xff\xff\xff\xff\xff\xff\xff\xff{}"s,
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
      file_of("{}"),
      file_of(" {\t} \r\n"),
      file_of("{}{}"),
      file_of("{\"a"),
      file_of("{}\0"s),
      file_of("\xef\xbb\xbf{}"),
      file_of("{\"\xed\xa0\x80\":1}"),
      file_of(R"({"\ud83d\ude00":1,"\ud800":1})"),
      file_of(R"({"__metadata__":{"":"","k":"\u001b[31m\u0000"}})"),
      file_of(R"({"__metadata__":{"k":"1","\u006b":"2"}})"),
      file_of(R"({"__metadata__":null})"),
      file_of(R"({"__metadata__":{"k":1e400}})"),
      file_of("{" + one + "}", "1234"),
      file_of(R"({"__metadata__":{"operator":"x"},)" + one + "," + entry("b", "F64", "[2,0]", "[4,4]") + "," +
                  entry("c", "I64", "[]", "[4,12]") + "," + entry("d", "BOOL", "[3,1]", "[12,15]") + "," +
                  entry("e", "U8", "[1,1,1,1,1,1,1,2]", "[15,17]") + "}",
              "1234abcdefgh\x01\0\x01zz"s),
      file_of("{" + entry("b", "F32", "[1]", "[4,8]") + "," + one + "}", "aaaabbbb"),
      file_of("{" + one + "," + entry("b", "F32", "[1]", "[2,6]") + "}", "123456"),
      file_of("{" + one + "," + entry("a", "U8", "[0]", "[4,4]") + "}", "1234"),
      file_of("{" + entry("../a", "U8", "[0]", "[0,0]") + "}"),
      file_of("{" + entry("a\\u0000", "U8", "[0]", "[0,0]") + "}"),
      file_of("{" + entry("a", "BOOL", "[2]", "[0,2]") + "}", "\x01\x02"),
      file_of("{" + entry("a", "BF16", "[2]", "[0,4]") + "}", "1234"),
      file_of("{" + entry("a", "F32", "[0,281474976710656,65536]", "[0,0]") + "}"),
      file_of("{" + entry("a", "F64", "[4294967296,4294967296]", "[0,0]") + "}"),
      file_of("{" + entry("a", "F32", "[-1,1.5,1e400]", "[0,4]") + "}", "1234"),
      file_of("{" + entry("a", "F32", "[1]", "[18446744073709551612,18446744073709551616]") + "}", "1234"),
      file_of(R"({"a":{"stride":[1]}})"),
      file_of(R"({"a":["F32",[1],[0,4]]})", "1234"),
      file_of(nested),
      // What follows a number was taken for a part of it, and came into the message as it was.
      file_of(R"({"__metadata__":{"k":1)"
              "\x1b[31m"
              R"(}})"),
      file_of("{" + entry("a", "F32", "[-1\x1b[31m]", "[0,4]") + "}", "1234"),
  };
}

constexpr std::array<std::string_view, 32> words = {R"("__metadata__":{)",
                                                    R"("dtype":)",
                                                    R"("shape":)",
                                                    R"("data_offsets":)",
                                                    R"("F32")",
                                                    R"("F64")",
                                                    R"("I64")",
                                                    R"("U8")",
                                                    R"("BOOL")",
                                                    R"("BF16")",
                                                    "[0,4]",
                                                    "[0,8]",
                                                    "[4,8]",
                                                    "[]",
                                                    "[1]",
                                                    "[0]",
                                                    "{}",
                                                    "null",
                                                    "true",
                                                    "-1",
                                                    "\\u0000",
                                                    "\\u0061",
                                                    "\\ud800",
                                                    "../",
                                                    "\"\"",
                                                    ",",
                                                    R"("a":{)",
                                                    R"("b":{)",
                                                    "}",
                                                    "\xef\xbb\xbf",
                                                    "\xed\xa0\x80",
                                                    "281474976710656"};

/// Where the JSON object that starts at `from` ends, or npos.
std::size_t object_end(std::string_view text, std::size_t from) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = from; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c == '"') quoted = false;
      continue;
    }
    quoted = c == '"';
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    if (depth == 0 && c == '}') return at + 1;
  }
  return std::string_view::npos;
}

/// The largest offset that a header speaks of; nothing if it is not one or the number is absurd.
std::optional<std::size_t> data_size(const nlohmann::json& header) {
  if (!header.is_object()) return std::nullopt;
  constexpr std::size_t most = 1024;
  std::size_t size = 0;
  for (const auto& item : header) {
    if (!item.is_object() || !item.contains("data_offsets")) continue;
    for (const auto& offset : item["data_offsets"]) {
      if (!offset.is_number_unsigned() || offset.get<std::uint64_t>() > most) return std::nullopt;
      size = std::max(size, offset.get<std::size_t>());
    }
  }
  return size;
}

/// Sets the header's length, and cuts or pads the data to what the header speaks of.
void repair(std::string& input) {
  const std::size_t end = object_end(input, length_bytes);
  if (end == std::string_view::npos) return;
  const std::uint64_t length = end - length_bytes;
  std::memcpy(input.data(), &length, length_bytes);
  const auto header = nlohmann::json::parse(std::string_view(input).substr(length_bytes, length), nullptr, false);
  if (const auto size = data_size(header)) input.resize(end + *size, '\0');
}

std::string_view elements(const TensorRef& tensor) {
  return {static_cast<const char*>(tensor.data), static_cast<std::size_t>(assay::bytes_of(tensor))};
}

/// The tensors, in their order, must be the file's data from the first byte to the last.
void require_whole(std::string_view input, const SafetensorsFile& file) {
  std::uint64_t length = 0;
  std::memcpy(&length, input.data(), length_bytes);
  require(length <= input.size() - length_bytes, "the header is longer than the file");
  std::string_view data = input.substr(length_bytes + length);
  for (const NamedTensor& named : file.tensors()) {
    const std::string_view own = elements(named.tensor);
    require(reinterpret_cast<std::uintptr_t>(own.data()) % 64 == 0, "elements do not start on a cache line");
    require(data.starts_with(own), "a tensor's elements are not the file's next bytes");
    data.remove_prefix(own.size());
  }
  require(data.empty(), "bytes are left that belong to no tensor");
}

void require_sound(const SafetensorsFile& file) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : file.tensors()) {
    require(!name.empty() && name.find('\0') == std::string::npos && name.find("../") == std::string::npos &&
                !find_invalid_utf8(name) && name != "__metadata__",
            "a tensor has a name that is refused elsewhere");
    require(names.insert(name).second, "two tensors have one name");
    require(file.find(name) != nullptr && file.find(name)->data == tensor.data, "a tensor is not found by its name");
    require(checked_elements(tensor.shape).has_value(), "a shape has more elements than can be counted");
    for (const std::int64_t extent : tensor.shape)
      require(extent >= 0 && extent <= std::int64_t{1} << 48, "an extent is beyond the limit");
    if (tensor.dtype == DType::boolean)
      require(elements(tensor).find_first_not_of("\0\1"s) == std::string_view::npos, "a BOOL is neither 0 nor 1");
  }
  for (const auto& [key, value] : file.metadata())
    require(!find_invalid_utf8(key) && !find_invalid_utf8(value), "metadata are not UTF-8");
}

/// What was read can be written, reads back the same, and is written the same again.
void require_round_trip(const SafetensorsFile& file) {
  const std::string written = pack_safetensors(file.metadata(), file.tensors(), "g");
  const SafetensorsFile back = SafetensorsFile::parse(bytes_of(written), "g");
  require(back.metadata() == file.metadata(), "metadata do not survive the writer");
  require(back.tensors().size() == file.tensors().size(), "the number of tensors does not survive the writer");
  for (const auto& [name, tensor] : file.tensors()) {
    const TensorRef* const found = back.find(name);
    require(found != nullptr, "a name does not survive the writer");
    require(found->dtype == tensor.dtype && found->shape == tensor.shape, "a shape does not survive the writer");
    require(elements(*found) == elements(tensor), "elements do not survive the writer");
  }
  require(pack_safetensors(back.metadata(), back.tensors(), "g") == written, "writing again gives other bytes");
}

/// "f, byte N…" with a byte that is in the file, or just after it.
void require_place(std::string_view message, std::size_t size) {
  constexpr std::string_view start = "f, byte ";
  require(message.starts_with(start), "a refusal does not name the file and a byte");
  std::size_t byte = 0;
  const auto [stop, error] = std::from_chars(message.data() + start.size(), message.data() + message.size(), byte);
  require(error == std::errc() && byte <= size, "a refusal names a byte that the file does not have");
  require(stop != message.data() + message.size() && (*stop == ':' || *stop == ','), "a refusal says no reason");
}

bool accepts(std::string_view input) {
  std::optional<SafetensorsFile> file;
  try {
    file = SafetensorsFile::parse(bytes_of(input), "f");
  } catch (const InvalidArgument& refusal) {
    require_sentence(refusal.what());
    require_place(refusal.what(), input.size());
    return false;
  }
  require_whole(input, *file);
  require_sound(*file);
  require_round_trip(*file);
  return true;
}

}  // namespace

const Target target = {seeds, words, repair, accepts};

}  // namespace assay::fuzz
