// What our reader makes of files, one line each, for safetensors_differential_test.py: reads paths from standard input
// and answers "ACCEPT <contents as JSON>" or "REFUSE <message>". Data are in hexadecimal, so keep the files small.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "golden/safetensors.h"

namespace {

using assay::NamedTensor;
using nlohmann::json;

/// As the format spells it: F32.
std::string dtype_name(assay::DType dtype) {
  std::string name(name_of(dtype));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

std::string hexadecimal(const assay::TensorRef& tensor) {
  std::string text;
  const auto* data = static_cast<const unsigned char*>(tensor.data);
  for (std::int64_t i = 0; i < bytes_of(tensor); ++i) text += fmt::format("{:02x}", data[i]);
  return text;
}

std::string verdict(const std::string& path) {
  try {
    const auto file = assay::SafetensorsFile::read(path);
    json tensors = json::object();
    for (const auto& [name, tensor] : file.tensors())
      tensors[name] = {dtype_name(tensor.dtype), std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end()),
                       hexadecimal(tensor)};
    return "ACCEPT " + json{{"metadata", file.metadata()}, {"tensors", tensors}}.dump();
  } catch (const assay::InvalidArgument& refusal) {
    return fmt::format("REFUSE {}", refusal.what());
  }
}

}  // namespace

int main() {
  for (std::string path; std::getline(std::cin, path);) fmt::print("{}\n", verdict(path));
  return std::fflush(stdout) != 0;
}
