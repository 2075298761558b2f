// Opening, reading at a position, and noticing change.
#include "golden/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "golden/text.h"
#include "reference/tensor.h"

namespace assay {
namespace {

[[noreturn]] void refuse(const std::string& name, std::string_view problem) {
  throw InvalidArgument(fmt::format("{} {}", name, problem));
}

/// Says why a call on the file failed, from errno.
[[noreturn]] void refuse_for_errno(const std::string& name, std::string_view what) {
  const int error = errno;
  if (error == ENOENT || error == ENOTDIR) refuse(name, "does not exist");
  refuse(name, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path) : name_(on_one_line(path.string())) {
  struct stat status {};
  // Looked at before it is opened, because opening a device may already do something.
  if (::stat(path.c_str(), &status) != 0) refuse_for_errno(name_, "cannot be read");
  if (!S_ISREG(status.st_mode)) refuse(name_, "is not a regular file");
  // And again once it is open, because it may have been replaced in between; NONBLOCK, so as not to wait at a pipe.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor_ < 0) refuse_for_errno(name_, "cannot be opened");
  const bool known = ::fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    refuse(name_, "is not a regular file");
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  modified_ = status.st_mtim;
}

RegularFile::~RegularFile() { ::close(descriptor_); }

void RegularFile::read(std::uint64_t at, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_for_errno(name_, "cannot be read");
    if (got == 0)
      throw InvalidArgument(fmt::format("{}, byte {}: {} bytes could not be read here; has the file changed?", name_,
                                        at + done, into.size() - done));
    done += static_cast<std::size_t>(got);
  }
}

void RegularFile::require_unchanged() const {
  struct stat now {};
  if (::fstat(descriptor_, &now) != 0) refuse_for_errno(name_, "cannot be read");
  if (static_cast<std::uint64_t>(now.st_size) != size_)
    refuse(name_, fmt::format("changed while it was read: it had {} bytes and has {} now", size_, now.st_size));
  if (now.st_mtim.tv_sec != modified_.tv_sec || now.st_mtim.tv_nsec != modified_.tv_nsec)
    refuse(name_, "changed while it was read: it has been written to since it was opened");
}

}  // namespace assay
