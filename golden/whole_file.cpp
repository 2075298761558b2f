// Temporary files, links and devices.
#include "golden/whole_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "reference/tensor.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, std::string_view problem) {
  throw InvalidArgument(fmt::format("cannot write {}: {}", path.string(), problem));
}

bool is_standard_output(const fs::path& path) { return path == "-"; }

/// Renaming onto a pipe or a device would replace it.
bool is_written_in_place(const fs::path& target) {
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

/// The file that symbolic links lead to, which need not exist yet.
fs::path behind_link(fs::path path) {
  constexpr int most_links = 40;  // as many as Linux follows before it calls them a loop
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(path, error); ++i)
    path = path.parent_path() / fs::read_symlink(path, error);
  return path;
}

}  // namespace

void require_writable(const fs::path& path) {
  if (is_standard_output(path)) return;
  std::error_code ignored;
  if (!path.has_filename()) cannot_write(path, "the path names no file");
  if (fs::is_directory(path, ignored)) cannot_write(path, "it is a folder");
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::exists(folder, ignored)) cannot_write(path, fmt::format("the folder {} does not exist", folder.string()));
  if (!fs::is_directory(folder, ignored)) cannot_write(path, fmt::format("{} is not a folder", folder.string()));
  const fs::path needed = is_written_in_place(path) ? path : behind_link(path).parent_path();
  if (access(needed.empty() ? "." : needed.c_str(), W_OK) != 0)
    cannot_write(path, std::generic_category().message(errno));
}

WholeFile::WholeFile(const fs::path& path) : named_(path), target_(behind_link(path)) {
  require_writable(path);
  if (is_standard_output(path)) {
    file_ = stdout;
  } else if (is_written_in_place(target_)) {
    file_ = std::fopen(target_.c_str(), "wb");
  } else {
    open_beside_target();
  }
  if (file_ == nullptr) fail();
}

void WholeFile::open_beside_target() {
  static std::atomic<unsigned> serial = 0;  // tells apart the files that threads of this process write at once
  do {
    // The name does not derive from the target's, which may already be as long as a name can be.
    temporary_ = target_.parent_path() / fmt::format(".assay-{}-{}.tmp", ::getpid(), serial++);
    errno = 0;
    file_ = std::fopen(temporary_.c_str(), "wbx");  // x: never into a file, or through a link, that is already there
  } while (file_ == nullptr && errno == EEXIST);
}

WholeFile::~WholeFile() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove(temporary_, ignored);  // after commit there is nothing to remove
}

void WholeFile::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // a null pointer may stand for no bytes, but not to fwrite
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail();
}

void WholeFile::commit() {
  std::FILE* const file = std::exchange(file_, nullptr);
  if ((file == stdout ? std::fflush(file) : std::fclose(file)) != 0) fail();
  if (temporary_.empty()) return;
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) cannot_write(named_, error.message());
}

void WholeFile::fail() const { cannot_write(named_, std::generic_category().message(errno)); }

}  // namespace assay
