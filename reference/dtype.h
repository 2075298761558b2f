// The element types of tensors: their sizes, their names and the C++ types they stand for. A further one is added here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace assay {

enum class DType : std::uint8_t { boolean, u8, i64, f32, f64 };
inline constexpr std::array all_dtypes = {DType::boolean, DType::u8, DType::i64, DType::f32, DType::f64};

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
static_assert(sizeof(bool) == 1, "BOOL tensors are stored as one byte an element");

constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::u8: return 1;
    case DType::f32: return 4;
    case DType::i64:
    case DType::f64: return 8;
  }
  return 0;
}

/// The name used in labels, on the command line and in messages: "bool", "u8", "i64", "f32", "f64".
constexpr std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::boolean: return "bool";
    case DType::u8: return "u8";
    case DType::i64: return "i64";
    case DType::f32: return "f32";
    case DType::f64: return "f64";
  }
  return "?";
}

/// The dtype of that name, or none.
constexpr std::optional<DType> dtype_named(std::string_view name) {
  for (const DType dtype : all_dtypes)
    if (name_of(dtype) == name) return dtype;
  return std::nullopt;
}

template <class T>
struct TypeTag {
  using type = T;
};

/// Calls `use(TypeTag<T>{})` with the C++ type of the dtype.
template <class Use>
auto with_type(DType dtype, Use use) {
  switch (dtype) {
    case DType::boolean: return use(TypeTag<bool>{});
    case DType::u8: return use(TypeTag<std::uint8_t>{});
    case DType::i64: return use(TypeTag<std::int64_t>{});
    case DType::f32: return use(TypeTag<float>{});
    case DType::f64: return use(TypeTag<double>{});
  }
  std::abort();  // no other dtype exists
}

}  // namespace assay
