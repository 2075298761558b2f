// The families of the scalar backend: each file registers its kernels here. Plain loops, built with auto-vectorisation
// off, double accumulators: the code to read in order to learn what an operator does.
#pragma once

#include "backends/backend.h"

namespace assay::scalar {

void add_masking(KernelTable& table);
void add_collation(KernelTable& table);
void add_position_encoding(KernelTable& table);
void add_window_attention(KernelTable& table);
void add_set_prediction(KernelTable& table);

}  // namespace assay::scalar
