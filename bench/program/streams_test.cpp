// The program with outputs that cannot be written, that are pipes, or that are one file under two names, on terminals
// of all kinds, and with signals: whatever happens to one output, the others and the exit code stay.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/machine/environment.h"
#include "bench/program/program_fixture.h"
#include "golden/safetensors.h"

namespace assay::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Runs a script of bash in which $A is the program.
Outcome bash(const std::string& script) {
  const std::string file = testing::TempDir() + "/script_" + std::to_string(getpid()) + ".sh";
  std::ofstream(file) << "A='" ASSAY_PROGRAM "'; export A XDG_CACHE_HOME=/nowhere\n" << script << "\n";
  FILE* pipe = popen(("bash " + file + " 2>&1 </dev/null").c_str(), "r");
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  const int status = pclose(pipe);
  fs::remove(file);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

/// A folder of one golden case whose recorded result is wrong, so that verify ends with exit code 3.
class Streams : public Program {
 protected:
  Streams() {
    const fs::path source = fs::path(ASSAY_SOURCE_DIR) / "golden/tensors/relative_position_index/seed_2x2.safetensors";
    fs::create_directories(folder_ / "bad/relative_position_index");
    const fs::path made = folder_ / "bad/relative_position_index/seed_2x2.safetensors";
    fs::copy_file(source, made);
    std::fstream stream(made, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-1, std::ios::end);
    const auto byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(-1, std::ios::end);
    stream.put(byte);
    int ends[2] = {};
    EXPECT_EQ(pipe(ends), 0);
    close(ends[0]);
    closed_pipe_ = ends[1];
  }
  ~Streams() override { close(closed_pipe_); }
  /// A redirection to a pipe whose reader is gone.
  std::string to_closed_pipe() const { return ">&" + std::to_string(closed_pipe_); }
  std::string bad() const { return "verify --golden " + path("bad") + " "; }
  bool has_temporary_files() const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      if (entry.path().extension() == ".tmp") return true;
    return false;
  }
  int closed_pipe_ = -1;
};

TEST_F(Streams, StandardErrorThatCannotBeWrittenLosesNothing) {
  ASSERT_EQ(assay(bad()).code, 3) << assay(bad()).text;
  for (const std::string& to : std::vector<std::string>{"2>&-", "2>/dev/full", "2" + to_closed_pipe()}) {
    // a warning, a note on the probe, and all results
    EXPECT_EQ(bash("$A bench --row-budget 50ms " + few + "--json " + path("b.json") + " >/dev/null " + to).code, 0)
        << to;
    EXPECT_FALSE(read_json(path("b.json"))["benchmarks"].empty()) << to;
    fs::remove(path("b.json"));
    EXPECT_EQ(bash("$A " + bad() + "--json " + path("v.json") + " >/dev/null " + to).code, 3) << to;
    EXPECT_FALSE(read_json(path("v.json"))["checks"].empty()) << to;
    fs::remove(path("v.json"));
    EXPECT_EQ(bash("$A nosuch " + to).code, 1) << to;
    EXPECT_EQ(bash("trap '' PIPE; $A nosuch " + to).code, 1) << to;
    // what people read goes to standard error, and only the file counts
    EXPECT_EQ(bash("$A list operators --json - >" + path("l.json") + " " + to).code, 0) << to;
    EXPECT_FALSE(read_json(path("l.json"))["operators"].empty()) << to;
  }
}

TEST_F(Streams, StandardOutputThatCannotBeWrittenIsNoSuccess) {
  for (const std::string& command :
       std::vector<std::string>{"--help", "--version", "list", "verify --help", "verify " + few}) {
    const Outcome full = bash("$A " + command + " >/dev/full");
    EXPECT_EQ(full.code, 1) << command;
    EXPECT_NE(full.text.find("assay: standard output could not be written to the end: No space left on device\n"),
              std::string::npos)
        << full.text;
    EXPECT_EQ(bash("$A " + command + " >&-").code, 1) << command;
  }
  EXPECT_EQ(bash("$A " + bad() + ">/dev/full").code, 3) << "the worse code";
}

TEST_F(Streams, AReaderThatGoesAwayLosesNoFile) {
  const std::string program = "env --default-signal=PIPE $A ";
  const Outcome helped = bash(program + "list --help " + to_closed_pipe() + "; echo $?");
  EXPECT_EQ(helped.text, "141\n") << "as other programs end, without a word";
  EXPECT_EQ(bash("trap '' PIPE; $A list --help " + to_closed_pipe()).text,
            "assay: standard output could not be written to the end: Broken pipe\n");
  EXPECT_EQ(bash(program + bad() + "--json " + path("v.json") + " " + to_closed_pipe()).code, 3);
  EXPECT_FALSE(read_json(path("v.json"))["checks"].empty());
}

TEST_F(Streams, ClosedDescriptorsDoNotBecomeResultFiles) {
  EXPECT_EQ(bash("$A list operators --json " + path("l.json") + " <&- >&- 2>&-").code, 1);
  EXPECT_FALSE(read_json(path("l.json"))["operators"].empty());
  EXPECT_EQ(bash("$A list operators --json - >&-").text, "assay: cannot write -: it is not open for writing\n");
}

TEST_F(Streams, AReportThatCannotBeWrittenKeepsTableOthersAndCode) {
  const std::string sentence = "assay: cannot write /dev/full: No space left on device\n";
  const Outcome verified = assay(bad() + "--json /dev/full --junit " + path("v.xml"));
  EXPECT_EQ(verified.code, 3) << verified.text;
  EXPECT_NE(verified.text.find(sentence), std::string::npos) << verified.text;
  EXPECT_NE(verified.text.find("relative_position_index"), std::string::npos) << verified.text;
  EXPECT_NE(verified.text.find("verify: "), std::string::npos) << verified.text;
  EXPECT_NE(contents(path("v.xml")).find("</testsuites>"), std::string::npos);
  EXPECT_EQ(assay("verify " + few + "--junit /dev/full").code, 1);

  const Outcome timed =
      assay("bench --row-budget 50ms " + few + "--json /dev/full --save-baseline main --csv " + path("b.csv"),
            "ASSAY_BASELINES='" + path("kept") + "'");
  EXPECT_EQ(timed.code, 1) << timed.text;
  EXPECT_NE(timed.text.find(sentence), std::string::npos) << timed.text;
  EXPECT_NE(timed.text.find("PASSED"), std::string::npos) << timed.text;
  EXPECT_EQ(contents(path("b.csv")).find("operator,case,"), 0u);
  EXPECT_FALSE(read_json(path("kept/main.json"))["benchmarks"].empty());
}

TEST_F(Streams, ALimitOnFilesIsASentence) {
  const Outcome outcome = bash("ulimit -f 1; $A list cases --json " + path("l.json") + " >/dev/null");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.text, "assay: cannot write " + path("l.json") +
                              ": it needs more than the 1024 bytes that `ulimit -f` allows a file\n");
  EXPECT_FALSE(fs::exists(path("l.json")));
  EXPECT_FALSE(has_temporary_files());
}

TEST_F(Streams, OneFileUnderTwoNamesIsRefusedBeforeTheWork) {
  fs::create_directory(path("d"));
  fs::create_symlink("x", path("link"));
  for (const std::string other : {"./x", "d/../x", "$PWD/x", "link"}) {
    const Outcome outcome = bash("cd " + folder_.string() + "; $A " + bad() + "--json x --junit " + other);
    EXPECT_EQ(outcome.code, 1) << other;
    EXPECT_NE(outcome.text.find("is asked for twice: give each file a name of its own\n"), std::string::npos)
        << outcome.text;
    EXPECT_FALSE(fs::exists(path("x")));
  }
  std::ofstream(path("x")) << "old";
  fs::create_hard_link(path("x"), path("hard"));
  EXPECT_EQ(assay("bench " + few + "--json " + path("x") + " --csv " + path("hard")).code, 1);
  EXPECT_EQ(assay("bench " + few + "--json " + path("m.json") + " --save-baseline m",
                  "ASSAY_BASELINES='" + folder_.string() + "'")
                .code,
            1);
  EXPECT_EQ(assay("verify " + few + "--json - --junit /dev/stdout").text,
            "assay: only one file can be written to standard output (-)\n");
  EXPECT_EQ(bash("$A verify " + few + "--json " + path("x") + " >>" + path("x")).text,
            "assay: " + path("x") + " is where standard output goes: give the file a name of its own\n");
  EXPECT_EQ(contents(path("x")), "old");
}

TEST_F(Streams, AnUnsetVariableIsNoFileName) {
  EXPECT_EQ(assay("verify " + few + "--json ''").code, 1);
  EXPECT_EQ(assay("verify " + few + "--junit ''").code, 1);
  EXPECT_EQ(assay("bench " + few + "--csv ''").code, 1);
}

TEST_F(Streams, PipesOfTheShellAreWritten) {
  EXPECT_EQ(bash("$A " + bad() + "--json >(cat >" + path("v.json") + ") --junit >(cat >" + path("v.xml") +
                 ") >/dev/null; code=$?; wait; exit $code")
                .code,
            3);
  const auto is_written = [&](const std::string& name) { return fs::exists(path(name)) && !fs::is_empty(path(name)); };
  for (int i = 0; i < 1000 && !(is_written("v.json") && is_written("v.xml")); ++i) usleep(10000);
  EXPECT_TRUE(is_written("v.json"));
  EXPECT_TRUE(is_written("v.xml"));

  const std::string run =
      "$A run " ASSAY_SOURCE_DIR "/golden/tensors/relative_position_bias/seed_2x2.safetensors --backend scalar -o ";
  for (const std::string name : {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
    const Outcome outcome = bash(run + name + " 2>/dev/null | cat >" + path("r") + "; exit ${PIPESTATUS[0]}");
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    EXPECT_NE(SafetensorsFile::read(path("r")).find("out.bias"), nullptr) << name;
  }
  EXPECT_EQ(bash(run + "/dev/stdout 2>/dev/null >" + path("r")).code, 0);
  EXPECT_NE(SafetensorsFile::read(path("r")).find("out.bias"), nullptr) << "and nothing else in it";
  EXPECT_EQ(bash(run + "/dev/fd/9 9>" + path("r") + " >/dev/null").code, 0);
  EXPECT_NE(SafetensorsFile::read(path("r")).find("out.bias"), nullptr);
}

TEST_F(Streams, EveryOutputKeepsItsMode) {
  const auto is_private = [&](const std::string& name) {
    return !fs::is_empty(path(name)) && fs::status(path(name)).permissions() == fs::perms(0600);
  };
  fs::create_directory(path("kept"));
  for (const char* name : {"v.json", "v.xml", "b.json", "b.csv", "l.json", "r", "kept/main.json"}) {
    std::ofstream(path(name)).close();
    fs::permissions(path(name), fs::perms(0600));
  }
  assay("verify " + few + "--json " + path("v.json") + " --junit " + path("v.xml"));
  assay("bench --row-budget 50ms " + few + "--save-baseline main --json " + path("b.json") + " --csv " + path("b.csv"),
        "ASSAY_BASELINES='" + path("kept") + "'");
  assay("list --json " + path("l.json"));
  assay("run " ASSAY_SOURCE_DIR "/golden/tensors/relative_position_bias/seed_2x2.safetensors --backend scalar -o " +
        path("r"));
  for (const char* name : {"v.json", "v.xml", "b.json", "b.csv", "l.json", "r", "kept/main.json"})
    EXPECT_TRUE(is_private(name)) << name;
}

/// With both outputs on a terminal.
std::string on_terminal(const std::string& environment, const std::string& arguments) {
  return bash("env " + environment + " script -qec \"$A " + arguments + "\" /dev/null").text;
}

TEST_F(Streams, TerminalsGetOnlyTheEscapesTheyKnow) {
  if (std::system("command -v script >/dev/null") != 0) GTEST_SKIP() << "there is no script(1)";
  const std::string escape = "\x1b";
  const std::string command = "verify " + few;
  const std::string plain = on_terminal("-u NO_COLOR TERM=xterm", command);
  EXPECT_NE(plain.find(escape + "[32mPASSED"), std::string::npos) << plain;
  EXPECT_EQ(plain.find(escape + "[K"), std::string::npos);
  for (const char* environment :
       {"-u NO_COLOR TERM=dumb", "-u NO_COLOR -u TERM", "-u NO_COLOR TERM=", "NO_COLOR=1 TERM=xterm"})
    EXPECT_EQ(on_terminal(environment, command).find(escape), std::string::npos) << environment;
  EXPECT_EQ(on_terminal("-u NO_COLOR TERM=xterm", "--color never " + command).find(escape), std::string::npos);
  EXPECT_NE(on_terminal("TERM=dumb", "--color always " + command).find(escape + "[32mPASSED"), std::string::npos);
}

TEST_F(Streams, EndsLikeCtrlCOnOtherSignals) {
  const struct {
    std::string signal;
    int code;
  } table[] = {{"INT", 130}, {"TERM", 143}, {"HUP", 129}};
  for (const auto& [signal, code] : table) {
    const Outcome cut = assay("verify --soak 1000000 --filter '*/scalar/*' --json " + path("v.json"),
                              "timeout --foreground --preserve-status -s " + signal + " 3");
    EXPECT_EQ(cut.code, code) << cut.text;
    const json document = read_json(path("v.json"));
    EXPECT_EQ(document["context"]["assay"]["partial"], true) << signal;
    fs::remove(path("v.json"));
  }
}

TEST_F(Streams, OneCtrlCEndsEveryPhase) {
  // a golden file that takes hours to hold against its manifest, on every verb that reads golden files
  fs::create_directories(path("g/padding_mask"));
  std::ofstream(path("g/padding_mask/x.safetensors")).close();
  std::error_code error;
  fs::resize_file(path("g/padding_mask/x.safetensors"), std::uintmax_t{1} << 43, error);
  if (error) GTEST_SKIP() << "the file system has no files of this size: " << error.message();
  std::ofstream(path("g/manifest.json")) << R"({"format": 1, "files": {"padding_mask/x.safetensors": ")"
                                         << std::string(64, '0') << R"("}})";
  const std::string interrupted = "timeout --foreground --preserve-status -k 20 -s INT 2";
  for (const std::string& verb : std::vector<std::string>{"verify", "bench", "profile -o " + path("p")})
    EXPECT_EQ(assay(verb + " --golden " + path("g"), interrupted).code, 130) << verb;
  // ThreadSanitizer holds signals back while a call waits, so that only the second would end the program
  if (this_build().sanitizers.find("thread") != std::string::npos) return;
  // a pipe that nobody reads
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(assay("list --json " + path("fifo"), interrupted).code, 130);
  EXPECT_EQ(
      assay("run " ASSAY_SOURCE_DIR "/golden/tensors/relative_position_bias/seed_2x2.safetensors --backend scalar -o " +
                path("fifo"),
            interrupted)
          .code,
      130);
}

}  // namespace
}  // namespace assay::bench
