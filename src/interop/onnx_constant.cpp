#include "interop/onnx_constant.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/transpose.h"
#include "graph/quantize.h"

namespace pare::interop {
namespace {

/// Elements that a constant is written out for at most.
constexpr std::int64_t kMostWrittenOut = std::int64_t{1} << 20;

/// How far elements of each axis lie apart, row-major.
Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * shape[axis];
  }
  return strides;
}

/// A tensor of `shape` whose element at an index is the one of `from` at the sum of index * stride.
Tensor gathered(const Tensor& from, const Shape& shape, const Shape& strides) {
  Tensor result(from.dtype(), shape);
  const std::size_t width = size_of(from.dtype());
  Shape index(shape.size(), 0);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::memcpy(result.bytes().data() + i * width,
                from.bytes().data() + static_cast<std::size_t>(at) * width, width);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/// The ends of a type's integers that are doubles too; {0, 0} for types of float.
std::pair<double, double> integers_of(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return {0, 1};
    case DType::kU8:
      return {0, 0xFF};
    case DType::kI8:
      return {-0x80, 0x7F};
    case DType::kU16:
      return {0, 0xFFFF};
    case DType::kI16:
      return {-0x8000, 0x7FFF};
    case DType::kI32:
      return {-0x1p31, 0x1p31 - 1};
    case DType::kU32:
      return {0, 0x1p32 - 1};
    case DType::kI64:
      return {-0x1p63, 0x1p63 - 0x1p10};
    case DType::kU64:
      return {0, 0x1p64 - 0x1p11};
    case DType::kF32:
    case DType::kF64:
      return {0, 0};
  }
  return {0, 0};
}

}  // namespace

std::vector<Tensor*> QuantizerSpec::lists() {
  std::vector<Tensor*> result{&scale, &zero_point};
  if (range.size() > 0) result.push_back(&range);
  return result;
}

Tensor broadcast(const Tensor& tensor, const Shape& shape) {
  if (tensor.shape() == shape) return tensor;
  const Shape& from = tensor.shape();
  const Shape own = strides_of(from);
  Shape strides(shape.size(), 0);
  bool fits = from.size() <= shape.size();
  for (std::size_t i = 0; i < from.size() && fits; ++i) {
    const std::size_t axis = shape.size() - from.size() + i;
    fits = from[i] == 1 || from[i] == shape[axis];
    strides[axis] = from[i] == 1 ? 0 : own[i];
  }
  if (!fits) {
    throw InputError(fmt::format("a tensor of shape {} does not broadcast to {}", to_string(from),
                                 to_string(shape)));
  }
  return gathered(tensor, shape, strides);
}

Shape batched(Shape sample, std::int64_t batch) {
  sample.insert(sample.begin(), batch);
  return sample;
}

Shape joint_shape(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() < b.size() ? b : a;
  const Shape& shorter = a.size() < b.size() ? a : b;
  Shape joint = longer;
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& size = joint[longer.size() - shorter.size() + i];
    if (size == shorter[i] || shorter[i] == 1) continue;
    if (size != 1) {
      throw InputError(
          fmt::format("shapes {} and {} do not broadcast to one", to_string(a), to_string(b)));
    }
    size = shorter[i];
  }
  return joint;
}

Tensor transposed(const Tensor& tensor, const Shape& order) {
  Tensor result(tensor.dtype(), transposed_shape(tensor.shape(), order));
  const std::size_t width = size_of(tensor.dtype());
  std::byte* to = result.bytes().data();
  for (const std::size_t from : transposed_elements(tensor.shape(), order)) {
    std::memcpy(to, tensor.bytes().data() + from * width, width);
    to += width;
  }
  return result;
}

Tensor converted(const Tensor& tensor, DType dtype) {
  const auto [lowest, highest] = integers_of(dtype);
  const bool was_float = tensor.dtype() == DType::kF32 || tensor.dtype() == DType::kF64;
  if (!was_float || highest == 0) return tensor.to(dtype);
  std::vector<double> values = tensor.to_doubles();
  for (double& x : values) x = std::isnan(x) ? 0 : std::clamp(x, lowest, highest);
  return Tensor::from<double>(tensor.shape(), values).to(dtype);
}

bool is_uniform(const Tensor& tensor) {
  const std::vector<double> values = tensor.to_doubles();
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == values.front(); });
}

std::vector<double> shortest(const Tensor& tensor, const Shape& shape, std::size_t axis) {
  if (tensor.size() > 0 && is_uniform(tensor)) return {tensor.to_doubles().front()};
  // Of what is broadcast along all other axes nothing needs to be written out.
  const std::size_t from_back = shape.size() - axis;
  const bool is_list = axis < shape.size() && tensor.rank() >= from_back &&
                       tensor.dim(tensor.rank() - from_back) == shape[axis] &&
                       static_cast<std::int64_t>(tensor.size()) == shape[axis];
  if (is_list && tensor.rank() <= shape.size()) return tensor.to_doubles();
  if (num_elements(shape) > kMostWrittenOut) {
    throw InputError(fmt::format("a constant of shape {} for each element of {}",
                                 to_string(tensor.shape()), to_string(shape)));
  }
  const std::vector<double> all = broadcast(tensor, shape).to_doubles();
  if (axis >= shape.size()) return all;
  const auto channels = static_cast<std::size_t>(shape[axis]);
  std::size_t run = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) run *= static_cast<std::size_t>(shape[i]);
  std::vector<double> one(channels);
  for (std::size_t c = 0; c < channels; ++c) one[c] = all[c * run];
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] != one[i / run % channels]) return all;
  }
  return one;
}

Tensor value_of(const Constant& constant) {
  if (!constant.quantizer) return constant.values;
  const QuantizerSpec& spec = *constant.quantizer;
  const Shape& shape = constant.values.shape();
  const bool is_one = spec.scale.size() == 1 && spec.zero_point.size() == 1;
  const Tensor scales = is_one ? spec.scale : broadcast(spec.scale, shape);
  const Tensor zeros = is_one ? spec.zero_point : broadcast(spec.zero_point, shape);
  Tensor result = constant.values.to(DType::kF32);
  const auto values = result.as<float>();
  const graph::CodeRange codes =
      spec.is_binary ? graph::CodeRange{-1, 1, 1}
                     : graph::uniform_codes(spec.bits, spec.is_signed, spec.is_narrow);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = is_one ? 0 : i;
    const graph::Scale scale{1, scales.as<float>()[at]};
    const auto zero = static_cast<float>(zeros.as<std::int32_t>()[at]);
    const float code = spec.is_binary
                           ? graph::sign_code(values[i])
                           : graph::to_code(values[i], scale, codes, spec.rounding, zero);
    values[i] = graph::from_code(code, scale, spec.is_binary ? 0 : zero);
  }
  return result;
}

Tensor combined(const Tensor& a, const Tensor& b, const std::function<double(double, double)>& op) {
  const Shape shape = joint_shape(a.shape(), b.shape());
  const auto most = static_cast<std::int64_t>(a.size() + b.size() + 65536);
  if (num_elements(shape) > most) {
    throw InputError(
        fmt::format("constants of shapes {} and {} broadcast to {}, which no network "
                    "has a use for",
                    to_string(a.shape()), to_string(b.shape()), to_string(shape)));
  }
  const Tensor left = broadcast(a, shape);
  const Tensor right = broadcast(b, shape);
  Tensor result(a.dtype(), shape);
  // In doubles, but not all of it at once.
  constexpr std::size_t kRun = 4096;
  const auto run_of = [](const Tensor& from, std::size_t first, std::size_t count) {
    const std::size_t width = size_of(from.dtype());
    Tensor run(from.dtype(), {static_cast<std::int64_t>(count)});
    std::memcpy(run.bytes().data(), from.bytes().data() + first * width, count * width);
    return run.to_doubles();
  };
  for (std::size_t first = 0; first < result.size(); first += kRun) {
    const std::size_t count = std::min(kRun, result.size() - first);
    std::vector<double> values = run_of(left, first, count);
    const std::vector<double> others = run_of(right, first, count);
    for (std::size_t i = 0; i < count; ++i) values[i] = op(values[i], others[i]);
    const Shape size{static_cast<std::int64_t>(count)};
    const Tensor run = converted(Tensor::from<double>(size, values), a.dtype());
    std::copy(run.bytes().begin(), run.bytes().end(),
              result.bytes().begin() + static_cast<std::ptrdiff_t>(first * size_of(a.dtype())));
  }
  return result;
}

Constant transposed(Constant constant, const Shape& order) {
  if (constant.quantizer) {
    for (Tensor* list : constant.quantizer->lists()) {
      if (list->size() == 1) {
        *list = list->reshaped({});
      } else {
        *list = transposed(broadcast(*list, constant.values.shape()), order);
      }
    }
  }
  constant.values = transposed(constant.values, order);
  return constant;
}

}  // namespace pare::interop
