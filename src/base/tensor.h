#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace pare {

/// Element types, with the meaning and the width that their names state. kBool is one byte, 0 or 1.
enum class DType : std::uint8_t { kBool, kU8, kI8, kU16, kI16, kI32, kU32, kI64, kU64, kF32, kF64 };

/// Size of one element in bytes.
std::size_t size_of(DType dtype);

/// "f32", "i64", …: the spelling used in messages.
std::string_view name_of(DType dtype);

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, bool>) return DType::kBool;
  if constexpr (std::is_same_v<T, std::uint8_t>) return DType::kU8;
  if constexpr (std::is_same_v<T, std::int8_t>) return DType::kI8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return DType::kU16;
  if constexpr (std::is_same_v<T, std::int16_t>) return DType::kI16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return DType::kU32;
  if constexpr (std::is_same_v<T, std::int32_t>) return DType::kI32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return DType::kU64;
  if constexpr (std::is_same_v<T, std::int64_t>) return DType::kI64;
  if constexpr (std::is_same_v<T, float>) return DType::kF32;
  if constexpr (std::is_same_v<T, double>) return DType::kF64;
}

/// Sizes of the axes, outermost first. {} is a scalar.
using Shape = std::vector<std::int64_t>;

/// Number of elements; 1 for a scalar. Throws InputError if an axis is negative or the product
/// leaves 63 bits.
std::int64_t num_elements(std::span<const std::int64_t> shape);

/// "[3, 4]".
std::string to_string(std::span<const std::int64_t> shape);

/// A dense row-major array of plain memory, owned. A value: copies copy the elements.
class Tensor {
 public:
  /// An empty float32 vector, shape [0].
  Tensor() : shape_{0} {}

  /// All elements zero.
  Tensor(DType dtype, Shape shape);

  /// From values in row-major order. REQUIRES: values.size() == num_elements(shape).
  template <class T>
  static Tensor from(Shape shape, std::span<const T> values) {
    Tensor tensor(dtype_of<T>(), std::move(shape));
    check(values.size() == tensor.size(), "Tensor::from: number of values differs from the shape");
    std::copy(values.begin(), values.end(), tensor.as<T>().begin());
    return tensor;
  }
  template <class T>
  static Tensor from(Shape shape, const std::vector<T>& values) {
    return from<T>(std::move(shape), std::span<const T>(values));
  }
  template <class T>
  static Tensor from(Shape shape, std::initializer_list<T> values) {
    return from<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }

  /// A scalar, shape {}.
  template <class T>
  static Tensor scalar(T value) {
    Tensor tensor(dtype_of<T>(), {});
    tensor.as<T>()[0] = value;
    return tensor;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t dim(std::size_t axis) const { return shape_.at(axis); }
  std::size_t rank() const { return shape_.size(); }

  /// Number of elements.
  std::size_t size() const { return bytes_.size() / size_of(dtype_); }

  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }

  /// The elements. Throws InternalError if T is not the tensor's dtype.
  template <class T>
  std::span<T> as() {
    check(dtype_of<std::remove_const_t<T>>() == dtype_, "Tensor::as: another dtype");
    return {reinterpret_cast<T*>(bytes_.data()), size()};
  }
  template <class T>
  std::span<const T> as() const {
    check(dtype_of<std::remove_const_t<T>>() == dtype_, "Tensor::as: another dtype");
    return {reinterpret_cast<const T*>(bytes_.data()), size()};
  }

  /// The same elements under another shape of as many elements.
  Tensor reshaped(Shape shape) const;

  /// Every element converted to another type (float to integer truncates toward zero).
  Tensor to(DType dtype) const;

  /// Elements as doubles, whatever the dtype.
  std::vector<double> to_doubles() const;

  /// Same dtype, shape and bits.
  friend bool operator==(const Tensor&, const Tensor&) = default;

 private:
  DType dtype_ = DType::kF32;
  Shape shape_;
  std::vector<std::byte> bytes_;
};

}  // namespace pare
