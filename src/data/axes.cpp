#include "data/axes.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::data {
namespace {

constexpr std::string_view kOrder = "NTCHWF";

/// Bytes from one element to the next along each axis of a dense array.
std::vector<std::size_t> strides_of(const Tensor& tensor) {
  std::vector<std::size_t> strides(tensor.rank());
  std::size_t stride = size_of(tensor.dtype());
  for (std::size_t axis = tensor.rank(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= static_cast<std::size_t>(tensor.dim(axis));
  }
  return strides;
}

}  // namespace

Tensor permuted(const Tensor& tensor, std::span<const std::size_t> order) {
  check(order.size() == tensor.rank(), "permuted: another number of axes");
  const std::vector<std::size_t> from_strides = strides_of(tensor);
  Shape shape;
  std::vector<std::size_t> strides;
  for (const std::size_t axis : order) {
    shape.push_back(tensor.dim(axis));
    strides.push_back(from_strides.at(axis));
  }
  Tensor result(tensor.dtype(), shape);
  const std::size_t size = size_of(tensor.dtype());
  // Walks the result in order; an odometer, whose last axis turns fastest, follows the source.
  std::vector<std::int64_t> index(shape.size());
  std::size_t place = 0;
  for (std::size_t at = 0; at < result.bytes().size(); at += size) {
    std::memcpy(result.bytes().data() + at, tensor.bytes().data() + place, size);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
  return result;
}

void check_axes(const std::string& axes) {
  if (axes.empty()) return;
  const auto fail = [&](const std::string& what) {
    throw InputError(
        fmt::format("data.axes: \"{}\": {}; expected one letter an axis, each once: N (samples), T "
                    "(time), C (channels), H (rows), W (columns), F (features), as \"HWCN\"",
                    axes, what));
  };
  for (const char letter : axes) {
    if (kOrder.find(letter) == std::string_view::npos) {
      fail(fmt::format("'{}' is no axis", letter));
    }
    if (std::count(axes.begin(), axes.end(), letter) > 1) {
      fail(fmt::format("'{}' is there twice", letter));
    }
  }
  if (axes.find('N') == std::string::npos) fail("no N");
}

Tensor samples_first(Tensor inputs, const std::string& axes, const std::string& origin) {
  if (axes.empty()) return inputs;
  if (inputs.rank() != axes.size()) {
    throw InputError(
        fmt::format("{}: shape {} has {} axes, but data.axes = \"{}\" names {}; write one letter "
                    "for each",
                    origin, to_string(inputs.shape()), inputs.rank(), axes, axes.size()));
  }
  std::vector<std::size_t> order;
  for (const char letter : kOrder) {
    const std::size_t axis = axes.find(letter);
    if (axis != std::string::npos) order.push_back(axis);
  }
  if (!std::is_sorted(order.begin(), order.end())) inputs = permuted(inputs, order);
  const auto has = [&](char letter) { return axes.find(letter) != std::string::npos; };
  if (!has('H') || !has('W') || has('C')) return inputs;
  Shape shape = inputs.shape();
  shape.insert(shape.begin() + (has('T') ? 2 : 1), 1);
  return inputs.reshaped(shape);
}

}  // namespace pare::data
