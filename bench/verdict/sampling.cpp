// Choosing slices, and copying them out of tensors.
#include "bench/verdict/sampling.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "bench/verdict/room.h"

namespace assay::bench {
namespace {

/// Offsets at which 32-bit arithmetic ends: signed elements, signed bytes and unsigned bytes.
constexpr std::int64_t signed_end = std::int64_t{1} << 31, unsigned_end = std::int64_t{1} << 32;

double elements_of(const std::vector<Shape>& shapes) {
  double sum = 0;
  for (const Shape& shape : shapes) sum += static_cast<double>(shape.elements());
  return sum;
}

std::int64_t elements_after(const Shape& shape, std::size_t axis) {
  std::int64_t product = 1;
  for (std::size_t d = axis + 1; d < shape.rank(); ++d) product *= shape[d];
  return product;
}

std::string_view independent_axis(const BoundCase& bound) {
  return bound.op->domain == nullptr ? std::string_view() : bound.op->domain->independent;
}

/// The slices that every sample should have, the most telling first; some may be there twice.
std::vector<std::int64_t> telling_slices(const BoundCase& bound, std::string_view axis, std::int64_t extent) {
  std::vector<std::int64_t> slices = {extent - 1, 0};
  for (std::size_t i = 0; i < bound.output_shapes.size(); ++i) {
    const FieldInfo& field = bound.instance->outputs[i];
    const Shape& shape = bound.output_shapes[i];
    const auto bytes = static_cast<std::int64_t>(size_of(field.dtype));
    const std::int64_t slice = elements_after(shape, *place_of_axis(field, axis));
    for (const std::int64_t element : {signed_end, signed_end / bytes, unsigned_end / bytes})
      if (element < shape.elements()) slices.push_back(element / slice % extent);
  }
  return slices;
}

/// One in each of `count` equal stretches of the axis.
void add_drawn_slices(Sample& sample, std::int64_t count, std::uint64_t seed) {
  Draw draw(derive_key(seed, sample.axis));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto share = static_cast<long double>(sample.extent) / static_cast<long double>(count);
    const auto begin = static_cast<std::int64_t>(static_cast<long double>(i) * share);
    const auto end = std::max(begin + 1, static_cast<std::int64_t>(static_cast<long double>(i + 1) * share));
    sample.slices.push_back(draw.integer(begin, std::min(end, sample.extent) - 1));
  }
}

/// How many slices the limits allow.
std::int64_t slices_within(const SampleLimits& limits, double slice_elements, const std::set<std::int64_t>& telling,
                           std::int64_t extent) {
  const double wanted = static_cast<double>(telling.size()) + 1;
  const double count = std::max(limits.sampled / slice_elements, std::min(wanted, limits.whole / slice_elements));
  return static_cast<std::int64_t>(std::clamp(std::floor(count), 1.0, static_cast<double>(extent)));
}

Sample sample_of(std::span<const std::int64_t> most_telling, std::uint64_t seed, std::string_view axis,
                 std::int64_t extent, std::int64_t count) {
  Sample sample{std::string(axis), extent, {}};
  std::set<std::int64_t> telling;
  for (const std::int64_t slice : most_telling)
    if (std::ssize(telling) < count) telling.insert(slice);
  add_drawn_slices(sample, count - std::ssize(telling), seed);
  sample.slices.insert(sample.slices.end(), telling.begin(), telling.end());
  std::sort(sample.slices.begin(), sample.slices.end());
  sample.slices.erase(std::unique(sample.slices.begin(), sample.slices.end()), sample.slices.end());
  return sample;
}

/// A tensor's pieces that belong to the slices, in row-major order; `visit` gets where each begins, in elements, and
/// how many they are. Neighbouring slices of the outermost axis are one piece.
template <class Visit>
void each_piece(const Shape& whole, std::size_t axis, const std::vector<std::int64_t>& slices, const Visit& visit) {
  const std::int64_t slice = elements_after(whole, axis), along = whole[axis] * slice;
  const std::int64_t outer = along == 0 ? 0 : whole.elements() / along;
  for (std::int64_t i = 0; i < outer; ++i)
    for (std::size_t first = 0, end = 0; first < slices.size(); first = end) {
      for (end = first + 1; end < slices.size() && slices[end] == slices[end - 1] + 1;) ++end;
      visit(i * along + slices[first] * slice, static_cast<std::int64_t>(end - first) * slice);
    }
}

TensorRef restricted_tensor(TensorPack& pack, const TensorRef& tensor, std::size_t axis, const Sample& sample) {
  Shape shape = tensor.shape;
  shape[axis] = std::ssize(sample.slices);
  if (tensor.data == nullptr) return {nullptr, tensor.dtype, shape};
  const TensorRef made = new_host_tensor(pack, tensor.dtype, shape);
  const auto size = static_cast<std::int64_t>(size_of(tensor.dtype));
  auto* to = static_cast<std::byte*>(made.data);
  each_piece(tensor.shape, axis, sample.slices, [&](std::int64_t first, std::int64_t count) {
    std::memcpy(to, static_cast<const std::byte*>(tensor.data) + first * size, static_cast<std::size_t>(count * size));
    to += count * size;
  });
  return made;
}

}  // namespace

std::optional<Sample> choose_sample(const BoundCase& bound, std::uint64_t seed, const SampleLimits& limits) {
  const std::string_view axis = independent_axis(bound);
  const double elements = elements_of(bound.output_shapes);
  if (axis.empty() || bound.golden || elements == 0) return std::nullopt;
  if (elements <= limits.whole && has_room(bytes_for_truth(bound) + bytes_for_trial(bound))) return std::nullopt;
  const std::int64_t extent = bound.output_shapes[0][*place_of_axis(bound.instance->outputs[0], axis)];
  const std::vector<std::int64_t> telling = telling_slices(bound, axis, extent);
  const double slice_elements = elements / static_cast<double>(extent);
  std::int64_t count = slices_within(limits, slice_elements, {telling.begin(), telling.end()}, extent);
  const std::uint64_t key = derive_key(derive_key(seed, bound.op->name), bound.name);
  for (; count < extent; count /= 2) {
    Sample sample = sample_of(telling, key, axis, extent, count);
    if (count == 1 || has_room(bytes_for_truth(bound, sample) + bytes_for_trial(bound, sample))) return sample;
  }
  return std::nullopt;  // all slices are sampled
}

Shape sampled_shape(const FieldInfo& output, const Shape& whole, const Sample& sample) {
  Shape shape = whole;
  shape[*place_of_axis(output, sample.axis)] = std::ssize(sample.slices);
  return shape;
}

TensorPack restricted(const BoundCase& bound, const TensorPack& inputs, const Sample& sample) {
  TensorPack part(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const FieldInfo& field = bound.instance->inputs[i];
    if (counts_list(*bound.op->domain, field, sample.axis)) {
      for (const std::int64_t slice : sample.slices) part[i].push_back(inputs[i][static_cast<std::size_t>(slice)]);
      continue;
    }
    const std::optional<std::size_t> axis = place_of_axis(field, sample.axis);
    for (const TensorRef& tensor : inputs[i])
      part[i].push_back(axis ? restricted_tensor(part, tensor, *axis, sample) : tensor);
  }
  return part;
}

void gather(const FieldInfo& output, const Shape& whole, const Sample& sample, const TensorRef& sampled,
            const std::function<void(std::byte*, std::size_t, std::size_t)>& read) {
  const auto size = static_cast<std::int64_t>(size_of(output.dtype));
  auto* to = static_cast<std::byte*>(sampled.data);
  each_piece(whole, *place_of_axis(output, sample.axis), sample.slices, [&](std::int64_t first, std::int64_t count) {
    read(to, static_cast<std::size_t>(first * size), static_cast<std::size_t>(count * size));
    to += count * size;
  });
}

Shape index_in_whole(const FieldInfo& output, const Sample& sample, Shape index) {
  std::int64_t& along = index[*place_of_axis(output, sample.axis)];
  along = sample.slices[static_cast<std::size_t>(along)];
  return index;
}

}  // namespace assay::bench
