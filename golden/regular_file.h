// Files from anyone, opened so that what is checked is what is read: one descriptor, whose kind and size are taken
// after it was opened, and a last look at whether the file stayed the same. Golden cases and manifests are all read
// through here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <span>
#include <string>

namespace assay {

/// A regular file, open for reading. Errors are InvalidArgument naming the file. A folder, a pipe or a device is
/// refused without waiting for whoever is at its other end.
class RegularFile {
 public:
  explicit RegularFile(const std::filesystem::path& path);
  RegularFile(const RegularFile&) = delete;
  RegularFile& operator=(const RegularFile&) = delete;
  ~RegularFile();

  /// The path, fit for a message.
  const std::string& name() const { return name_; }
  /// Bytes, when it was opened.
  std::uint64_t size() const { return size_; }

  /// Copies the bytes from `at` on. Throws where the file ends before.
  void read(std::uint64_t at, std::span<std::byte> into) const;
  /// Throws if size or time of modification are not what they were when the file was opened.
  void require_unchanged() const;

 private:
  std::string name_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::timespec modified_{};
};

}  // namespace assay
