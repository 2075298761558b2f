// The right kernel of any operator, made from its contract: the oracle, rounded once. Wrong kernels are made from it by
// changing what goes in or what comes out.
#pragma once

#include <functional>

#include "backends/backend.h"

namespace assay::bench {

/// A kernel over host tensors of the operator's own dtypes, in contract order.
using ErasedKernel = std::function<void(std::span<const Scalar> params, Slots inputs, Slots outputs)>;

/// The tensors of some slots; it owns the references alone.
TensorPack pack_of(Slots slots);

/// Widens the inputs, evaluates the oracle and rounds each value once to the output's dtype.
ErasedKernel oracle_kernel(const OperatorEntry& op, const OperatorInstance& instance);

/// The kernel in the form that KernelTable::add takes.
Prepare without_preparation(ErasedKernel kernel);

}  // namespace assay::bench
