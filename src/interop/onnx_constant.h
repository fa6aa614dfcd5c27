#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/format.h"

namespace pare::interop {

/// How a QONNX or ONNX quantizer rounds: code = clamp(round(x / scale) + zero_point).
struct QuantizerSpec {
  bool is_binary = false;  ///< codes -1 and 1, by sign; the next three do not matter
  int bits = 8;
  bool is_signed = true;
  bool is_narrow = false;
  graph::Rounding rounding = graph::Rounding::kHalfEven;
  Tensor scale = {};       ///< f32, broadcasts to the tensor it quantizes
  Tensor zero_point = {};  ///< i32, broadcasts too
  /// Where a file of pare's says so: f32 ranges, whose quotients by the top code the scales are,
  /// rounded. Empty: none.
  Tensor range = {};

  /// Those of its lists that are there: what happens to the axes of a tensor happens to them.
  std::vector<Tensor*> lists();

  friend bool operator==(const QuantizerSpec&, const QuantizerSpec&) = default;
};

/// A tensor that does not depend on the network's input, and how it is rounded where it is.
struct Constant {
  Tensor values = {};
  std::optional<QuantizerSpec> quantizer = std::nullopt;
};

/// `tensor` as another shape, by the rules of numpy and ONNX: axes are aligned at the end, one of
/// size 1 is repeated. Throws InputError if it does not fit.
Tensor broadcast(const Tensor& tensor, const Shape& shape);

/// [batch, sample …].
Shape batched(Shape sample, std::int64_t batch);

/// The shape that two broadcast to. Throws InputError if there is none.
Shape joint_shape(const Shape& a, const Shape& b);

/// Axis i of the result is axis order[i] of `tensor` (base/transpose.h).
Tensor transposed(const Tensor& tensor, const Shape& order);

/// Every element as another type; what an integer type cannot say becomes its nearest end, NaN 0.
Tensor converted(const Tensor& tensor, DType dtype);

/// Whether all elements are equal.
bool is_uniform(const Tensor& tensor);

/// The elements of `tensor`, broadcast to `shape`, as a list of one, of one an index of `axis`, or
/// of all: the shortest that says as much. f64.
std::vector<double> shortest(const Tensor& tensor, const Shape& shape, std::size_t axis = 0);

/// What a constant comes to: its values, rounded if it is quantized. The dtype stays.
Tensor value_of(const Constant& constant);

/// a op b, element by element, both broadcast to their joint shape; the dtype is a's, computed in
/// double. Throws InputError as joint_shape.
Tensor combined(const Tensor& a, const Tensor& b, const std::function<double(double, double)>& op);

/// A constant with its axes in another order, and its quantizer with it (base/transpose.h).
Constant transposed(Constant constant, const Shape& order);

}  // namespace pare::interop
