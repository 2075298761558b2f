// Files that are written beside their target or in place, names that lead to one file, and what is left behind.
#include "golden/whole_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

#include "reference/tensor.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

void write(const fs::path& path, const std::string& text) {
  WholeFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const InvalidArgument& problem) {
    return problem.what();
  }
  return "";
}

/// Permissions hold for root only while it acts as somebody else.
class ActingAs {
 public:
  explicit ActingAs(uid_t user) : before_(geteuid()) {
    if (before_ == 0 && seteuid(user) != 0) std::abort();
  }
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs() {
    if (seteuid(before_) != 0) std::abort();
  }

 private:
  uid_t before_;
};

class WrittenFile : public testing::Test {
 protected:
  WrittenFile()
      : folder_(fs::path(testing::TempDir()) /
                (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "_" +
                 std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    fs::permissions(folder_, fs::perms::all);
  }
  ~WrittenFile() override {
    fs::permissions(folder_, fs::perms::all);
    fs::remove_all(folder_);
  }
  auto files() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }
  fs::path at(const std::string& name) const { return folder_ / name; }
  /// Runs in a child process, whose status it returns.
  static int in_child(const std::function<void()>& act) {
    const pid_t child = fork();
    if (child == 0) {
      act();
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  fs::path folder_;
};

TEST_F(WrittenFile, KeepsModeAndOwner) {
  for (const mode_t mode : {0600U, 0640U, 0666U, 0755U}) {
    std::ofstream(at("x")) << "old";
    ASSERT_EQ(chmod(at("x").c_str(), mode), 0);
    if (geteuid() == 0) {
      ASSERT_EQ(chown(at("x").c_str(), nobody, nobody), 0);
    }
    struct stat before {
    }, after{};
    ASSERT_EQ(stat(at("x").c_str(), &before), 0);
    write(at("x"), "new");
    ASSERT_EQ(stat(at("x").c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
    EXPECT_EQ(after.st_uid, before.st_uid);
    EXPECT_EQ(after.st_gid, before.st_gid);
    EXPECT_EQ(contents(at("x")), "new");
    fs::remove(at("x"));
  }
  EXPECT_EQ(files(), 0);
}

TEST_F(WrittenFile, KeepsTheOwnerThatANewFileCannotHave) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a file of another user's";
  std::ofstream(at("x")) << "a longer old text";
  fs::permissions(at("x"), fs::perms(0666));
  {
    const ActingAs other(nobody);
    write(at("x"), "new");
  }
  struct stat status {};
  ASSERT_EQ(stat(at("x").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0u);
  EXPECT_EQ(contents(at("x")), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(WrittenFile, KeepsTheAccessControlList) {
  std::ofstream(at("x")) << "old";
  // version 2; then tag, permissions and id: owner, user 65534, group, mask, others
  const unsigned char list[] = {2,    0, 0, 0,                          //
                                1,    0, 6, 0, 0xff, 0xff, 0xff, 0xff,  //
                                2,    0, 6, 0, 0xfe, 0xff, 0,    0,     //
                                4,    0, 4, 0, 0xff, 0xff, 0xff, 0xff,  //
                                0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,  //
                                0x20, 0, 4, 0, 0xff, 0xff, 0xff, 0xff};
  constexpr const char* name = "system.posix_acl_access";
  if (setxattr(at("x").c_str(), name, list, sizeof list, 0) != 0) GTEST_SKIP() << "the file system has no such lists";
  write(at("x"), "new");
  EXPECT_EQ(getxattr(at("x").c_str(), name, nullptr, 0), static_cast<ssize_t>(sizeof list));
  EXPECT_EQ(contents(at("x")), "new");
}

TEST_F(WrittenFile, IsWrittenInPlaceInAFolderThatCannotBe) {
  std::ofstream(at("x")) << "a longer old text";
  fs::permissions(at("x"), fs::perms(0666));
  fs::permissions(folder_, fs::perms(0555));
  const ActingAs other(nobody);
  require_writable(at("x"));
  write(at("x"), "new");
  EXPECT_EQ(contents(at("x")), "new");
  EXPECT_EQ(refusal([&] { require_writable(at("y")); }), "cannot write " + at("y").string() + ": Permission denied");
}

TEST_F(WrittenFile, OfWhichOnlyAPartCouldBeWrittenInPlaceIsEmptied) {
  std::ofstream(at("x")) << "a longer old text";
  fs::permissions(at("x"), fs::perms(0666));
  fs::permissions(folder_, fs::perms(0555));
  const ActingAs other(nobody);
  {
    WholeFile file(at("x"));
    file.write(std::as_bytes(std::span("new")));
  }
  EXPECT_EQ(contents(at("x")), "");
}

TEST_F(WrittenFile, IsWrittenInPlaceWhereSomethingIsMountedOnIt) {
  std::ofstream(at("x")) << "of the folder";
  std::ofstream(at("mounted")) << "a longer old text";
  const int status = in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount(at("mounted").c_str(), at("x").c_str(), nullptr, MS_BIND, nullptr) != 0)
      _exit(77);
    if (!refusal([&] { write(at("x"), "new"); }).empty()) _exit(1);
  });
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this process may not mount";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(contents(at("mounted")), "new");
  EXPECT_EQ(contents(at("x")), "of the folder");
  EXPECT_EQ(files(), 2);
}

TEST_F(WrittenFile, ThatIsReadOnlyIsRefused) {
  std::ofstream(at("x")) << "old";
  fs::permissions(at("x"), fs::perms(0444));
  const ActingAs other(nobody);
  EXPECT_EQ(refusal([&] { require_writable(at("x")); }), "cannot write " + at("x").string() + ": Permission denied");
}

TEST_F(WrittenFile, GoesThroughPipesWhateverTheirName) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  fs::create_symlink("/dev/fd/" + std::to_string(ends[1]), at("link"));
  const auto received = [](int from) {
    char text[4] = {};
    EXPECT_EQ(read(from, text, 3), 3);
    return std::string(text);
  };
  for (const fs::path& name : {fs::path("/dev/fd/" + std::to_string(ends[1])), at("link"),
                               fs::path("/proc/self/fd/" + std::to_string(ends[1])),
                               fs::path("/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(ends[1]))}) {
    require_writable(name);
    write(name, "new");
    EXPECT_EQ(received(ends[0]), "new") << name;
  }
  std::thread writer([&] { write(at("fifo"), "new"); });
  const int fifo = open(at("fifo").c_str(), O_RDONLY);
  EXPECT_EQ(received(fifo), "new");
  writer.join();
  close(fifo);
  EXPECT_EQ(fs::status(at("fifo")).type(), fs::file_type::fifo);
  EXPECT_EQ(refusal([&] { require_writable("/dev/fd/" + std::to_string(ends[0])); }),
            "cannot write /dev/fd/" + std::to_string(ends[0]) + ": it is not open for writing");
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(refusal([&] { require_writable("/dev/fd/" + std::to_string(ends[1])); }),
            "cannot write /dev/fd/" + std::to_string(ends[1]) + ": Bad file descriptor");
}

TEST_F(WrittenFile, GoesOnWhereADescriptorStands) {
  const int log = open(at("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ASSERT_TRUE(write_all(log, std::as_bytes(std::span("earlier ").first(8))));
  write("/dev/fd/" + std::to_string(log), "new");
  close(log);
  EXPECT_EQ(contents(at("log")), "earlier new");
}

TEST_F(WrittenFile, IsKnownUnderAllItsNames) {
  std::ofstream(at("x"));
  std::ofstream(at("other"));
  fs::create_directory(at("d"));
  fs::create_symlink("x", at("link"));
  fs::create_symlink("new", at("link_to_new"));
  fs::create_symlink(folder_, at("here"));
  fs::create_hard_link(at("x"), at("hard"));
  for (const char* name : {"x", "./x", "d/../x", "link", "hard", "here/x", "here/link"})
    EXPECT_TRUE(are_one_file(at("x"), at(name))) << name;
  for (const char* name : {"new", "./new", "d/../new", "link_to_new", "here/new"})
    EXPECT_TRUE(are_one_file(at("new"), at(name))) << name;
  EXPECT_FALSE(are_one_file(at("x"), at("other")));
  EXPECT_FALSE(are_one_file(at("x"), at("new")));
  EXPECT_FALSE(are_one_file(at("new"), at("d/new")));
  EXPECT_TRUE(are_one_file("-", "/dev/stdout"));
  EXPECT_TRUE(is_standard_output("-"));
  EXPECT_TRUE(is_standard_output("/dev/stdout"));
  EXPECT_FALSE(is_standard_output(at("x")));
  const int open_file = open(at("x").c_str(), O_WRONLY);
  EXPECT_TRUE(is_open_as(at("link"), open_file));
  EXPECT_FALSE(is_open_as(at("other"), open_file));
  close(open_file);
}

TEST_F(WrittenFile, NamesTheLimitItMeets) {
  const int status = in_child([&] {
    const rlimit limit{1000, 1000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    std::signal(SIGXFSZ, SIG_IGN);
    const std::string sentence = refusal([&] { write(at("x"), std::string(1001, 'x')); });
    const std::string expected =
        "cannot write " + at("x").string() + ": it needs more than the 1000 bytes that `ulimit -f` allows a file";
    _exit(sentence == expected ? 0 : 1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(files(), 0);
}

TEST_F(WrittenFile, CanBeRemovedByASignalHandler) {
  const int status = in_child([&] {
    const WholeFile one(at("x")), other(at("y"));
    if (files() != 2) _exit(2);
    remove_temporary_files();
    _exit(files() == 0 ? 0 : 1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(WrittenFile, IsNotRemovedOnceItHasItsName) {
  write(at("x"), "new");
  const WholeFile other(at("y"));
  remove_temporary_files();
  EXPECT_EQ(contents(at("x")), "new");
}

}  // namespace
}  // namespace assay
