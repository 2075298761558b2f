// Host memory and the checked arithmetic of shapes.
#include "reference/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

namespace assay {

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", ")); }

std::optional<std::int64_t> checked_elements(const Shape& shape) {
  constexpr std::int64_t most = INT64_MAX / 8;  // so that bytes of the widest dtype fit as well
  std::int64_t product = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, extent, &product) || product > most) {
      return std::nullopt;
    }
  }
  return empty ? 0 : product;
}

namespace {

/// Calls `use` with the tensor's data. BOOL elements are passed as bytes, so that a wrong byte stays visible.
template <class Use>
auto with_elements(const TensorRef& tensor, Use use) {
  return with_type(tensor.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using Element = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;
    return use(static_cast<Element*>(tensor.data));
  });
}

/// To the nearest integer in range; NaN to 0, for want of anything better.
template <class T>
T to_integer(double value) {
  if (std::isnan(value)) return 0;
  const double rounded = std::nearbyint(value);
  if (rounded <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (rounded >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(rounded);
}

}  // namespace

double value_at(const TensorRef& tensor, std::int64_t i) {
  return with_elements(tensor, [i](const auto* data) { return static_cast<double>(data[i]); });
}

void set_value(const TensorRef& tensor, std::int64_t i, double value) {
  if (tensor.dtype == DType::boolean) {
    static_cast<std::uint8_t*>(tensor.data)[i] = value != 0;
    return;
  }
  with_elements(tensor, [i, value](auto* data) {
    using T = std::remove_pointer_t<decltype(data)>;
    if constexpr (std::is_integral_v<T>) {
      data[i] = to_integer<T>(value);
    } else {
      data[i] = static_cast<T>(value);
    }
  });
}

std::shared_ptr<std::byte> allocate_host(std::size_t bytes) {
  constexpr std::size_t cache_line = 64;
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + cache_line - 1) / cache_line * cache_line;
  void* memory = std::aligned_alloc(cache_line, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

TensorRef copy_of(TensorPack& pack, const TensorRef& tensor) {
  const TensorRef copy = new_host_tensor(pack, tensor.dtype, tensor.shape);
  if (const std::int64_t bytes = bytes_of(tensor); bytes != 0)  // an empty tensor may have no address
    std::memcpy(copy.data, tensor.data, static_cast<std::size_t>(bytes));
  return copy;
}

TensorRef widened(TensorPack& pack, const TensorRef& tensor) {
  if (tensor.data == nullptr) return {nullptr, DType::f64, tensor.shape};
  const TensorRef wide = new_host_tensor(pack, DType::f64, tensor.shape);
  with_elements(tensor, [&](const auto* from) {
    auto* to = static_cast<double*>(wide.data);
    const std::int64_t elements = tensor.shape.elements();
    for (std::int64_t i = 0; i < elements; ++i) to[i] = static_cast<double>(from[i]);
  });
  return wide;
}

TensorRef new_host_tensor(TensorPack& pack, DType dtype, const Shape& shape) {
  const auto memory = allocate_host(static_cast<std::size_t>(shape.elements()) * size_of(dtype));
  pack.keep(memory);
  return {memory.get(), dtype, shape};
}

}  // namespace assay
