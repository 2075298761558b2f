// What each signal does to the program and to the file that it is writing. Each test lets a child process end.
#include "bench/base/interrupt.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "golden/whole_file.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;

class Signals : public testing::Test {
 protected:
  Signals() : folder_(fs::path(testing::TempDir()) / ("signals_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Signals() override { fs::remove_all(folder_); }
  /// Ends with 7 if the signal does not end the program.
  void raise_while_writing(int signal) const {
    set_up_signals();
    const WholeFile file(folder_ / "x");
    std::raise(signal);
    _exit(7);
  }
  fs::path folder_;
};

TEST_F(Signals, LeaveNoTemporaryFile) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT(raise_while_writing(signal), testing::ExitedWithCode(128 + signal), "");
    EXPECT_TRUE(fs::is_empty(folder_)) << signal;
  }
  for (const int signal : {SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU}) {
    EXPECT_EXIT(raise_while_writing(signal), testing::KilledBySignal(signal), "");
    EXPECT_TRUE(fs::is_empty(folder_)) << signal;
  }
}

TEST_F(Signals, TheFirstSetsTheFlagAndTheSecondEndsTheProgram) {
  const auto twice = [](int first, int second) {
    set_up_signals();
    catch_interrupts();
    if (is_interrupted()) _exit(1);
    std::raise(first);
    if (!is_interrupted() || interrupted_exit_code() != 128 + first) _exit(2);
    std::raise(second);
    _exit(3);
  };
  EXPECT_EXIT(twice(SIGINT, SIGINT), testing::ExitedWithCode(130), "assay: interrupted");
  EXPECT_EXIT(twice(SIGTERM, SIGTERM), testing::ExitedWithCode(143), "assay: interrupted");
  EXPECT_EXIT(twice(SIGHUP, SIGINT), testing::ExitedWithCode(130), "assay: interrupted");
}

TEST_F(Signals, TheFirstEndsTheProgramWhereNobodyAsks) {
  const auto within = [] {
    set_up_signals();
    catch_interrupts();
    const EndsAtOnce reading;
    std::raise(SIGTERM);
    _exit(1);
  };
  EXPECT_EXIT(within(), testing::ExitedWithCode(143), "");
  const auto after = [] {
    set_up_signals();
    catch_interrupts();
    { const EndsAtOnce reading; }
    std::raise(SIGTERM);
    _exit(is_interrupted() ? 0 : 1);
  };
  EXPECT_EXIT(after(), testing::ExitedWithCode(0), "");
}

TEST_F(Signals, AHangUpThatWasIgnoredStaysSo) {
  const auto under_nohup = [] {
    std::signal(SIGHUP, SIG_IGN);
    set_up_signals();
    std::raise(SIGHUP);
    _exit(0);
  };
  EXPECT_EXIT(under_nohup(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace assay::bench
