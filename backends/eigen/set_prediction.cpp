// hungarian_assignment is no expression over arrays, and Eigen does not solve it.
#include "reference/set_prediction.h"

#include "backends/eigen/kernels.h"

namespace assay::eigen {

void add_set_prediction(KernelTable& table) { table.decline<HungarianAssignment>("Eigen has no assignment solver"); }

}  // namespace assay::eigen
