// Ctrl-C: a flag that every loop of the program asks for.
#pragma once

namespace assay::bench {

/// Sets the flag on SIGINT. A second signal ends the program at once, with exit code 130 and nothing written.
void catch_interrupts();
bool is_interrupted();

}  // namespace assay::bench
