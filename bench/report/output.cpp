// Files, colours and progress.
#include "bench/report/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <span>

#include "golden/whole_file.h"

namespace assay::bench {
namespace {

bool colours_on = false;
std::FILE* readers = nullptr;  // standard output unless a file has taken it
constexpr std::string_view colour_of(std::string_view verdict) {
  if (verdict == "PASSED") return "\x1b[32m";
  if (verdict == "FAILED" || verdict == "INVALID" || verdict == "MISTRUSTED") return "\x1b[31m";
  return "\x1b[33m";
}

}  // namespace

void write_whole(const std::string& path, std::string_view text) {
  WholeFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

void say(std::string_view text) { std::fwrite(text.data(), 1, text.size(), readers == nullptr ? stdout : readers); }

void leave_standard_output_to_a_file() { readers = stderr; }

void set_colour(Colour colour) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool wanted = isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
  colours_on = colour == Colour::always || (colour == Colour::automatic && wanted);
}

std::string coloured(std::string_view text, std::string_view verdict) {
  return colours_on ? fmt::format("{}{}\x1b[0m", colour_of(verdict), text) : std::string(text);
}

Progress::Progress(std::string_view verb, std::size_t total, Loudness loudness)
    : verb_(verb),
      total_(total),
      loudness_(loudness),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() { clear(); }

double Progress::elapsed_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::step(std::string_view label) {
  ++done_;
  if (loudness_ == silent) return;
  constexpr auto terminal_interval = std::chrono::milliseconds(100);
  constexpr auto log_interval = std::chrono::seconds(10);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ <
      (terminal_ ? std::chrono::milliseconds(terminal_interval) : std::chrono::milliseconds(log_interval)))
    return;
  last_ = now;
  const double left = elapsed_s() / static_cast<double>(done_) * static_cast<double>(total_ - done_);
  const std::string line = fmt::format("{} {}/{}, {}:{:02} left", verb_, done_, total_, static_cast<int>(left) / 60,
                                       static_cast<int>(left) % 60);
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}  {}", line, label);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
}

void Progress::clear() {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace assay::bench
