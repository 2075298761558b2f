// Sampled truth: where the whole truth of a case does not fit the memory, or would take too long, the oracle is asked
// for some slices of the outputs alone. The operator names the axis along which slices are independent
// (Domain::independent). Start with choose_sample() and restricted().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "bench/cases/cases.h"
#include "bench/cases/sample.h"

namespace assay::bench {

/// When a truth is sampled, and how much of it there is then. Numbers are elements of all outputs together.
struct SampleLimits {
  /// A larger truth is sampled. An oracle takes 1 to 30 ns an element: 8 s at most.
  double whole = 1 << 28;
  /// Elements of all sampled slices together: 1 GB of truth and error scales, 2 s at most. The slices where 32 bits end
  /// and one that the seed chooses may take more, up to `whole`. There is one slice, however large.
  double sampled = 1 << 26;
};

/// The slices of a case whose whole truth is beyond the limits or the memory that is left; nothing if the truth is to
/// be whole, or the operator has no independent axis. They are the first, the last, those of element 2³¹ and of bytes
/// 2³¹ and 2³² of each output, and others that the seed chooses.
std::optional<Sample> choose_sample(const BoundCase& bound, std::uint64_t seed, const SampleLimits& limits);

/// The shape of an output that holds the sampled slices alone.
Shape sampled_shape(const FieldInfo& output, const Shape& whole, const Sample& sample);

/// The inputs that the sampled slices depend on: tensors with the axis are cut down to the slices, lists that the axis
/// counts to their elements. All others are shared, and `inputs` must outlive the result.
TensorPack restricted(const BoundCase& bound, const TensorPack& inputs, const Sample& sample);

/// Calls `read(to, offset, bytes)` for each piece of an output that belongs to a sampled slice: `offset` bytes into the
/// whole output, `to` in `sampled`, a host tensor of sampled_shape().
void gather(const FieldInfo& output, const Shape& whole, const Sample& sample, const TensorRef& sampled,
            const std::function<void(std::byte* to, std::size_t offset, std::size_t bytes)>& read);

/// The index in the whole output of an element of the sampled slices.
Shape index_in_whole(const FieldInfo& output, const Sample& sample, Shape index);

}  // namespace assay::bench
