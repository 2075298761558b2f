// Writing files so that each is either complete or as it was. Golden cases, result files and the cached probe are all
// written through WholeFile; require_writable() and are_one_file() find mistakes in file names before any work is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace assay {

/// Whether the path is "-" or leads to this process's standard output, as /dev/stdout and /dev/fd/1 do.
bool is_standard_output(const std::filesystem::path& path);

/// Whether two names lead to one file, through links, "..", or two spellings of a file that does not exist yet.
bool are_one_file(const std::filesystem::path& one, const std::filesystem::path& other);

/// Whether the path leads to the regular file that this descriptor of this process is open for: `> x` and x.
bool is_open_as(const std::filesystem::path& path, int descriptor);

/// Throws InvalidArgument, with the reason, if `path` cannot be a file to write: a folder, a missing folder above it,
/// or no permission. "-" is standard output.
void require_writable(const std::filesystem::path& path);

/// Writes all bytes to an open file. Returns false, with errno set, if that fails.
bool write_all(int descriptor, std::span<const std::byte> bytes) noexcept;

/// A file on its way to its place. It is written beside the target and renamed by commit(); without commit() the target
/// stays as it was. An existing target keeps its mode, owner and access control list. Symbolic links are followed.
///
/// The target is written in place if a renamed file could not take its place: pipes, devices, /dev/fd/N, standard
/// output ("-"), a regular file in a folder that cannot be written, a file that something is mounted on, or one whose
/// owner a new file cannot have. Without commit() such a regular file is emptied, so that no part of a result stays.
///
/// Errors are InvalidArgument.
class WholeFile {
 public:
  explicit WholeFile(const std::filesystem::path& path);
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile();

  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  bool open_beside_target();
  [[noreturn]] void fail() const;

  std::filesystem::path named_;      ///< as the caller wrote it, for messages
  std::filesystem::path target_;     ///< what the name leads to
  std::filesystem::path temporary_;  ///< empty if the target is written in place
  int descriptor_ = -1;
  bool is_borrowed_ = false;      ///< the descriptor was open before, and stays open
  bool is_regular_here_ = false;  ///< a regular file is written in place
  std::uint64_t written_ = 0;     ///< bytes
};

/// Removes the temporary file of every WholeFile. Meant for signal handlers, before the process ends.
void remove_temporary_files() noexcept;

}  // namespace assay
