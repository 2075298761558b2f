// The program `assay`.
#include "bench/program/program.h"

int main(int argc, char** argv) { return assay::bench::run_program(argc, argv); }
