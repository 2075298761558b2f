// Triggers of use: kernels that are right except under one condition that no case has, but a call: how many threads
// there are, another plan that is alive, which call of its plan it is. They are the oracle behind a backend of their
// own, and go through all that verify does with a row. As with the triggers of triggers.h one element is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/planted/triggers.h"

namespace assay::bench {

/// What a kernel can know of the call it is in.
struct Use {
  int threads = 1;            ///< as the backend was last told
  int plans = 1;              ///< of the backend that are alive
  std::int64_t binding = 1;   ///< which one of its plan
  std::int64_t call = 1;      ///< which one of its plan
  bool on_own_thread = true;  ///< that of the plan's preparation
};

struct UseTrigger {
  std::string factor, level;
  std::function<bool(const Use&)> holds;

  std::string label() const { return factor + "=" + level; }
};

/// One for each thread count, and those of plans, bindings, calls and host threads.
std::vector<UseTrigger> use_triggers(const std::vector<int>& threads);

/// What became of those of an operator on the rows that `options` select, at its principal dtype, the smallest case
/// first. `options.filters` are not read. `stop` is asked between cases.
std::vector<TriggerFate> try_use_triggers(const OperatorEntry& op, const SelectionOptions& options,
                                          const std::function<bool(const std::string&)>& wanted,
                                          const std::function<bool()>& stop);

}  // namespace assay::bench
