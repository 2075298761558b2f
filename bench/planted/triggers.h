// Triggers: kernels of any operator that are right except under one condition, as ports are. Each level of each factor
// of the operator's domain is a condition, and there the result is wrong in one element. A case kills a trigger if the
// condition holds on it and the wrong element is refused. What no case kills is a condition that the cases never meet.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/cases/selection.h"
#include "bench/verdict/expectation.h"

namespace assay::bench {

struct Trigger {
  std::string factor, level;
  /// Whether the condition holds for a case and its inputs, drawn or not.
  std::function<bool(const BoundCase&, const TensorPack& inputs)> holds;

  std::string label() const { return factor + "=" + level; }
};

/// One for each level of each factor of the operator's domain.
std::vector<Trigger> triggers_of(const OperatorEntry& op);

/// A value of an output's element that neither a bound nor a judge admits beside `right`, unless its tolerance tells
/// nothing.
double spoilt(const FieldInfo& field, double right);
/// Whether the case refuses its truth with one element wrong.
bool refuses_one_wrong_element(const BoundCase& bound, const Expectation& expected);

struct TriggerFate {
  Trigger trigger;
  std::string killed_by = {};  ///< the first case that did; empty if none did
  bool is_one = true;          ///< false if the condition held on cases with empty outputs alone: nothing can be wrong
  bool killed() const { return !killed_by.empty(); }
};

/// Tries all triggers on the cases of an operator at its principal dtype, in order, until all are killed. `stop` is
/// asked between cases.
void try_triggers(std::vector<TriggerFate>& fates, const std::vector<const BoundCase*>& cases, std::uint64_t seed,
                  const std::function<bool()>& stop);
std::size_t killed_of(const std::vector<TriggerFate>& fates);

/// What became of the triggers of an operator, those of use among them, by a default verify, and anew by its cover.
struct OperatorTriggers {
  std::vector<TriggerFate> by_verify, by_cover;  ///< the same triggers in the same order
  std::vector<std::string> too_large;            ///< levels of which every case is beyond the cover's budget
  bool is_too_large(std::size_t trigger) const;
};

struct TriggerOptions {
  std::uint64_t seed = default_seed;
  std::vector<int> threads;                        ///< of a default verify
  std::function<bool(const std::string&)> wanted;  ///< selects by label
  std::function<bool()> stop;                      ///< asked between cases
};

/// `by_default` are the cases of a default verify.
OperatorTriggers try_all_triggers(const OperatorEntry& op, const std::vector<BoundCase>& by_default,
                                  const TriggerOptions& options);

}  // namespace assay::bench
