// Descriptors are written without buffers of our own: lines appear in order, and a crash loses none.
#include "bench/base/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <system_error>

#include "golden/whole_file.h"

namespace assay::bench {
namespace {

int readers = STDOUT_FILENO;
int lost = 0;  // the error number of the first write to standard output that failed; 0 before one
bool closed_pipes_end_programs = false;

void keep_going(int /*signal*/) {}

/// The mode is the wrong one, so that reading standard input and writing the others fails as if they were closed.
void open_if_closed(int descriptor, int wrong_mode) {
  if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) return;
  const int opened = open("/dev/null", wrong_mode);  // the lowest number that is free, which is this one
  if (opened >= 0 && opened != descriptor) close(opened);
}

/// A handler, and not SIG_IGN, which programs that we start would inherit.
bool stop_ending_at(int signal) {
  struct sigaction action {
  }, before{};
  sigaction(signal, nullptr, &before);
  if (before.sa_handler != SIG_DFL) return false;
  action.sa_handler = keep_going;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
  return true;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

void set_up_standard_streams() {
  open_if_closed(STDIN_FILENO, O_WRONLY);
  open_if_closed(STDOUT_FILENO, O_RDONLY);
  open_if_closed(STDERR_FILENO, O_RDONLY);
  closed_pipes_end_programs = stop_ending_at(SIGPIPE) || closed_pipes_end_programs;
  stop_ending_at(SIGXFSZ);
  readers = STDOUT_FILENO;
  lost = 0;
}

void say(std::string_view text) {
  if (!write_all(readers, bytes_of(text)) && readers == STDOUT_FILENO && lost == 0) lost = errno;
}

void leave_standard_output_to_a_file() { readers = STDERR_FILENO; }

bool is_read_on_a_terminal() { return isatty(readers) == 1; }

void tell(std::string_view text) noexcept { write_all(STDERR_FILENO, bytes_of(text)); }

int close_standard_output(int code) {
  if (lost == 0) return code;
  if (lost == EPIPE && code == 0 && closed_pipes_end_programs) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  tell(fmt::format("assay: standard output could not be written to the end: {}\n",
                   std::generic_category().message(lost)));
  return code == 0 ? 1 : code;
}

}  // namespace assay::bench
