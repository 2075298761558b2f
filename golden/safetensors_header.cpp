// The header's parser: nlohmann's SAX events drive a small state machine, because a parsed document would already have
// lost duplicate keys and built whatever nesting it was given. Start with HeaderReader.
#include "golden/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "golden/text.h"

namespace assay {
namespace {

using Json = nlohmann::json;

constexpr std::string_view i32 = "I32";  // read as I64

struct StoredName {
  std::string_view name;
  DType dtype;
};
constexpr std::array<StoredName, 6> stored_names = {{{"BOOL", DType::boolean},
                                                     {"U8", DType::u8},
                                                     {"I64", DType::i64},
                                                     {i32, DType::i64},
                                                     {"F32", DType::f32},
                                                     {"F64", DType::f64}}};

/// What the format has besides: dtypes of tensors that no one wants.
struct OtherName {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<OtherName, 11> other_names = {{{"I8", 1},
                                                    {"F8_E4M3", 1},
                                                    {"F8_E5M2", 1},
                                                    {"F8_E8M0", 1},
                                                    {"I16", 2},
                                                    {"U16", 2},
                                                    {"F16", 2},
                                                    {"BF16", 2},
                                                    {"U32", 4},
                                                    {"U64", 8},
                                                    {"C64", 8}}};

std::string_view stored_name(const SafetensorsEntry& entry) {
  if (entry.from_i32) return i32;
  return std::ranges::find(stored_names, entry.dtype, &StoredName::dtype)->name;  // every DType is in the table
}

std::uint64_t stored_bytes(const SafetensorsEntry& entry) {
  return entry.from_i32 ? sizeof(std::int32_t) : size_of(entry.dtype);
}

constexpr std::string_view whitespace = " \t\r\n";

/// One past the token that starts at `at`; the parser has already found it to be well-formed.
std::size_t token_end(std::string_view text, std::size_t at) {
  if (text[at] == '"') {
    for (++at; text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
    }
    return at + 1;
  }
  if (std::string_view("{}[]").find(text[at]) != std::string_view::npos) return at + 1;
  // A number or a word. What follows it may be anything, since the parser has not looked at that yet.
  constexpr std::string_view letters = "+-.0123456789Eaeflnrstu";
  return std::min(text.find_first_not_of(letters, at), text.size());
}

/// Follows the header from value to value. Nested arrays and objects need no depth limit: the first one that a header
/// has no place for is refused when it opens.
class HeaderReader final : public nlohmann::json_sax<Json> {
 public:
  HeaderReader(std::string_view text, std::string_view file, const WantedTensors& wanted)
      : text_(text), file_(file), wanted_(wanted) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return scalar("null"); }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override { return number(); }
  bool binary(binary_t&) override { return scalar("binary data"); }  // JSON text has none
  bool number_unsigned(number_unsigned_t value) override;
  bool string(string_t& value) override;
  bool start_object(std::size_t) override;
  bool key(string_t& value) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override;

 private:
  /// The innermost object or array that is open.
  enum class Inside { nothing, header, metadata, entry, shape, data_offsets };

  void advance();
  bool scalar(std::string_view found);
  bool number();
  [[noreturn]] void mismatch(std::string_view found) const;
  [[noreturn]] void refuse(std::size_t at, std::string_view problem) const;
  std::string requirement() const;
  std::string_view token() const { return text_.substr(start_, end_ - start_); }

  void name_tensor(string_t& name);
  void name_field(const string_t& field);
  void take_dtype(const string_t& name);
  void finish_entry();

  std::string_view text_;
  std::string_view file_;
  const WantedTensors& wanted_;
  std::size_t start_ = 0;  // of the token the current event tells of
  std::size_t end_ = 0;
  Inside inside_ = Inside::nothing;
  SafetensorsHeader header_;
  bool has_metadata_ = false;
  std::string metadata_key_;
  std::set<std::string> names_;

  // The entry being read.
  SafetensorsEntry entry_;
  std::set<std::string> fields_;
  std::string field_;
  std::size_t entry_at_ = 0;
  std::size_t shape_at_ = 0;
  std::string dtype_;
  std::uint64_t element_bytes_ = 0;
  std::vector<std::uint64_t> offsets_;
};

/// SAX events carry no position. But every event is one token, and only separators lie between tokens.
void HeaderReader::advance() {
  start_ = text_.find_first_not_of(" \t\r\n,:", end_);
  end_ = token_end(text_, start_);
}

void HeaderReader::refuse(std::size_t at, std::string_view problem) const {
  refuse_safetensors(file_, safetensors_length_bytes + at, entry_.name, problem);
}

/// What the value at this place has to be.
std::string HeaderReader::requirement() const {
  switch (inside_) {
    case Inside::nothing: return "the header must be an object";
    case Inside::header:
      return entry_.name.empty() ? "__metadata__ must be an object of strings"
                                 : "the entry must be an object with dtype, shape and data_offsets";
    case Inside::metadata: return fmt::format("metadata {} must be a string", in_quotes(metadata_key_));
    case Inside::entry:
      return field_ == "dtype"   ? "dtype must be a string"
             : field_ == "shape" ? "shape must be an array of dimensions"
                                 : "data_offsets must be an array of two offsets";
    case Inside::shape: return "a dimension must be a non-negative 64-bit integer";
    case Inside::data_offsets: return "an offset must be a non-negative 64-bit integer";
  }
  return {};
}

void HeaderReader::mismatch(std::string_view found) const {
  refuse(start_, fmt::format("{}, not {}", requirement(), found));
}

bool HeaderReader::scalar(std::string_view found) {
  advance();
  mismatch(found);
}

/// A number that is no non-negative integer of 64 bits. It is shown as the file spells it, cut if long.
bool HeaderReader::number() {
  advance();
  constexpr std::size_t shown = 40;
  mismatch(fmt::format("{}{}", token().substr(0, shown), token().size() > shown ? "..." : ""));
}

bool HeaderReader::number_unsigned(number_unsigned_t value) {
  if (inside_ != Inside::shape && inside_ != Inside::data_offsets) return number();
  advance();
  if (inside_ == Inside::data_offsets) {
    if (offsets_.size() == 2) refuse(start_, "data_offsets has more than two offsets");
    offsets_.push_back(value);
    return true;
  }
  if (value > static_cast<std::uint64_t>(safetensors_max_extent))
    refuse(start_, fmt::format("the dimension {} is more than 2^48 = {}", value, safetensors_max_extent));
  if (entry_.shape.rank() == Shape::max_rank)
    refuse(start_, fmt::format("the shape has more than {} dimensions", Shape::max_rank));
  entry_.shape.push_back(static_cast<std::int64_t>(value));
  return true;
}

bool HeaderReader::string(string_t& value) {
  advance();
  if (inside_ == Inside::metadata) {
    header_.metadata[metadata_key_] = std::move(value);
    return true;
  }
  if (inside_ != Inside::entry || field_ != "dtype") mismatch(in_quotes(value));
  take_dtype(value);
  return true;
}

void HeaderReader::take_dtype(const string_t& name) {
  dtype_ = name;
  if (const auto* const known = std::ranges::find(stored_names, name, &StoredName::name); known != stored_names.end()) {
    entry_.dtype = known->dtype;
    entry_.from_i32 = known->name == i32;
    element_bytes_ = stored_bytes(entry_);
    return;
  }
  const auto* const other = std::ranges::find(other_names, name, &OtherName::name);
  if (entry_.wanted || other == other_names.end())
    refuse(start_, fmt::format("the dtype {} is not one of BOOL, U8, I32, I64, F32 and F64", in_quotes(name)));
  element_bytes_ = other->bytes;
}

bool HeaderReader::start_object(std::size_t) {
  advance();
  if (inside_ == Inside::nothing) {
    inside_ = Inside::header;
  } else if (inside_ == Inside::header) {
    inside_ = entry_.name.empty() ? Inside::metadata : Inside::entry;
    entry_at_ = start_;
  } else {
    mismatch("an object");
  }
  return true;
}

bool HeaderReader::key(string_t& value) {
  advance();
  if (inside_ == Inside::header) {
    name_tensor(value);
  } else if (inside_ == Inside::metadata) {
    if (header_.metadata.contains(value))
      refuse(start_, fmt::format("the metadata key {} appears twice", in_quotes(value)));
    metadata_key_ = std::move(value);
  } else {
    name_field(value);
  }
  return true;
}

void HeaderReader::name_tensor(string_t& name) {
  entry_ = {};
  fields_.clear();
  if (name == safetensors_metadata_key) {
    if (std::exchange(has_metadata_, true)) refuse(start_, "__metadata__ appears twice");
    return;
  }
  entry_.name = name;
  if (const auto problem = safetensors_name_problem(name)) refuse(start_, *problem);
  entry_.wanted = !wanted_ || wanted_(name);
  if (!names_.insert(std::move(name)).second) refuse(start_, "the name appears twice");
}

void HeaderReader::name_field(const string_t& field) {
  if (field != "dtype" && field != "shape" && field != "data_offsets")
    refuse(start_, fmt::format("the field {} is not one of dtype, shape and data_offsets", in_quotes(field)));
  if (!fields_.insert(field).second) refuse(start_, fmt::format("the field {} appears twice", field));
  field_ = field;
}

bool HeaderReader::start_array(std::size_t) {
  advance();
  if (inside_ != Inside::entry || field_ == "dtype") mismatch("an array");
  if (field_ == "shape") {
    inside_ = Inside::shape;
    shape_at_ = start_;
  } else {
    inside_ = Inside::data_offsets;
    offsets_.clear();
    entry_.at = safetensors_length_bytes + start_;
  }
  return true;
}

bool HeaderReader::end_array() {
  advance();
  if (inside_ == Inside::data_offsets && offsets_.size() != 2)
    refuse(start_, fmt::format("data_offsets has {} of two offsets", offsets_.size()));
  inside_ = Inside::entry;
  return true;
}

bool HeaderReader::end_object() {
  advance();
  if (inside_ == Inside::entry) finish_entry();
  inside_ = inside_ == Inside::header ? Inside::nothing : Inside::header;
  return true;
}

/// The checks that need the whole entry, since its fields come in any order.
void HeaderReader::finish_entry() {
  for (const char* const field : {"dtype", "shape", "data_offsets"}) {
    if (!fields_.contains(field)) refuse(entry_at_, fmt::format("the entry has no {}", field));
  }
  if (const auto problem = safetensors_shape_problem(entry_.shape)) refuse(shape_at_, *problem);
  entry_.begin = offsets_[0];
  entry_.end = offsets_[1];
  const std::size_t offsets_at = entry_.at - safetensors_length_bytes;
  if (entry_.begin > entry_.end)
    refuse(offsets_at, fmt::format("the data begin at {} after their end at {}", entry_.begin, entry_.end));
  const auto needed = static_cast<std::uint64_t>(entry_.shape.elements()) * element_bytes_;
  if (entry_.end - entry_.begin != needed)
    refuse(offsets_at,
           fmt::format("{} of shape {} takes {} bytes, not the {} from {} to {}", dtype_, to_string(entry_.shape),
                       needed, entry_.end - entry_.begin, entry_.begin, entry_.end));
  header_.tensors.push_back(std::move(entry_));
}

bool HeaderReader::parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
  constexpr int number_overflow = 406;  // well-formed, but beyond a double; nlohmann tells it as an error
  if (error.id == number_overflow) return number();
  entry_.name.clear();  // the text is broken, not a tensor
  if (position > text_.size()) refuse(text_.size(), "the header's JSON is cut short");
  refuse(position - 1, fmt::format("the header is not valid JSON at {}", in_quotes(text_.substr(position - 1, 1))));
}

/// What nlohmann's parser would let pass: it skips a byte order mark and takes NUL for the end of the text.
void check_text(std::string_view text, std::string_view file) {
  const auto refuse = [&](std::size_t at, std::string_view problem) {
    refuse_safetensors(file, safetensors_length_bytes + at, "", problem);
  };
  if (const auto at = find_invalid_utf8(text)) refuse(*at, "the header is not UTF-8");
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos) refuse(at, "the header contains NUL");
  const std::size_t first = text.find_first_not_of(whitespace);
  if (first == std::string_view::npos) refuse(0, "the header is empty");
  if (text[first] != '{') refuse(first, "the header is not a JSON object");
}

/// Sorts the tensors by their data and requires them to follow one another from the first byte to the last.
void check_cover(std::vector<SafetensorsEntry>& tensors, std::uint64_t header_bytes, std::uint64_t data_bytes,
                 std::string_view file) {
  std::ranges::stable_sort(tensors, {}, [](const SafetensorsEntry& e) { return std::tuple(e.begin, e.end); });
  std::uint64_t covered = 0;
  for (const SafetensorsEntry& entry : tensors) {
    if (entry.begin != covered)
      refuse_safetensors(
          file, entry.at, entry.name,
          fmt::format("the data begin at {}, {} {}", entry.begin,
                      entry.begin > covered ? "leaving a gap after" : "overlapping those up to", covered));
    if (entry.end > data_bytes)
      refuse_safetensors(file, entry.at, entry.name,
                         fmt::format("the data end at {}, but the file has {} bytes of data", entry.end, data_bytes));
    covered = entry.end;
  }
  const std::uint64_t data_at = safetensors_length_bytes + header_bytes;
  if (covered != data_bytes)
    refuse_safetensors(file, data_at + covered, "",
                       fmt::format("the tensors end here, but the file ends at byte {}", data_at + data_bytes));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes, std::string_view file,
                                           const WantedTensors& wanted) {
  check_text(text, file);
  HeaderReader reader(text, file, wanted);
  Json::sax_parse(text, &reader);  // strict: nothing but whitespace may follow the object
  SafetensorsHeader header = reader.take();
  check_cover(header.tensors, text.size(), data_bytes, file);
  std::erase_if(header.tensors, [](const SafetensorsEntry& entry) { return !entry.wanted; });
  return header;
}

std::string format_safetensors_header(const SafetensorsHeader& header) {
  std::string text = "{";
  if (!header.metadata.empty())
    text += fmt::format("\"{}\":{},", safetensors_metadata_key, Json(header.metadata).dump());
  for (const SafetensorsEntry& entry : header.tensors) {
    const std::string shape = Json(std::vector<std::int64_t>(entry.shape.begin(), entry.shape.end())).dump();
    text += fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}},)", Json(entry.name).dump(),
                        stored_name(entry), shape, entry.begin, entry.end);
  }
  if (text.back() == ',') text.pop_back();
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the length before it takes eight bytes as well
  return text;
}

void refuse_safetensors(std::string_view file, std::uint64_t byte, std::string_view tensor, std::string_view problem) {
  const std::string of_tensor = tensor.empty() ? "" : fmt::format(", tensor {}", in_quotes(tensor));
  throw InvalidArgument(fmt::format("{}, byte {}{}: {}", file, byte, of_tensor, problem));
}

std::optional<std::string> safetensors_name_problem(std::string_view name) {
  if (name.empty()) return "a tensor's name is empty";
  if (name.find('\0') != std::string_view::npos) return "the name contains NUL";
  if (name.find("../") != std::string_view::npos) return "the name contains \"../\"";
  return std::nullopt;
}

std::optional<std::string> safetensors_shape_problem(const Shape& shape) {
  for (const std::int64_t extent : shape) {
    if (extent < 0) return fmt::format("the dimension {} is negative", extent);
    if (extent > safetensors_max_extent)
      return fmt::format("the dimension {} is more than 2^48 = {}", extent, safetensors_max_extent);
  }
  if (!checked_elements(shape)) return fmt::format("the elements of shape {} are too many to count", to_string(shape));
  return std::nullopt;
}

}  // namespace assay
