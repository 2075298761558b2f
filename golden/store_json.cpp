// Two small state machines over nlohmann's SAX events, because a parsed document would already have lost duplicate keys
// and built whatever nesting it was given.
#include "golden/store_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "golden/text.h"

namespace assay {
namespace {

using Json = nlohmann::json;

constexpr int number_overflow = 406;  // nlohmann's error for a well-formed number that is beyond a double

[[noreturn]] void refuse(const std::string& problem) { throw InvalidArgument(problem); }

/// What nlohmann's parser would let pass: it skips a byte order mark and takes NUL for the end of the text.
bool hides_something(std::string_view text) {
  return text.starts_with("\xef\xbb\xbf") || text.find('\0') != std::string_view::npos;
}

// ---- params ----

[[noreturn]] void refuse_params(std::string_view text) {
  refuse(fmt::format("metadata entry params is {}, but a JSON object is needed", in_quotes(text)));
}

class ParamsReader final : public nlohmann::json_sax<Json> {
 public:
  explicit ParamsReader(std::string_view text) : text_(text) {}

  NamedScalars take() { return std::move(params_); }

  bool null() override { mismatch("null"); }
  bool string(string_t&) override { mismatch("string"); }
  bool binary(binary_t&) override { mismatch("binary"); }  // JSON text has none
  bool start_array(std::size_t) override { mismatch("array"); }
  bool end_array() override { return true; }
  bool end_object() override { return true; }

  bool start_object(std::size_t) override {
    if (open_) mismatch("object");
    open_ = true;
    return true;
  }
  bool key(string_t& name) override {
    if (!is_plain_name(name))
      refuse(fmt::format("metadata entry params has {}, but a name has A-Z a-z 0-9 _ . - only", in_quotes(name)));
    if (params_.contains(name)) refuse(fmt::format("metadata entry params has {} twice", in_quotes(name)));
    name_ = name;
    params_[name_] = Scalar();
    return true;
  }

  bool boolean(bool value) override { return set(Scalar(value)); }
  bool number_integer(number_integer_t value) override { return set(Scalar(std::int64_t{value})); }
  bool number_float(number_float_t value, const string_t&) override { return set(Scalar(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (open_ && value > static_cast<std::uint64_t>(INT64_MAX))
      refuse(fmt::format("parameter {} is {}, more than 63 bits hold", in_quotes(name_), value));
    return set(Scalar(static_cast<std::int64_t>(value)));
  }

  bool parse_error(std::size_t, const std::string& token, const nlohmann::detail::exception& error) override {
    constexpr std::size_t shown = 40;
    if (open_ && error.id == number_overflow)
      refuse(fmt::format("parameter {} is {}{}, more than a double holds", in_quotes(name_), token.substr(0, shown),
                         token.size() > shown ? "..." : ""));
    refuse_params(text_);
  }

 private:
  bool set(Scalar value) {
    if (!open_) refuse_params(text_);
    params_[name_] = value;
    return true;
  }
  [[noreturn]] void mismatch(std::string_view found) const {
    if (!open_) refuse_params(text_);
    refuse(fmt::format("parameter {} is {}, but a boolean or a number is needed", in_quotes(name_), found));
  }

  std::string_view text_;
  bool open_ = false;
  std::string name_;
  NamedScalars params_;
};

// ---- the manifest ----

constexpr std::string_view not_a_manifest =
    "it is not a manifest of format 1: {\"format\": 1, \"files\": {path: SHA-256}}";

bool is_sha256(std::string_view digest) {
  constexpr std::size_t digits = 64;
  return digest.size() == digits && digest.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class ManifestReader final : public nlohmann::json_sax<Json> {
 public:
  Manifest take() {
    if (keys_.size() != 2) mismatch();
    return std::move(files_);
  }

  bool null() override { mismatch(); }
  bool boolean(bool) override { mismatch(); }
  bool number_integer(number_integer_t) override { mismatch(); }
  bool number_float(number_float_t, const string_t&) override { mismatch(); }
  bool binary(binary_t&) override { mismatch(); }
  bool start_array(std::size_t) override { mismatch(); }
  bool end_array() override { return true; }

  bool number_unsigned(number_unsigned_t value) override {
    if (inside_ != Inside::manifest || key_ != "format" || value != 1) mismatch();
    return true;
  }
  bool start_object(std::size_t) override {
    if (inside_ == Inside::nothing) {
      inside_ = Inside::manifest;
    } else if (inside_ == Inside::manifest && key_ == "files") {
      inside_ = Inside::files;
    } else {
      mismatch();
    }
    return true;
  }
  bool end_object() override {
    inside_ = inside_ == Inside::files ? Inside::manifest : Inside::nothing;
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    if (inside_ == Inside::manifest) {
      if (name != "format" && name != "files")
        refuse(fmt::format("it has {}, which is neither format nor files", in_quotes(name)));
      if (!keys_.insert(name).second) refuse(fmt::format("it has {} twice", in_quotes(name)));
      return true;
    }
    if (!is_case_path(name))
      refuse(fmt::format("it lists {}, but <operator>/<case>.safetensors is expected, named with A-Z a-z 0-9 _ . -",
                         in_quotes(name)));
    if (!files_.try_emplace(name).second) refuse(fmt::format("it lists {} twice", in_quotes(name)));
    return true;
  }
  bool string(string_t& digest) override {
    if (inside_ != Inside::files) mismatch();
    if (!is_sha256(digest))
      refuse(fmt::format("the digest of {} is {}, but 64 digits of 0-9 a-f are needed", in_quotes(key_),
                         in_quotes(digest)));
    files_[key_] = std::move(digest);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    if (error.id == number_overflow) mismatch();
    refuse(fmt::format("it is not valid JSON at byte {}", position == 0 ? 0 : position - 1));
  }

 private:
  enum class Inside { nothing, manifest, files };

  /// A value that has no place where it stands.
  [[noreturn]] void mismatch() const {
    if (inside_ == Inside::files) refuse(fmt::format("the digest of {} is no string", in_quotes(key_)));
    refuse(std::string(not_a_manifest));
  }

  Inside inside_ = Inside::nothing;
  std::set<std::string> keys_;
  std::string key_;
  Manifest files_;
};

}  // namespace

bool is_plain_name(std::string_view name) {
  constexpr std::size_t longest = 255;  // Linux's limit of a file's name
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !name.empty() && name.size() <= longest && std::all_of(name.begin(), name.end(), plain);
}

bool is_case_path(std::string_view path) {
  constexpr std::string_view extension = ".safetensors";
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || !path.ends_with(extension)) return false;
  const std::string_view folder = path.substr(0, slash), file = path.substr(slash + 1);
  if (folder == "." || folder == ".." || !is_plain_name(folder)) return false;
  return is_plain_name(file) && file.size() > extension.size();
}

NamedScalars parse_params(std::string_view text) {
  if (hides_something(text)) refuse_params(text);
  ParamsReader reader(text);
  Json::sax_parse(text, &reader);  // strict: nothing but whitespace may follow the object
  return reader.take();
}

Manifest parse_manifest(std::string_view text) {
  if (const auto at = find_invalid_utf8(text)) refuse(fmt::format("it is not UTF-8 at byte {}", *at));
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos)
    refuse(fmt::format("it is not valid JSON at byte {}", at));
  if (hides_something(text)) refuse("it is not valid JSON at byte 0");
  ManifestReader reader;
  Json::sax_parse(text, &reader);
  return reader.take();
}

}  // namespace assay
