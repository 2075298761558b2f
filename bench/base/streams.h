// Standard output and standard error. What people read goes through say(), messages and progress through tell().
// Neither throws; close_standard_output() at the end turns lost output into an exit code.
#pragma once

#include <string_view>

namespace assay::bench {

/// Call at the start. Opens descriptors 0, 1 and 2 if they are closed, so that no result file gets their number; using
/// them goes on failing. A closed pipe or the limit on file sizes makes a write fail, and no longer ends the program.
void set_up_standard_streams();

/// What people read: on standard output, or on standard error after leave_standard_output_to_a_file().
void say(std::string_view text);
void leave_standard_output_to_a_file();
/// Whether what people read goes to a terminal.
bool is_read_on_a_terminal();

/// Messages, warnings and progress: on standard error. Text that cannot be written there is dropped.
void tell(std::string_view text) noexcept;

/// The exit code after everything was said: `code`, but 1 in place of 0 if standard output could not be written. If its
/// reader went away and nothing else is wrong, ends the program by SIGPIPE, as other programs end.
int close_standard_output(int code);

}  // namespace assay::bench
