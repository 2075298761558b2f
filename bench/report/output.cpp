// Files, colours and progress.
#include "bench/report/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "bench/base/streams.h"
#include "golden/whole_file.h"
#include "reference/tensor.h"

namespace assay::bench {
namespace {

Colour wanted_colour = Colour::automatic;

constexpr std::string_view colour_of(std::string_view verdict) {
  if (verdict == "PASSED") return "\x1b[32m";
  if (verdict == "FAILED" || verdict == "INVALID" || verdict == "MISTRUSTED") return "\x1b[31m";
  return "\x1b[33m";
}

/// The value of an environment variable, empty if it is not set.
std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Whether TERM says that a terminal can do more than print lines.
bool is_capable_terminal() { return !variable("TERM").empty() && variable("TERM") != "dumb"; }

bool colours_are_on() {
  if (wanted_colour != Colour::automatic) return wanted_colour == Colour::always;
  return is_read_on_a_terminal() && is_capable_terminal() && variable("NO_COLOR").empty();
}

void require_names_of_their_own(std::span<const std::string> paths) {
  for (std::size_t i = 1; i < paths.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (are_one_file(paths[i], paths[j]))
        throw InvalidArgument(is_standard_output(paths[i])
                                  ? "only one file can be written to standard output (-)"
                                  : fmt::format("{} is asked for twice: give each file a name of its own", paths[i]));
  for (const std::string& path : paths)
    for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO})
      if (is_open_as(path, descriptor))
        throw InvalidArgument(fmt::format("{} is where standard {} goes: give the file a name of its own", path,
                                          descriptor == STDOUT_FILENO ? "output" : "error"));
}

}  // namespace

void prepare_outputs(std::span<const std::string> paths) {
  std::vector<std::string> given;
  std::ranges::copy_if(paths, std::back_inserter(given), [](const std::string& path) { return !path.empty(); });
  for (const std::string& path : given) require_writable(path);
  require_names_of_their_own(given);
  if (std::ranges::any_of(given, is_standard_output)) leave_standard_output_to_a_file();
}

void write_whole(const std::string& path, std::string_view text) {
  WholeFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

void Reports::write(const std::string& path, std::string_view text) {
  if (path.empty()) return;
  try {
    write_whole(path, text);
    failed_.erase(path);
  } catch (const InvalidArgument& problem) {
    std::string& sentence = failed_[path];
    if (sentence != problem.what()) tell(fmt::format("assay: {}\n", problem.what()));
    sentence = problem.what();
  }
}

int Reports::exit_code(int code) const { return code == 0 && !failed_.empty() ? 1 : code; }

void set_colour(Colour colour) { wanted_colour = colour; }

std::string coloured(std::string_view text, std::string_view verdict) {
  return colours_are_on() ? fmt::format("{}{}\x1b[0m", colour_of(verdict), text) : std::string(text);
}

Progress::Progress(std::string_view verb, std::size_t total, Loudness loudness)
    : verb_(verb),
      total_(total),
      loudness_(loudness),
      terminal_(isatty(STDERR_FILENO) == 1 && is_capable_terminal()),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() { clear(); }

double Progress::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::step(std::string_view label) {
  ++done_;
  if (loudness_ == silent) return;
  const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < interval) return;
  last_ = now;
  const double left = elapsed_s() / static_cast<double>(done_) * static_cast<double>(total_ - done_);
  const std::string line = fmt::format("{} {}/{}, {}:{:02} left", verb_, done_, total_, static_cast<int>(left) / 60,
                                       static_cast<int>(left) % 60);
  if (terminal_) {
    rewrite(fmt::format("{}  {}", line, label));
  } else {
    tell(line + "\n");
  }
}

/// Spaces cover what is left of a longer line.
void Progress::rewrite(const std::string& line) {
  const std::size_t width = std::max(line.size(), shown_bytes_);
  tell(fmt::format("\r{:<{}}{}", line, width, line.empty() ? "\r" : ""));
  shown_bytes_ = line.size();
}

void Progress::clear() {
  if (terminal_ && shown_bytes_ != 0) rewrite("");
}

}  // namespace assay::bench
