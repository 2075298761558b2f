// What the kernels of both LibTorch backends share. They are what a user of PyTorch would write, in ATen, ending in an
// out= form. Start with tensor_of().
#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <type_traits>

#include "backends/backend.h"

namespace assay::libtorch {

/// Where the kernels of this module compute: each of the two backend.cpp says it.
at::Device device();

/// What torch calls the element type T.
template <class T>
inline constexpr at::ScalarType scalar_type = c10::CppTypeToScalarType<std::remove_const_t<T>>::value;

/// A tensor over memory on the device that somebody else owns.
template <class T>
at::Tensor tensor_of(const View<T>& view) {
  auto* data = const_cast<std::remove_const_t<T>*>(view.data);  // torch has no tensors of constants
  return at::from_blob(data, at::IntArrayRef(view.shape.begin(), view.shape.rank()),
                       at::TensorOptions(scalar_type<T>).device(device()));
}

/// Held by every kernel while it runs: no autograd, as under torch.inference_mode(). The guard is the calling thread's.
using NoAutograd = c10::InferenceMode;

}  // namespace assay::libtorch
