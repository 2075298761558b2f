// The program `assay` as a function, so that tests can run the very same path on backends of their own.
#pragma once

namespace assay::bench {

/// Does what the command line says and returns the exit code. Every mistake has become one sentence on standard error.
int run_program(int argc, char** argv);

}  // namespace assay::bench
