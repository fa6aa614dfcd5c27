#include "base/tensor.h"

#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pare {
namespace {

struct DTypeInfo {
  std::string_view name;
  std::size_t size;
};

constexpr std::array<DTypeInfo, 11> kDTypes = {{{"bool", 1},
                                                {"u8", 1},
                                                {"i8", 1},
                                                {"u16", 2},
                                                {"i16", 2},
                                                {"i32", 4},
                                                {"u32", 4},
                                                {"i64", 8},
                                                {"u64", 8},
                                                {"f32", 4},
                                                {"f64", 8}}};

/// Calls `f` with a value of the C++ type that `dtype` names.
template <class F>
void with_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kBool:
      return f(bool{});
    case DType::kU8:
      return f(std::uint8_t{});
    case DType::kI8:
      return f(std::int8_t{});
    case DType::kU16:
      return f(std::uint16_t{});
    case DType::kI16:
      return f(std::int16_t{});
    case DType::kI32:
      return f(std::int32_t{});
    case DType::kU32:
      return f(std::uint32_t{});
    case DType::kI64:
      return f(std::int64_t{});
    case DType::kU64:
      return f(std::uint64_t{});
    case DType::kF32:
      return f(float{});
    case DType::kF64:
      return f(double{});
  }
  throw_internal("unknown dtype", __FILE__, __LINE__);
}

}  // namespace

std::size_t size_of(DType dtype) { return kDTypes.at(static_cast<std::size_t>(dtype)).size; }

std::string_view name_of(DType dtype) { return kDTypes.at(static_cast<std::size_t>(dtype)).name; }

std::int64_t num_elements(std::span<const std::int64_t> shape) {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) throw InputError(fmt::format("shape {} has a negative axis", to_string(shape)));
    if (__builtin_mul_overflow(product, size, &product)) {
      throw InputError(fmt::format("shape {} has more elements than 2^63", to_string(shape)));
    }
  }
  return product;
}

std::string to_string(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype),
      shape_(std::move(shape)),
      bytes_(static_cast<std::size_t>(num_elements(shape_)) * size_of(dtype)) {}

Tensor Tensor::reshaped(Shape shape) const {
  check(static_cast<std::size_t>(num_elements(shape)) == size(),
        "Tensor::reshaped: another number of elements");
  Tensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor result(dtype, shape_);
  with_type(dtype_, [&]<class From>(From) {
    with_type(dtype, [&]<class To>(To) {
      const auto from = as<From>();
      const auto to = result.as<To>();
      for (std::size_t i = 0; i < from.size(); ++i) to[i] = static_cast<To>(from[i]);
    });
  });
  return result;
}

std::vector<double> Tensor::to_doubles() const {
  const Tensor doubles = to(DType::kF64);
  const auto values = doubles.as<double>();
  return {values.begin(), values.end()};
}

}  // namespace pare
