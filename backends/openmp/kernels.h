// The families of the openmp backend: each file registers its kernels here. Threads and vectors by OpenMP, single
// precision inside, and no memory touched twice that need be touched once. Begin with parallel.h, which every kernel
// uses.
#pragma once

#include "backends/backend.h"

namespace assay::openmp {

void add_masking(KernelTable& table);
void add_collation(KernelTable& table);
void add_position_encoding(KernelTable& table);
void add_window_attention(KernelTable& table);
void add_set_prediction(KernelTable& table);

}  // namespace assay::openmp
