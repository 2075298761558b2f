// hungarian_assignment, which has no kernel here: the reason stands below.
#include "reference/set_prediction.h"

#include "backends/openmp/kernels.h"

namespace assay::openmp {

void add_set_prediction(KernelTable& table) {
  table.decline<HungarianAssignment>(
      "an assignment is a chain of shortest paths, each starting from the one before; there is nothing here for "
      "threads or vectors to share");
}

}  // namespace assay::openmp
