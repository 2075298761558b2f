// Opening what is no file, and reading a file that changes.
#include "golden/regular_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "reference/tensor.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// The sentence `action` is refused with.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

class Files : public testing::Test {
 protected:
  Files() { fs::create_directories(folder); }
  ~Files() override { fs::remove_all(folder); }

  fs::path make(const std::string& name, std::string_view contents) const {
    std::ofstream(folder / name, std::ios::binary) << contents;
    return folder / name;
  }
  /// What opening says, without the path in front.
  std::string opening(const fs::path& path) const {
    const std::string said = refusal([&] { RegularFile file(path); });
    return said.starts_with(path.string()) ? said.substr(path.string().size()) : said;
  }
  static std::string text(const RegularFile& file, std::uint64_t at, std::size_t length) {
    std::string out(length, '?');
    file.read(at, std::as_writable_bytes(std::span(out)));
    return out;
  }

  const fs::path folder = fs::temp_directory_path() / fmt::format("regular_file_test.{}", ::getpid());
};

TEST_F(Files, AreReadAnywhere) {
  const RegularFile file(make("a", "0123456789"));
  EXPECT_EQ(file.size(), 10u);
  EXPECT_EQ(file.name(), (folder / "a").string());
  EXPECT_EQ(text(file, 0, 10), "0123456789");
  EXPECT_EQ(text(file, 7, 3), "789");
  EXPECT_EQ(text(file, 10, 0), "");
  EXPECT_EQ(refusal([&] { file.require_unchanged(); }), "accepted");
}

TEST_F(Files, AreFoundBehindLinks) {
  make("a", "x");
  fs::create_symlink("a", folder / "link");
  EXPECT_EQ(text(RegularFile(folder / "link"), 0, 1), "x");
}

TEST_F(Files, AreRefusedWhereTheyAreNone) {
  EXPECT_EQ(opening(folder / "none"), " does not exist");
  EXPECT_EQ(opening(make("a", "") / "b"), " does not exist");
  EXPECT_EQ(opening(""), " does not exist");
  EXPECT_EQ(opening(folder), " is not a regular file");
  EXPECT_EQ(opening("/dev/null"), " is not a regular file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(opening(folder / "pipe"), " is not a regular file");  // and nobody is waited for
  fs::create_symlink("pipe", folder / "link");
  EXPECT_EQ(opening(folder / "link"), " is not a regular file");
  fs::create_symlink("nowhere", folder / "dangling");
  EXPECT_EQ(opening(folder / "dangling"), " does not exist");
  fs::create_symlink("loop", folder / "loop");
  EXPECT_EQ(opening(folder / "loop"), " cannot be read: Too many levels of symbolic links");
  EXPECT_EQ(opening(folder / std::string(300, 'n')), " cannot be read: File name too long");
}

TEST_F(Files, AreRefusedWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read anything";
  const fs::path path = make("a", "x");
  fs::permissions(path, fs::perms::none);
  EXPECT_EQ(opening(path), " cannot be opened: Permission denied");
}

TEST_F(Files, AreNamedOnOneLine) {
  EXPECT_EQ(refusal([&] { RegularFile file(folder / "\x1b[31m\n\xff"); }),
            folder.string() + R"(/\u001b[31m\u000a\xff does not exist)");
}

TEST_F(Files, ThatShrinkAreNoticed) {
  const fs::path path = make("a", "0123456789");
  const RegularFile file(path);
  fs::resize_file(path, 4);
  EXPECT_EQ(text(file, 0, 4), "0123");
  EXPECT_EQ(refusal([&] { text(file, 2, 5); }),
            path.string() + ", byte 4: 3 bytes could not be read here; has the file changed?");
  EXPECT_EQ(refusal([&] { file.require_unchanged(); }),
            path.string() + " changed while it was read: it had 10 bytes and has 4 now");
}

TEST_F(Files, ThatGrowAreNoticed) {
  const fs::path path = make("a", "0123456789");
  const RegularFile file(path);
  std::ofstream(path, std::ios::app) << "x";
  EXPECT_EQ(text(file, 0, 10), "0123456789");
  EXPECT_EQ(refusal([&] { file.require_unchanged(); }),
            path.string() + " changed while it was read: it had 10 bytes and has 11 now");
}

TEST_F(Files, ThatAreWrittenToAreNoticed) {
  const fs::path path = make("a", "0123456789");
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));  // before it is opened
  const RegularFile file(path);
  std::ofstream(path, std::ios::in | std::ios::out) << "x";
  EXPECT_EQ(refusal([&] { file.require_unchanged(); }),
            path.string() + " changed while it was read: it has been written to since it was opened");
}

TEST_F(Files, ThatAreReplacedStayWhatWasOpened) {
  const fs::path path = make("a", "0123456789");
  const RegularFile file(path);
  fs::rename(make("b", "other"), path);
  EXPECT_EQ(text(file, 0, 10), "0123456789");
  EXPECT_EQ(refusal([&] { file.require_unchanged(); }), "accepted");
}

}  // namespace
}  // namespace assay
