// The JSON header of a safetensors file, read as if an enemy had written it. Start with parse_safetensors_header; the
// reader and the writer of whole files are in safetensors.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/tensor.h"

namespace assay {

/// Bytes before the header: its length, a little-endian 64-bit integer.
inline constexpr std::uint64_t safetensors_length_bytes = 8;
/// The longest header the format's reference implementation reads; beyond it a file is an attack or a mistake.
inline constexpr std::uint64_t safetensors_max_header = 100'000'000;
/// The longest extent admitted. No host could hold a tensor with a longer one, and few such extents overflow a product.
inline constexpr std::int64_t safetensors_max_extent = std::int64_t{1} << 48;

/// The key of the header that holds the file's metadata instead of a tensor.
inline constexpr std::string_view safetensors_metadata_key = "__metadata__";

/// One tensor as the header declares it.
struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::f32;
  Shape shape{};
  std::uint64_t begin = 0;  ///< first byte, counted from the end of the header
  std::uint64_t end = 0;    ///< one past the last byte
  std::uint64_t at = 0;     ///< where the file says so: the byte of `data_offsets`' value, for messages
  bool wanted = true;       ///< if not, `dtype` means nothing
  bool from_i32 = false;    ///< the file has I32, from a runtime without I64; `dtype` is i64
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::vector<SafetensorsEntry> tensors;  ///< the wanted ones, in the order of their data
};

/// Which tensors of a file are needed, by name; empty for all. Of the others the header is checked, nothing else: they
/// may have any dtype of the format that is made of whole bytes.
using WantedTensors = std::function<bool(std::string_view name)>;

/// Parses and checks a header, the `text` that follows the length in the file. `data_bytes` follow the header; the
/// tensors must cover them without gap or overlap. Throws InvalidArgument, which names `file`, the tensor and the byte.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes, std::string_view file,
                                           const WantedTensors& wanted = {});

/// The header that declares `header`, padded with spaces so that the data start on a multiple of eight bytes. Names and
/// metadata must be UTF-8.
std::string format_safetensors_header(const SafetensorsHeader& header);

/// Throws "FILE, byte N, tensor "NAME": PROBLEM" as InvalidArgument; the tensor is left out where `tensor` is empty.
[[noreturn]] void refuse_safetensors(std::string_view file, std::uint64_t byte, std::string_view tensor,
                                     std::string_view problem);

/// What is wrong with a tensor's name, or nothing: it must be neither empty nor hold NUL or "../".
std::optional<std::string> safetensors_name_problem(std::string_view name);

/// What is wrong with a shape, or nothing: negative or huge extents, or more elements than 63 bits can address.
std::optional<std::string> safetensors_shape_problem(const Shape& shape);

}  // namespace assay
