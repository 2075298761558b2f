// What the kernels of the eigen backend share. They are what a user of Eigen would write: expressions over maps of the
// tensors' memory, which Eigen vectorises for the level its module is compiled for, on one thread.
#pragma once

#include <Eigen/Core>
#include <type_traits>

#include "backends/backend.h"

namespace assay::eigen {

/// One plane of a tensor, row-major as tensors are.
template <class T>
using Plane = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A plane in memory owned elsewhere. Unaligned, which is Map's default: no more than the element's alignment is known.
template <class T>
using PlaneMap = Eigen::Map<std::conditional_t<std::is_const_v<T>, const Plane<std::remove_const_t<T>>, Plane<T>>>;

}  // namespace assay::eigen
