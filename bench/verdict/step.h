// How a row ends when a step of it goes wrong: what the step throws, and what it finds.
#pragma once

#include <functional>
#include <string>

#include "bench/cases/row.h"

namespace assay::bench {

/// Does one step of a row. What it throws fails the row; for lack of memory or threads the row is UNAVAILABLE.
void do_step(Row& row, const std::function<void()>& step);

/// Fails a row that has passed so far, unless `breach` is empty. A wrong result, found earlier, keeps its reason.
void fail_for(Row& row, std::string breach);

}  // namespace assay::bench
