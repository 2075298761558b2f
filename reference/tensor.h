// Dense row-major tensors as every room of the project sees them: element types, shapes, the typed view a kernel works
// on and the flat, erased reference that files and the harness hold. Start with View<T> and TensorRef.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reference/dtype.h"

namespace assay {

/// A user's mistake, told in one sentence: what was wrong with what, the numbers, and what to do.
struct InvalidArgument : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// The extents of a tensor, outermost first. Kept inline, so that a view can be handed to a kernel or across a C ABI
/// without touching the heap.
class Shape {
 public:
  /// Eight is what the golden format admits; the operators here need five at most.
  static constexpr std::size_t max_rank = 8;

  constexpr Shape() = default;
  constexpr Shape(std::initializer_list<std::int64_t> extents) {
    for (const std::int64_t extent : extents) push_back(extent);
  }

  constexpr void push_back(std::int64_t extent) {
    if (rank_ == max_rank) throw InvalidArgument("a tensor has more than 8 dimensions");
    extents_[rank_++] = extent;
  }
  constexpr std::size_t rank() const { return rank_; }
  constexpr std::int64_t operator[](std::size_t axis) const { return extents_[axis]; }
  constexpr std::int64_t& operator[](std::size_t axis) { return extents_[axis]; }
  constexpr const std::int64_t* begin() const { return extents_.data(); }
  constexpr const std::int64_t* end() const { return extents_.data() + rank_; }
  friend constexpr bool operator==(const Shape& a, const Shape& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

  /// Number of elements; 1 for a scalar. The extents are taken to be valid: see checked_elements.
  constexpr std::int64_t elements() const {
    std::int64_t n = 1;
    for (const std::int64_t extent : *this) n *= extent;
    return n;
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  std::size_t rank_ = 0;
};

/// "[2, 3, 800, 1199]"
std::string to_string(const Shape& shape);

/// Number of elements of a shape nobody vouches for; nothing if an extent is negative or the bytes of f64 would not fit
/// 63 bits, also where a zero extent hides the overflow.
std::optional<std::int64_t> checked_elements(const Shape& shape);

/// A dense row-major tensor owned elsewhere. No more than the element's own alignment may be relied on.
template <class T>
struct View {
  T* data = nullptr;
  Shape shape{};
};
template <class T>
using List = std::vector<View<T>>;  ///< images.0, images.1, …
template <class T>
using Maybe = std::optional<View<T>>;  ///< an input that may be absent

/// A view whose element type is known only at run time. On a device backend `data` is a device address.
struct TensorRef {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape{};
};

/// One field of the erased form: `count` tensors at `tensors`. An ordinary field has one, a list any number, an absent
/// optional none. Plain data, in the contract's order, so that a C ABI can carry it.
struct Slot {
  const TensorRef* tensors = nullptr;
  std::size_t count = 0;
};
using Slots = std::span<const Slot>;

/// Bytes a dense tensor occupies.
inline std::int64_t bytes_of(const TensorRef& tensor) {
  return tensor.shape.elements() * static_cast<std::int64_t>(size_of(tensor.dtype));
}

/// The tensors of all fields of one side of an operator (its inputs, or its outputs), grouped by field. It owns the
/// references, not the elements; `owners` may keep those alive.
class TensorPack {
 public:
  TensorPack() = default;
  explicit TensorPack(std::size_t fields) : fields_(fields) {}

  std::size_t size() const { return fields_.size(); }
  std::vector<TensorRef>& operator[](std::size_t field) { return fields_[field]; }
  const std::vector<TensorRef>& operator[](std::size_t field) const { return fields_[field]; }
  void keep(std::shared_ptr<void> owner) { owners_.push_back(std::move(owner)); }

  /// The flat form; valid while this pack lives unchanged.
  std::vector<Slot> slots() const {
    std::vector<Slot> flat;
    flat.reserve(fields_.size());
    for (const auto& field : fields_) flat.push_back({field.data(), field.size()});
    return flat;
  }

 private:
  std::vector<std::vector<TensorRef>> fields_;
  std::vector<std::shared_ptr<void>> owners_;
};

/// Element i of a host tensor, counted in row-major order, as a double; and the other way round, rounded to its dtype.
double value_at(const TensorRef& tensor, std::int64_t i);
void set_value(const TensorRef& tensor, std::int64_t i, double value);

/// Uninitialised host memory for `bytes` bytes, aligned to a cache line.
std::shared_ptr<std::byte> allocate_host(std::size_t bytes);

/// A fresh host tensor that `pack` keeps alive; its elements are not initialised.
TensorRef new_host_tensor(TensorPack& pack, DType dtype, const Shape& shape);

/// A fresh host tensor with the same elements, which `pack` keeps alive.
TensorRef copy_of(TensorPack& pack, const TensorRef& tensor);

/// The tensor's values as doubles, exactly, in memory that `pack` keeps alive; no data where the tensor has none.
TensorRef widened(TensorPack& pack, const TensorRef& tensor);

}  // namespace assay
