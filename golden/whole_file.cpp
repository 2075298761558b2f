// Where a name leads, temporary files, and writing in place. destination_of() makes all decisions.
#include "golden/whole_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/stat.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "reference/tensor.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path, std::string_view problem) {
  throw InvalidArgument(fmt::format("cannot write {}: {}", path.string(), problem));
}

/// What an error number means, with the number of bytes if a limit on the size of files was met.
std::string meaning_of(int error) {
  rlimit limit{};
  if (error == EFBIG && getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    return fmt::format("it needs more than the {} bytes that `ulimit -f` allows a file", limit.rlim_cur);
  return std::generic_category().message(error);
}

[[noreturn]] void cannot_write(const fs::path& path, int error) { cannot_write(path, meaning_of(error)); }

// ---- where a name leads ----

/// The descriptor that a path such as /proc/self/fd/1 stands for.
std::optional<int> descriptor_named(const fs::path& path) {
  std::error_code error;
  const fs::path folder = fs::canonical(path.parent_path(), error);
  if (error || folder != fs::canonical("/proc/self/fd", error) || error) return std::nullopt;
  const std::string name = path.filename().string();
  int descriptor = -1;
  const auto [stop, problem] = std::from_chars(name.data(), name.data() + name.size(), descriptor);
  if (problem != std::errc() || stop != name.data() + name.size()) return std::nullopt;
  return descriptor;
}

/// The path that symbolic links lead to, which need not exist yet. Stops at a descriptor, whose link names no path.
fs::path behind_links(fs::path path) {
  constexpr int most_links = 40;  // as many as Linux follows before it calls them a loop
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(path, error) && !descriptor_named(path); ++i)
    path = path.parent_path() / fs::read_symlink(path, error);
  return path;
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

bool may(const fs::path& path, int access) { return faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0; }

/// Whether something is mounted on the file itself: such a file cannot be replaced.
bool is_mount_point(const fs::path& path) {
  struct statx status {};
  return statx(AT_FDCWD, path.c_str(), 0, 0, &status) == 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

enum class Way { borrowed_descriptor, in_place, beside };

struct Destination {
  Way way;
  fs::path target;
  int descriptor = -1;      ///< of Way::borrowed_descriptor
  bool is_regular = false;  ///< a regular file is there, or will be
};

Destination to_descriptor(const fs::path& named, int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) cannot_write(named, errno);
  if ((flags & O_ACCMODE) == O_RDONLY) cannot_write(named, "it is not open for writing");
  return {Way::borrowed_descriptor, named, descriptor};
}

/// A pipe or a device: renaming a file onto it would replace it.
Destination to_special_file(const fs::path& named, mode_t mode) {
  if (S_ISDIR(mode)) cannot_write(named, "it is a folder");
  if (S_ISSOCK(mode)) cannot_write(named, "it is a socket");
  if (!may(named, W_OK)) cannot_write(named, errno);
  return {Way::in_place, named};
}

void require_folder(const fs::path& named, const fs::path& folder) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      cannot_write(named, fmt::format("the folder {} does not exist", folder.string()));
    cannot_write(named, errno);
  }
  if (!S_ISDIR(status.st_mode)) cannot_write(named, fmt::format("{} is not a folder", folder.string()));
}

/// Decides how a path is written, or throws with the reason why it cannot be.
Destination destination_of(const fs::path& named) {
  if (named == "-") return to_descriptor(named, STDOUT_FILENO);
  if (!named.has_filename()) cannot_write(named, "the path names no file");
  const fs::path target = behind_links(named);
  if (const auto descriptor = descriptor_named(target)) return to_descriptor(named, *descriptor);
  struct stat status {};
  if (stat(named.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return to_special_file(named, status.st_mode);
  const fs::path folder = folder_of(target);
  require_folder(named, folder);
  const bool may_replace = may(folder, W_OK | X_OK);
  const int why_not = errno;
  if (stat(target.c_str(), &status) != 0) {
    if (errno != ENOENT) cannot_write(named, errno);
    if (!may_replace) cannot_write(named, why_not);
    return {Way::beside, target, -1, true};
  }
  if (!may(target, W_OK)) cannot_write(named, errno);
  return {may_replace && !is_mount_point(target) ? Way::beside : Way::in_place, target, -1, true};
}

/// What tells files apart: device and inode, and for a file that does not exist yet those of its folder and its name.
using Identity = std::tuple<dev_t, ino_t, std::string>;

std::optional<Identity> identity_of(const fs::path& named) {
  struct stat status {};
  if ((named == "-" ? fstat(STDOUT_FILENO, &status) : stat(named.c_str(), &status)) == 0)
    return Identity{status.st_dev, status.st_ino, ""};
  const fs::path target = behind_links(named);
  if (stat(folder_of(target).c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino, target.filename().string()};
}

// ---- temporary files ----

/// A name that a signal handler can read.
struct NameSlot {
  std::atomic<bool> is_taken{false}, is_named{false};
  std::array<char, PATH_MAX> name{};
};

// One for each file that is being written. If there are more at once, a signal leaves those behind.
std::array<NameSlot, 16> name_slots;

void remember(const std::string& name) {
  for (NameSlot& slot : name_slots) {
    if (slot.is_taken.exchange(true)) continue;
    std::strncpy(slot.name.data(), name.c_str(), slot.name.size() - 1);
    slot.is_named = true;
    return;
  }
}

void forget(const std::string& name) {
  for (NameSlot& slot : name_slots) {
    if (!slot.is_named || name != slot.name.data()) continue;
    slot.is_named = false;
    slot.is_taken = false;
    return;
  }
}

/// Gives the new file the owner, mode and access control list of the old one. False if it cannot have them.
bool take_attributes(int descriptor, const fs::path& old) {
  struct stat was {
  }, is{};
  if (stat(old.c_str(), &was) != 0 || fstat(descriptor, &is) != 0) return false;
  if ((was.st_uid != is.st_uid || was.st_gid != is.st_gid) && fchown(descriptor, was.st_uid, was.st_gid) != 0)
    return false;
  if (fchmod(descriptor, was.st_mode & 07777) != 0) return false;
  constexpr const char* list_name = "system.posix_acl_access";
  std::array<char, 4096> list{};  // more than 500 entries
  const ssize_t bytes = getxattr(old.c_str(), list_name, list.data(), list.size());
  if (bytes < 0) return errno == ENODATA || errno == ENOTSUP;
  return fsetxattr(descriptor, list_name, list.data(), static_cast<std::size_t>(bytes), 0) == 0;
}

}  // namespace

void remove_temporary_files() noexcept {
  for (const NameSlot& slot : name_slots)
    if (slot.is_named) unlink(slot.name.data());
}

bool is_standard_output(const fs::path& path) {
  return path == "-" || descriptor_named(behind_links(path)) == STDOUT_FILENO;
}

bool are_one_file(const fs::path& one, const fs::path& other) {
  const auto identity = identity_of(one);
  return identity && identity == identity_of(other);
}

bool is_open_as(const fs::path& path, int descriptor) {
  if (path == "-" || descriptor_named(behind_links(path)) == descriptor) return false;
  struct stat status {};
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
         identity_of(path) == Identity{status.st_dev, status.st_ino, ""};
}

void require_writable(const fs::path& path) { destination_of(path); }

bool write_all(int descriptor, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // whoever shares the pipe has made it one that does not wait
      pollfd ready{descriptor, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

WholeFile::WholeFile(const fs::path& path) : named_(path) {
  const Destination destination = destination_of(path);
  target_ = destination.target;
  if (destination.way == Way::borrowed_descriptor) {
    descriptor_ = destination.descriptor;
    is_borrowed_ = true;
    return;
  }
  if (destination.way == Way::beside && open_beside_target()) return;
  is_regular_here_ = destination.is_regular;
  descriptor_ = open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) fail();
}

/// False if a new file cannot have the attributes of the target.
bool WholeFile::open_beside_target() {
  static std::atomic<unsigned> serial = 0;  // tells apart the files that threads of this process write at once
  std::error_code error;
  const bool is_new = !fs::exists(target_, error);
  do {
    // The name does not derive from the target's, which may already be as long as a name can be.
    temporary_ = target_.parent_path() / fmt::format(".assay-{}-{}.tmp", ::getpid(), serial++);
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_new ? 0666 : 0600);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail();
  remember(temporary_.string());
  if (is_new || take_attributes(descriptor_, target_)) return true;
  ::close(std::exchange(descriptor_, -1));
  unlink(temporary_.c_str());
  forget(std::exchange(temporary_, {}).string());
  return false;
}

WholeFile::~WholeFile() {
  const bool is_partial = is_regular_here_ && descriptor_ >= 0 && written_ != 0;
  [[maybe_unused]] const int emptied = is_partial ? ftruncate(descriptor_, 0) : 0;
  if (descriptor_ >= 0 && !is_borrowed_) ::close(descriptor_);
  if (temporary_.empty()) return;
  unlink(temporary_.c_str());
  forget(temporary_.string());
}

void WholeFile::write(std::span<const std::byte> bytes) {
  if (!write_all(descriptor_, bytes)) fail();
  written_ += bytes.size();
}

void WholeFile::commit() {
  if (is_regular_here_ && ftruncate(descriptor_, static_cast<off_t>(written_)) != 0) fail();
  const int descriptor = std::exchange(descriptor_, -1);
  if (!is_borrowed_ && ::close(descriptor) != 0) fail();
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
  forget(std::exchange(temporary_, {}).string());
}

void WholeFile::fail() const { cannot_write(named_, errno); }

}  // namespace assay
