// The manifest on any text. What it accepts must be nothing but paths of case files with their SHA-256, and what a
// general JSON parser finds in the same text.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "golden/fuzz/target.h"
#include "golden/store_json.h"

namespace assay::fuzz {
namespace {

using namespace std::string_literals;
using nlohmann::json;

constexpr std::string_view digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string listing(std::string_view path, std::string_view value = digest) {
  return fmt::format(R"({{"format": 1, "files": {{"{}": "{}"}}}})", path, value);
}

std::vector<std::string> seeds() {
  return {
      "",
      "{}",
      "[]",
      "null",
      R"({"format": 1, "files": {}})",
      R"({"files": {}, "format": 1})",
      R"({"format": 1})",
      R"({"format": 2, "files": {}})",
      R"({"format": 1.0, "files": {}})",
      R"({"format": 1e400, "files": {}})",
      R"({"format": true, "files": {}})",
      R"({"format": 1, "files": []})",
      R"({"format": 1, "files": {}, "more": 0})",
      R"({"format": 1, "format": 1, "files": {}})",
      R"({"format": 1, "files": {}} {})",
      "\xef\xbb\xbf{\"format\": 1, \"files\": {}}",
      "{\"format\": 1, \"files\": {}}\0 more"s,
      listing("mask_downsample/a.safetensors"),
      listing("mask_downsample\\/a.safetensors"),
      listing("mask_downsample/a.safetensors", "0123"),
      listing("mask_downsample/a.safetensors", std::string(64, 'A')),
      listing("../a.safetensors"),
      listing("/a.safetensors"),
      listing("a/b/c.safetensors"),
      listing("a/./b.safetensors"),
      listing("./b.safetensors"),
      listing("a//b.safetensors"),
      listing("a/.safetensors"),
      listing("a/b.safetensors\\u0000"),
      listing("\\u001b[31m/b.safetensors"),
      fmt::format(R"({{"format": 1, "files": {{"a/b.safetensors": "{0}", "a\u002fb.safetensors": "{0}"}}}})", digest),
      fmt::format(R"({{"format": 1, "files": {{"a/b.safetensors": "{0}", "a/c.safetensors": "{0}"}}}})", digest),
      R"({"format": 1, "files": {"a/b.safetensors": {"sha256": ""}}})",
      R"({"format": 1, "files": )" + std::string(300, '['),
  };
}

constexpr std::array<std::string_view, 16> words = {R"("format": 1)",
                                                    R"("files": {)",
                                                    ".safetensors",
                                                    "a/b.safetensors",
                                                    "../",
                                                    "/",
                                                    "\\u002f",
                                                    "\\u0000",
                                                    "\"",
                                                    "{}",
                                                    "[",
                                                    "null",
                                                    ",",
                                                    ": \"",
                                                    digest,
                                                    "\xef\xbb\xbf"};

bool is_path(const std::string& path) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/";
  const std::size_t slash = path.find('/');
  return path.find_first_not_of(plain) == std::string::npos && slash != 0 && slash == path.rfind('/') &&
         slash != std::string::npos && path.substr(0, slash) != ".." && path.substr(0, slash) != "." &&
         path.ends_with(".safetensors") && path[slash + 1] != '\0' && path.substr(slash + 1) != ".safetensors";
}

void require_sound(const Manifest& manifest) {
  for (const auto& [path, value] : manifest) {
    require(is_path(path), "the manifest lists what is no path of a case");
    require(value.size() == digest.size(), "a digest is not as long as a SHA-256");
    require(value.find_first_not_of("0123456789abcdef") == std::string::npos, "a digest has no hexadecimal digit");
  }
}

void require_agreement(std::string_view input, const Manifest& manifest) {
  const json parsed = json::parse(input, nullptr, false);
  require(parsed.is_object() && parsed.size() == 2 && parsed["format"] == 1, "what is accepted is no manifest");
  require(parsed["files"] == json(manifest), "the files are not those of the text");
  const std::string written = json{{"format", 1}, {"files", manifest}}.dump();
  require(parse_manifest(written) == manifest, "the manifest does not survive being written");
}

bool accepts(std::string_view input) {
  std::optional<Manifest> manifest;
  try {
    manifest = parse_manifest(input);
  } catch (const InvalidArgument& refusal) {
    require_sentence(refusal.what());
    return false;
  }
  require_sound(*manifest);
  require_agreement(input, *manifest);
  return true;
}

}  // namespace

const Target target = {seeds, words, nullptr, accepts};

}  // namespace assay::fuzz
