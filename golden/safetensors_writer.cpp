// The writer: check everything, lay the tensors out, hand the parts to a file or to memory in order.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "golden/safetensors.h"
#include "golden/safetensors_header.h"
#include "golden/text.h"
#include "golden/whole_file.h"

namespace assay {
namespace {

[[noreturn]] void cannot_write(std::string_view name, std::string_view problem) {
  throw InvalidArgument(fmt::format("cannot write {}: {}", name, problem));
}

std::span<const std::byte> bytes_in(const TensorRef& tensor) {
  return {static_cast<const std::byte*>(tensor.data), static_cast<std::size_t>(bytes_of(tensor))};
}

/// What the reader would refuse about a tensor, or nothing.
std::optional<std::string> tensor_problem(const NamedTensor& named) {
  if (auto problem = safetensors_name_problem(named.name)) return problem;
  if (named.name == safetensors_metadata_key) return "the name is reserved for the metadata";
  if (find_invalid_utf8(named.name)) return "the name is not UTF-8";
  if (auto problem = safetensors_shape_problem(named.tensor.shape)) return problem;
  if (named.tensor.data == nullptr && bytes_of(named.tensor) != 0) return "there are no data";
  if (named.tensor.dtype != DType::boolean) return std::nullopt;
  const bool valid = std::ranges::all_of(bytes_in(named.tensor), [](std::byte b) { return b <= std::byte{1}; });
  return valid ? std::nullopt : std::optional<std::string>("a BOOL element is neither 0 nor 1");
}

void check_contents(std::string_view name, const std::map<std::string, std::string>& metadata,
                    std::span<const NamedTensor> tensors) {
  for (const auto& [key, value] : metadata) {
    if (find_invalid_utf8(key) || find_invalid_utf8(value))
      cannot_write(name, fmt::format("metadata {} is not UTF-8", in_quotes(key)));
  }
  std::set<std::string_view> names;
  for (const NamedTensor& named : tensors) {
    if (const auto problem = tensor_problem(named))
      cannot_write(name, fmt::format("tensor {}: {}", in_quotes(named.name), *problem));
    if (!names.insert(named.name).second)
      cannot_write(name, fmt::format("tensor {}: the name appears twice", in_quotes(named.name)));
  }
}

/// Wider elements first, so that all are aligned in the file as well; then by name, so that the order is one of a kind.
std::vector<const NamedTensor*> in_file_order(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  order.reserve(tensors.size());
  for (const NamedTensor& named : tensors) order.push_back(&named);
  std::ranges::sort(order, {}, [](const NamedTensor* named) {
    return std::tuple(8 - size_of(named->tensor.dtype), std::string_view(named->name));
  });
  return order;
}

std::string header_for(const std::map<std::string, std::string>& metadata, std::span<const NamedTensor* const> order) {
  SafetensorsHeader header{metadata, {}};
  std::uint64_t end = 0;
  for (const NamedTensor* named : order) {
    const std::uint64_t begin = std::exchange(end, end + static_cast<std::uint64_t>(bytes_of(named->tensor)));
    header.tensors.push_back({named->name, named->tensor.dtype, named->tensor.shape, begin, end});
  }
  return format_safetensors_header(header);
}

/// Checks everything, then hands `sink` the parts of the file in order. Nothing is handed over if anything is wrong.
template <class Sink>
void emit(std::string_view name, const std::map<std::string, std::string>& metadata,
          std::span<const NamedTensor> tensors, Sink sink) {
  check_contents(name, metadata, tensors);
  const auto order = in_file_order(tensors);
  const std::string header = header_for(metadata, order);
  if (header.size() > safetensors_max_header)
    cannot_write(name, fmt::format("its header would have {} bytes, more than the {} allowed", header.size(),
                                   safetensors_max_header));
  const std::uint64_t length = header.size();
  sink(std::as_bytes(std::span(&length, 1)));
  sink(std::as_bytes(std::span(header)));
  for (const NamedTensor* named : order) sink(bytes_in(named->tensor));
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       std::span<const NamedTensor> tensors) {
  require_writable(path);
  std::optional<WholeFile> file;  // opened when there is something to write
  emit(path.string(), metadata, tensors, [&](std::span<const std::byte> part) {
    if (!file) file.emplace(path);
    file->write(part);
  });
  file->commit();
}

std::string pack_safetensors(const std::map<std::string, std::string>& metadata, std::span<const NamedTensor> tensors,
                             std::string_view file_name) {
  std::string bytes;
  emit(file_name, metadata, tensors, [&](std::span<const std::byte> part) {
    if (!part.empty()) bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  });
  return bytes;
}

}  // namespace assay
