// Reading and writing safetensors files, the container of golden cases. The reader treats every file as hostile and
// refuses it with one sentence; the writer makes only files that the reader accepts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golden/safetensors_header.h"
#include "reference/tensor.h"

namespace assay {

class RegularFile;  // golden/regular_file.h

/// A dense row-major host tensor and the name it has in a file.
struct NamedTensor {
  std::string name;
  TensorRef tensor{};
};

/// A file's tensors and metadata, in memory. Each tensor's data start on a cache line, wherever they lie in the file.
class SafetensorsFile {
 public:
  /// Reads the regular file `path`. Throws InvalidArgument with one sentence that names the file and, unless it could
  /// not be read at all, the byte and the tensor at fault. Takes memory only for what file size and header agree on.
  /// Reads the elements of the wanted tensors alone and has no others.
  static SafetensorsFile read(const std::filesystem::path& path, const WantedTensors& wanted = {});
  static SafetensorsFile read(const RegularFile& opened, const WantedTensors& wanted = {});

  /// The same for a file's bytes in memory, called `file_name` in messages. The bytes are copied and may go away.
  static SafetensorsFile parse(std::span<const std::byte> bytes, std::string_view file_name,
                               const WantedTensors& wanted = {});

  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// In the order of their data in the file; I32 have become I64. The elements live as long as this object or
  /// `owner()`.
  const std::vector<NamedTensor>& tensors() const { return tensors_; }

  /// The tensor of that name, or null; found in logarithmic time, since a hostile file may hold a million.
  const TensorRef* find(std::string_view name) const;

  /// Keeps the elements of all tensors alive, as TensorPack::keep wants it.
  std::shared_ptr<void> owner() const { return elements_; }

 private:
  struct Source;
  static SafetensorsFile load(const Source& source, const WantedTensors& wanted);
  void take_elements(const Source& source, SafetensorsHeader header, std::uint64_t data_at);

  std::map<std::string, std::string> metadata_;
  std::vector<NamedTensor> tensors_;
  std::vector<std::size_t> by_name_;  ///< places in tensors_, in the order of their names
  std::shared_ptr<std::byte> elements_;
};

/// Writes a file that SafetensorsFile::read accepts. The same tensors and metadata always give the same bytes: wider
/// elements come first, then names in order. It is written beside `path` and renamed, so that `path` is complete
/// or as it was before. Throws InvalidArgument naming the path and what is wrong with it, a tensor or a metadata entry.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       std::span<const NamedTensor> tensors);

/// The bytes that write_safetensors would write to a file called `file_name`; the same errors, less those of the disk.
std::string pack_safetensors(const std::map<std::string, std::string>& metadata, std::span<const NamedTensor> tensors,
                             std::string_view file_name);

}  // namespace assay
