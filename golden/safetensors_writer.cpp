// The writer: check everything, lay the tensors out, write beside the target, rename.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "golden/safetensors.h"
#include "golden/safetensors_header.h"
#include "golden/text.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, std::string_view problem) {
  throw InvalidArgument(fmt::format("cannot write {}: {}", path.string(), problem));
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

void check_contents(const fs::path& path, const std::map<std::string, std::string>& metadata,
                    std::span<const NamedTensor> tensors) {
  for (const auto& [key, value] : metadata) {
    if (find_invalid_utf8(key) || find_invalid_utf8(value))
      cannot_write(path, fmt::format("metadata {} is not UTF-8", in_quotes(key)));
  }
  std::set<std::string_view> names;
  for (const NamedTensor& named : tensors) {
    if (const auto problem = tensor_problem(named))
      cannot_write(path, fmt::format("tensor {}: {}", in_quotes(named.name), *problem));
    if (!names.insert(named.name).second)
      cannot_write(path, fmt::format("tensor {}: the name appears twice", in_quotes(named.name)));
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

/// A new file beside the target. Unless it is renamed to the target, it vanishes with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) : target_(target) {
    static std::atomic<unsigned> serial = 0;  // tells apart the files that threads of this process write at once
    do {
      // The name does not derive from the target's, which may already be as long as a name can be.
      path_ = target_.parent_path() / fmt::format(".assay-{}-{}.tmp", ::getpid(), serial++);
      errno = 0;
      file_ = std::fopen(path_.c_str(), "wbx");  // x: never into a file, or through a link, that is already there
    } while (file_ == nullptr && errno == EEXIST);
    if (file_ == nullptr) fail();
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_ != nullptr) std::fclose(file_);
    std::error_code ignored;
    fs::remove(path_, ignored);  // after rename there is nothing to remove
  }

  void write(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;  // a null pointer may stand for no bytes, but not to fwrite
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail();
  }

  void rename() {
    if (std::fclose(std::exchange(file_, nullptr)) != 0) fail();
    std::error_code error;
    fs::rename(path_, target_, error);
    if (error) cannot_write(target_, error.message());
  }

 private:
  [[noreturn]] void fail() const { cannot_write(target_, std::generic_category().message(errno)); }

  fs::path target_;
  fs::path path_;
  std::FILE* file_ = nullptr;
};

/// The mistakes users make, each with its own words instead of the system's.
void check_target(const fs::path& path) {
  std::error_code ignored;
  if (!path.has_filename()) cannot_write(path, "the path names no file");
  if (fs::is_directory(path, ignored)) cannot_write(path, "it is a folder");
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::exists(folder, ignored)) cannot_write(path, fmt::format("the folder {} does not exist", folder.string()));
  if (!fs::is_directory(folder, ignored)) cannot_write(path, fmt::format("{} is not a folder", folder.string()));
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       std::span<const NamedTensor> tensors) {
  check_target(path);
  check_contents(path, metadata, tensors);
  const auto order = in_file_order(tensors);
  const std::string header = header_for(metadata, order);
  if (header.size() > safetensors_max_header)
    cannot_write(path, fmt::format("its header would have {} bytes, more than the {} allowed", header.size(),
                                   safetensors_max_header));
  const std::uint64_t length = header.size();
  TemporaryFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const NamedTensor* named : order) file.write(bytes_in(named->tensor));
  file.rename();
}

}  // namespace assay
