// Rules of operators that move elements about, and of constants that say how.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/transpose.h"
#include "interop/onnx_translator.h"

namespace pare::interop {
namespace {

/// `shape` without the axes that are listed. REQUIRES: axes in range.
Shape without_axes(const Shape& shape, const std::vector<std::size_t>& axes) {
  Shape result;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) result.push_back(shape[axis]);
  }
  return result;
}

/// Whether the axes that move in a transposition are of size 1: the elements stay where they are.
bool keeps_elements(const Shape& shape, const Shape& order) {
  std::int64_t last = -1;
  for (const std::int64_t axis : order) {
    if (shape[static_cast<std::size_t>(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

/// 0 … rank - 1 with `axis` brought to the front.
Shape with_front(std::size_t rank, std::size_t axis) {
  Shape order{static_cast<std::int64_t>(axis)};
  for (std::size_t i = 0; i < rank; ++i) {
    if (i != axis) order.push_back(static_cast<std::int64_t>(i));
  }
  return order;
}

Shape inverse(const Shape& order) {
  Shape result(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    result[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  }
  return result;
}

std::int64_t product(const Shape& sizes, std::size_t first, std::size_t last) {
  return num_elements(std::span(sizes).subspan(first, last - first));
}

}  // namespace

Shape OnnxTranslator::full_shape(const WireView& view) const { return batched(view.shape, batch_); }

Shape OnnxTranslator::sample_shape(const WireView& view, Shape with_batch) const {
  const std::int64_t size = num_elements(view.shape);
  const auto fail_batch = [&] {
    fail(fmt::format("makes {} of samples of shape {}; expected the batch to stay axis 0",
                     to_string(with_batch), to_string(view.shape)));
  };
  if (with_batch.empty()) fail_batch();
  const std::int64_t batch = with_batch.front();
  Shape shape(with_batch.begin() + 1, with_batch.end());
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    *open = 1;
    const std::int64_t rest = num_elements(shape);
    if (batch == -1 || rest == 0 || size % rest != 0) fail_batch();
    *open = size / rest;
  }
  if ((batch != batch_ && batch != -1) || num_elements(shape) != size) fail_batch();
  return shape;
}

void OnnxTranslator::identity() {
  if (is_constant(0)) return write(constant_input(0));
  const WireView view = any_wire_input(0);
  write_wire(view, view.wire);
}

void OnnxTranslator::dropout() {
  if (has_input(2) && number_input(2, 0) != 0) fail("is in training mode: export it for inference");
  identity();
}

void OnnxTranslator::constant() {
  for (const auto& [name, value] : node_->attributes) {
    if (const auto* tensor = std::get_if<Tensor>(&value); tensor != nullptr && name == "value") {
      return write(Constant{*tensor});
    }
    if (const auto* x = std::get_if<float>(&value)) return write(Constant{Tensor::scalar(*x)});
    if (const auto* n = std::get_if<std::int64_t>(&value)) {
      return write(Constant{Tensor::scalar(*n)});
    }
    if (const auto* list = std::get_if<std::vector<float>>(&value)) {
      return write(Constant{Tensor::from({static_cast<std::int64_t>(list->size())}, *list)});
    }
    if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
      return write(Constant{Tensor::from({static_cast<std::int64_t>(list->size())}, *list)});
    }
  }
  fail("has no numbers as its value");
}

void OnnxTranslator::cast() {
  // The numbers of onnx.proto: float, double, int64.
  const std::int64_t to = int_attribute("to", 0);
  constexpr std::int64_t kFloat = 1;
  constexpr std::int64_t kInt32 = 6;
  constexpr std::int64_t kInt64 = 7;
  constexpr std::int64_t kDouble = 11;
  if (!is_constant(0)) {
    if (to != kFloat && to != kDouble) fail("casts what depends on the input to no float type");
    return identity();
  }
  const Tensor values = plain_input(0);
  if (to == kFloat || to == kDouble) return write(Constant{values.to(DType::kF32)});
  if (to == kInt32 || to == kInt64) {
    return write(Constant{converted(values, DType::kI64)});
  }
  fail(fmt::format("casts to type {} of onnx.proto; expected float, double, int32 or int64", to));
}

void OnnxTranslator::shape() {
  Shape full;
  if (is_constant(0)) {
    full = constant_input(0).values.shape();
  } else {
    full = full_shape(std::get<WireView>(input(0)));
  }
  const auto rank = static_cast<std::int64_t>(full.size());
  const auto bound = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t first = bound(int_attribute("start", 0));
  const std::int64_t last = std::max(first, bound(int_attribute("end", rank)));
  const Shape part(full.begin() + first, full.begin() + last);
  write(Constant{Tensor::from({last - first}, part)});
}

void OnnxTranslator::gather() {
  const Tensor from = plain_input(0);
  const Tensor indices = plain_input(1);
  if (int_attribute("axis", 0) != 0 || from.rank() != 1 || indices.rank() > 1) {
    fail("picks from a tensor of several axes; pare has that for lists of sizes alone");
  }
  std::vector<double> picked;
  const std::vector<double> values = from.to_doubles();
  for (const std::int64_t index : ints_input(1)) {
    picked.push_back(values[normal_axis(index, values.size())]);
  }
  write(Constant{converted(Tensor::from<double>(indices.shape(), picked), from.dtype())});
}

void OnnxTranslator::reshape_constant(Shape shape) {
  Constant constant = constant_input(0);
  const auto size = static_cast<std::int64_t>(constant.values.size());
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    *open = 1;
    const std::int64_t rest = num_elements(shape);
    *open = rest == 0 ? 0 : size / rest;
  }
  if (num_elements(shape) != size) {
    fail(fmt::format("reshapes {} to {}", to_string(constant.values.shape()), to_string(shape)));
  }
  if (constant.quantizer) {
    for (Tensor* list : constant.quantizer->lists()) {
      *list = list->size() == 1 ? list->reshaped({})
                                : broadcast(*list, constant.values.shape()).reshaped(shape);
    }
  }
  constant.values = constant.values.reshaped(shape);
  write(std::move(constant));
}

void OnnxTranslator::reshape_wire(Shape with_batch) {
  WireView view = any_wire_input(0);
  view.shape = sample_shape(view, std::move(with_batch));
  view.reshaped_by = node_->name;
  write_wire(view, view.wire);
}

void OnnxTranslator::flatten() {
  const auto* wire = std::get_if<WireView>(&input(0));
  const Shape full = wire == nullptr ? constant_input(0).values.shape() : full_shape(*wire);
  const std::int64_t given = int_attribute("axis", 1);
  const std::size_t axis = given == static_cast<std::int64_t>(full.size())
                               ? full.size()
                               : normal_axis(given, full.size());
  if (wire == nullptr) {
    return reshape_constant({product(full, 0, axis), product(full, axis, full.size())});
  }
  // Flattened from axis 0 on, the batch would be a part of the sample: files that say so are for
  // one sample.
  if (axis == 0 && batch_ == 1) return reshape_wire({1, -1});
  if (axis != 1 && num_elements(wire->shape) != 1) {
    fail(fmt::format("flattens at axis {}; expected 1, where samples begin", given));
  }
  reshape_wire({batch_, -1});
}

void OnnxTranslator::reshape() {
  Shape target = ints_input(1);
  const auto* wire = std::get_if<WireView>(&input(0));
  const Shape full = wire == nullptr ? constant_input(0).values.shape() : full_shape(*wire);
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != 0 || int_attribute("allowzero", 0) != 0) continue;
    if (i >= full.size()) fail("copies the size of an axis that is not there");
    target[i] = full[i];
  }
  if (wire == nullptr) return reshape_constant(target);
  reshape_wire(target);
}

void OnnxTranslator::squeeze() {
  const auto* wire = std::get_if<WireView>(&input(0));
  const Shape full = wire == nullptr ? constant_input(0).values.shape() : full_shape(*wire);
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : axes_of("axes", 1)) axes.push_back(normal_axis(axis, full.size()));
  if (axes.empty()) {
    for (std::size_t axis = wire == nullptr ? 0 : 1; axis < full.size(); ++axis) {
      if (full[axis] == 1) axes.push_back(axis);
    }
  }
  for (const std::size_t axis : axes) {
    if (full[axis] != 1) fail(fmt::format("takes out axis {} of size {}", axis, full[axis]));
  }
  const Shape rest = without_axes(full, axes);
  if (wire == nullptr) return reshape_constant(rest);
  reshape_wire(rest);
}

void OnnxTranslator::unsqueeze() {
  const auto* wire = std::get_if<WireView>(&input(0));
  const Shape full = wire == nullptr ? constant_input(0).values.shape() : full_shape(*wire);
  const Shape given = axes_of("axes", 1);
  Shape result(full.size() + given.size(), 0);
  for (const std::int64_t axis : given) result[normal_axis(axis, result.size())] = 1;
  std::size_t next = 0;
  for (std::int64_t& size : result) {
    if (size != 0) continue;
    if (next == full.size()) fail("puts in an axis twice");
    size = full[next++];
  }
  if (next != full.size()) fail("puts in an axis twice");
  if (wire == nullptr) return reshape_constant(result);
  reshape_wire(result);
}

WireView OnnxTranslator::rearranged(WireView view, const Shape& order) {
  const Shape shape = transposed_shape(view.shape, order);
  if (!keeps_elements(view.shape, order)) {
    const graph::Node* before = producer_of(view.wire);
    const auto* undone = before == nullptr ? nullptr : std::get_if<graph::Transpose>(&before->op);
    const bool is_undone =
        undone != nullptr && undone->order == inverse(order) && shape_of(view.wire) == view.shape;
    const graph::WireId wire = is_undone ? before->inputs.front() : materialised(view);
    // What stands in front of the other transposition may be read elsewhere.
    view.is_sole = !is_undone;
    view.wire = is_undone ? wire
                          : append(new_name(graph_.wire(wire).name + ".transpose"),
                                   graph::Transpose{order}, {wire});
  }
  if (view.shape != shape) view.reshaped_by.clear();
  view.shape = shape;
  return view;
}

void OnnxTranslator::transpose() {
  const auto* wire = std::get_if<WireView>(&input(0));
  const std::size_t rank =
      wire == nullptr ? constant_input(0).values.rank() : wire->shape.size() + 1;
  Shape reversed;
  for (std::size_t axis = rank; axis-- > 0;) reversed.push_back(static_cast<std::int64_t>(axis));
  const Shape order = ints_attribute("perm", reversed);
  if (!is_order_of_axes(order, rank)) {
    fail(fmt::format("order {} of {} axes", to_string(order), rank));
  }
  if (wire == nullptr) return write(transposed(constant_input(0), order));
  if (order.front() != 0) fail("moves the batch away from axis 0");
  Shape of_sample;
  for (std::size_t i = 1; i < order.size(); ++i) of_sample.push_back(order[i] - 1);
  const WireView view = rearranged(any_wire_input(0), of_sample);
  write_wire(view, view.wire);
}

void OnnxTranslator::depth_to_space() {
  WireView view = wire_input(0);
  const std::int64_t block = int_attribute("blocksize", 0);
  const std::string mode = text_attribute("mode", "DCR");
  const bool fits =
      view.shape.size() == 3 && block >= 1 && block <= 4096 && view.shape[0] % (block * block) == 0;
  if (!fits || (mode != "DCR" && mode != "CRD")) {
    fail(fmt::format("blocks of {} in mode {} from a sample of shape {}", block, mode,
                     to_string(view.shape)));
  }
  const std::int64_t channels = view.shape[0] / (block * block);
  const std::int64_t height = view.shape[1];
  const std::int64_t width = view.shape[2];
  const bool is_depth_first = mode == "DCR";
  view.reshaped_by.clear();
  view.shape = is_depth_first ? Shape{block, block, channels, height, width}
                              : Shape{channels, block, block, height, width};
  view = rearranged(view, is_depth_first ? Shape{2, 3, 0, 4, 1} : Shape{0, 3, 1, 4, 2});
  view.shape = {channels, height * block, width * block};
  write_wire(view, view.wire);
}

void OnnxTranslator::along_axis(std::size_t axis, graph::Op op, std::vector<WireView> views) {
  const Shape order = with_front(views.front().shape.size(), axis);
  std::vector<graph::WireId> wires;
  Shape front;
  for (WireView& view : views) {
    view = rearranged(std::move(view), order);
    wires.push_back(materialised(view));
  }
  WireView result = views.front();
  result.wire = append(node_name(), std::move(op), std::move(wires));
  result.shape = shape_of(result.wire);
  result.is_sole = true;
  result = rearranged(std::move(result), inverse(order));
  write_wire(result, result.wire);
}

void OnnxTranslator::concat() {
  if (node_->inputs.empty()) fail("joins nothing");
  if (!are_constant()) {
    std::vector<WireView> views;
    for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
      views.push_back(any_wire_input(i));
      const WireView& first = views.front();
      if (views.back().codes != first.codes) fail("joins integers of different meaning");
      if (views.back().shape.size() != first.shape.size()) {
        fail(
            fmt::format("joins {} with {}", to_string(first.shape), to_string(views.back().shape)));
      }
    }
    const std::size_t rank = views.front().shape.size() + 1;
    const std::size_t axis = normal_axis(int_attribute("axis", 1), rank);
    if (axis == 0) fail("joins batches");
    return along_axis(axis - 1, graph::Concat{}, std::move(views));
  }
  // Of constants: lists of sizes.
  std::vector<double> joined;
  for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
    const Tensor part = plain_input(i);
    if (part.rank() != 1) fail("joins constants of several axes; pare has that for lists alone");
    const std::vector<double> values = part.to_doubles();
    joined.insert(joined.end(), values.begin(), values.end());
  }
  normal_axis(int_attribute("axis", 0), 1);
  const auto size = static_cast<std::int64_t>(joined.size());
  write(Constant{converted(Tensor::from<double>({size}, joined), plain_input(0).dtype())});
}

}  // namespace pare::interop
