// Mutants: wrong kernels of any operator, made from its contract alone. Each changes one thing about the right kernel,
// the oracle: a parameter, an input or an output. A case kills a mutant when it is FAILED there. What no case kills is
// a hole in the cases, or equal by the operator's meaning, which the operator then declares.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases/cases.h"
#include "bench/verdict/expectation.h"

namespace assay::bench {

/// One run of a mutant on one case: what goes in and what comes out. Tensors are shared until they are changed.
struct MutantRun {
  Scalars params;
  TensorPack inputs, outputs;
};

struct Mutant {
  std::string field;   ///< the parameter, input or output that it concerns
  std::string change;  ///< what is wrong with it: "doubled", "last slice along H taken as zero"
  /// Changes the parameters or inputs, or else the outputs. False where this case leaves nothing to change.
  std::function<bool(MutantRun&)> change_inputs, change_outputs;

  /// "mask: last slice along H taken as zero"
  std::string label() const;
};

/// All mutants of an operator at its principal dtype.
std::vector<Mutant> mutants_of(const OperatorEntry& op);

/// Why a mutant is FAILED on this case; empty if it passes; nothing if it is none here: no change, other output shapes,
/// or inputs that the operator refuses.
std::optional<std::string> failure_of(const Mutant& mutant, const BoundCase& bound, const Expectation& expected);

/// What became of one mutant over all cases.
struct MutantFate {
  Mutant mutant;
  std::size_t cases = 0;          ///< on which it was one
  std::string killed_by, reason;  ///< the first case that failed it; empty if none did
  std::string equivalent;         ///< the operator's reason why nothing can kill it; empty if it declares none

  bool killed() const { return !killed_by.empty(); }
  /// Whether the fate is as it should be: killed, or declared equal and seen equal.
  bool in_order() const { return killed() == equivalent.empty(); }
};

/// The cases that mutants of an operator are tried on: those at its principal dtype, but the large ones.
std::vector<const BoundCase*> mutant_cases(const OperatorEntry& op, const std::vector<BoundCase>& all);

/// Tries all mutants of an operator on its cases, the smallest first, each until a case kills it. Mutants that are none
/// on every case are left out. `wanted` selects by label; `stop` is asked between cases.
std::vector<MutantFate> try_mutants(const OperatorEntry& op, const std::vector<const BoundCase*>& cases,
                                    std::uint64_t seed, const std::function<bool(const std::string&)>& wanted,
                                    const std::function<bool()>& stop);

}  // namespace assay::bench
