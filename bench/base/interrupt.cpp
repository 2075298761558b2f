// The handlers. They do only what is allowed in one.
#include "bench/base/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

#include "golden/whole_file.h"

namespace assay::bench {
namespace {

constexpr int signal_base = 128;  // shells add it to the number of the signal

volatile std::sig_atomic_t first_signal = 0;  // the flag: 0 before an interrupt
volatile std::sig_atomic_t sets_flag = 0;     // whether the first signal sets it, and does not end the program

void write_out(std::string_view text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

void on_interrupt(int signal) {
  if (sets_flag == 0 || first_signal != 0) {
    remove_temporary_files();
    _exit(signal_base + signal);
  }
  first_signal = signal;
  write_out("\nassay: interrupted; it ends after the step in hand, and at once if interrupted again\n");
}

void on_fatal(int signal) {
  remove_temporary_files();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

bool is_default(int signal) {
  struct sigaction now {};
  sigaction(signal, nullptr, &now);
  return now.sa_handler == SIG_DFL;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void set_up_signals() {
  first_signal = 0;
  sets_flag = 0;
  handle(SIGINT, on_interrupt);
  handle(SIGTERM, on_interrupt);
  if (is_default(SIGHUP)) handle(SIGHUP, on_interrupt);
  for (const int signal : {SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGXCPU, SIGIO})
    if (is_default(signal)) handle(signal, on_fatal);
}

void catch_interrupts() { sets_flag = 1; }
bool is_interrupted() { return first_signal != 0; }
int interrupted_exit_code() { return signal_base + static_cast<int>(first_signal); }

EndsAtOnce::EndsAtOnce() : set_flag_before_(sets_flag != 0) { sets_flag = 0; }
EndsAtOnce::~EndsAtOnce() { sets_flag = set_flag_before_ ? 1 : 0; }

}  // namespace assay::bench
