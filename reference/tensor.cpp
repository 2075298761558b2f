// Host memory and the checked arithmetic of shapes.
#include "reference/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <new>

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

std::shared_ptr<std::byte> allocate_host(std::size_t bytes) {
  constexpr std::size_t cache_line = 64;
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + cache_line - 1) / cache_line * cache_line;
  void* memory = std::aligned_alloc(cache_line, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return {static_cast<std::byte*>(memory), [](std::byte* p) { std::free(p); }};
}

TensorRef new_host_tensor(TensorPack& pack, DType dtype, const Shape& shape) {
  const auto memory = allocate_host(static_cast<std::size_t>(shape.elements()) * size_of(dtype));
  pack.keep(memory);
  return {memory.get(), dtype, shape};
}

}  // namespace assay
