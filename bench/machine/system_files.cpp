// Small files, read whole or line by line.
#include "bench/machine/system_files.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace assay::bench {

namespace fs = std::filesystem;

std::string trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t start = text.find_first_not_of(space);
  if (start == std::string_view::npos) return {};
  return std::string(text.substr(start, text.find_last_not_of(space) - start + 1));
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> list;
  for (std::string word; stream >> word;) list.push_back(word);
  return list;
}

std::optional<double> finite(std::string_view text) {
  const std::optional<double> value = number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string first_line(const fs::path& path) {
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  return trimmed(line);
}

std::vector<std::string> lines(const fs::path& path) {
  std::ifstream stream(path);
  std::vector<std::string> list;
  for (std::string line; std::getline(stream, line);) list.push_back(line);
  return list;
}

std::string value_of(const fs::path& path, std::string_view key) {
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos && trimmed(std::string_view(line).substr(0, colon)) == key)
      return trimmed(std::string_view(line).substr(colon + 1));
  }
  return {};
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> list;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) list.push_back(i->path());
  std::sort(list.begin(), list.end());
  return list;
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::int64_t bytes_of_line(const fs::path& path, std::string_view key) {
  const std::vector<std::string> parts = words(value_of(path, key));
  const auto kib = parts.empty() ? std::nullopt : number<std::int64_t>(parts.front());
  return kib && *kib > 0 && *kib < (INT64_MAX >> 10) ? *kib << 10 : 0;
}

}  // namespace assay::bench
