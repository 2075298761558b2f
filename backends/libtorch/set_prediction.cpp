// hungarian_assignment has no counterpart in ATen.
#include "reference/set_prediction.h"

#include "backends/libtorch/kernels.h"

namespace assay::libtorch {

void add_set_prediction(KernelTable& table) {
  table.decline<HungarianAssignment>("ATen has no assignment solver; DETR calls SciPy on the host");
}

}  // namespace assay::libtorch
