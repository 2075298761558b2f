// Ctrl-C and other signals that ask the program to end: a flag that every loop asks for, or the end at once. Temporary
// files are removed in both cases.
#pragma once

namespace assay::bench {

/// Call at the start. SIGINT, SIGTERM and SIGHUP end the program at once, with exit code 128 + signal; a SIGHUP that
/// was ignored stays so (nohup). Before any other signal ends the program, temporary files are removed.
void set_up_signals();

/// From here on the first SIGINT, SIGTERM or SIGHUP sets the flag, so that results can be written. A second one ends
/// the program at once.
void catch_interrupts();
bool is_interrupted();
/// 128 + the signal that set the flag: 130 for Ctrl-C, 143 for SIGTERM.
int interrupted_exit_code();

/// As long as one exists, the first signal ends the program at once, also after catch_interrupts(): for work that does
/// not ask for the flag and leaves no results.
class EndsAtOnce {
 public:
  EndsAtOnce();
  ~EndsAtOnce();
  EndsAtOnce(const EndsAtOnce&) = delete;
  EndsAtOnce& operator=(const EndsAtOnce&) = delete;

 private:
  bool set_flag_before_;
};

}  // namespace assay::bench
