// Files that are either whole or as they were: written beside the target and renamed. Golden cases and result files are
// all written through here.
#pragma once

#include <cstdio>
#include <filesystem>
#include <span>
#include <string>

namespace assay {

/// Throws InvalidArgument, with the reason, if `path` cannot be a file to write: a folder, a missing folder above it,
/// or no permission. "-" is standard output.
void require_writable(const std::filesystem::path& path);

/// A file on its way. Unless commit() is reached, the target stays as it was. A symbolic link is followed; what is no
/// regular file (a pipe, a device) and standard output ("-") are written in place. Errors are InvalidArgument.
class WholeFile {
 public:
  explicit WholeFile(const std::filesystem::path& path);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  void open_beside_target();
  [[noreturn]] void fail() const;

  std::filesystem::path named_;      ///< as the caller wrote it, for messages
  std::filesystem::path target_;     ///< what the name leads to
  std::filesystem::path temporary_;  ///< empty where the target is written in place
  std::FILE* file_ = nullptr;
};

}  // namespace assay
