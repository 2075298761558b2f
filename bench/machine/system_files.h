// Reading what the system says of itself below /proc and /sys. Nothing here throws: a container may hide any file, and
// then the text is empty and the number missing.
#pragma once

#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace assay::bench {

std::string trimmed(std::string_view text);
/// The parts between white space.
std::vector<std::string> words(const std::string& text);

/// The number that all of the text is, or nothing.
template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}
/// The same, without NaN and infinity.
std::optional<double> finite(std::string_view text);

/// The first line, trimmed; empty where there is no such file.
std::string first_line(const std::filesystem::path& path);
std::vector<std::string> lines(const std::filesystem::path& path);
/// What stands behind the colon of the first line "key : value".
std::string value_of(const std::filesystem::path& path, std::string_view key);
/// The bytes of such a line written "MemTotal:  24606132 kB"; 0 where there is none.
std::int64_t bytes_of_line(const std::filesystem::path& path, std::string_view key);
/// What is in a folder, sorted; nothing where it cannot be read.
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder);
bool is_there(const std::filesystem::path& path);

}  // namespace assay::bench
