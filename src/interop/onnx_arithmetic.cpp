// Rules of operators that compute element by element.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "interop/onnx_translator.h"

namespace pare::interop {
namespace {

/// `values`, one for all or one a channel, as one a channel.
std::vector<double> of_channels(const std::vector<double>& values, std::size_t channels) {
  return values.size() == 1 ? std::vector<double>(channels, values.front()) : values;
}

Tensor as_floats(const std::vector<double>& values) {
  return Tensor::from<double>({static_cast<std::int64_t>(values.size())}, values).to(DType::kF32);
}

Tensor negated(const Tensor& values) {
  return combined(values, values, [](double x, double) { return -x; });
}

const Tensor kOne = Tensor::scalar(1.0);
const Tensor kZero = Tensor::scalar(0.0);

}  // namespace

void OnnxTranslator::combine(const std::function<double(double, double)>& op) {
  write(Constant{combined(plain_input(0), plain_input(1), op)});
}

bool OnnxTranslator::fold_into_bias(const WireView& view, const Constant& addend) {
  graph::Node* node = producer_of(view.wire);
  if (!view.is_sole || node == nullptr || shape_of(view.wire) != view.shape) return false;
  auto* linear = std::get_if<graph::Linear>(&node->op);
  auto* conv = std::get_if<graph::Conv>(&node->op);
  if (linear == nullptr && conv == nullptr) return false;
  std::optional<graph::ParameterId>& bias = linear != nullptr ? linear->bias : conv->bias;
  if (bias) return false;
  const Shape full = batched(view.shape, 1);
  const std::size_t axis = linear != nullptr ? view.shape.size() : 1;
  const auto channels = static_cast<std::size_t>(full[axis]);
  const auto list_of = [&](const Tensor& tensor) { return shortest(tensor, full, axis); };
  std::vector<double> values = list_of(addend.values);
  if (values.size() != 1 && values.size() != channels) return false;
  Constant constant{as_floats(of_channels(values, channels)), addend.quantizer};
  if (constant.quantizer) {
    for (Tensor* list : constant.quantizer->lists()) {
      const std::vector<double> shorter = list_of(*list);
      if (shorter.size() != 1 && shorter.size() != channels) return false;
      const DType dtype = list->dtype();
      *list = shorter.size() == 1 ? Tensor::scalar(shorter.front()).to(dtype)
                                  : as_floats(shorter).to(dtype);
    }
  }
  bias = add_weight(node->name + ".bias", graph::Role::kBias, std::move(constant));
  write_wire(view, view.wire);
  return true;
}

bool OnnxTranslator::fold_into_input(const WireView& view, const std::vector<double>& gain,
                                     const std::vector<double>& shift) {
  graph::Input& input = graph_.inputs.front();
  const auto is_zero = [](double g) { return g == 0; };
  if (!view.is_sole || view.wire != input.wire) return false;
  if (std::any_of(gain.begin(), gain.end(), is_zero)) return false;
  // g x + s of x = (raw - mean) / scale is (raw - (mean - scale s / g)) / (scale / g).
  const std::size_t channels = channels_of(view.wire);
  const auto gains = of_channels(gain, channels);
  const auto shifts = of_channels(shift, channels);
  if (input.mean.empty()) input.mean.assign(channels, 0);
  if (input.scale.empty()) input.scale.assign(channels, 1);
  for (std::size_t c = 0; c < channels; ++c) {
    input.mean[c] -= input.scale[c] * shifts[c] / gains[c];
    input.scale[c] /= gains[c];
  }
  return true;
}

bool OnnxTranslator::fold_division_into_input(const WireView& view, const Tensor& divisor) {
  graph::Input& input = graph_.inputs.front();
  // The input's scale divides too: nothing is rounded.
  const std::vector<double> values = divisor.to_doubles();
  const bool is_possible = std::all_of(values.begin(), values.end(),
                                       [](double x) { return x != 0 && std::isfinite(x); });
  const bool is_list = divisor.size() == 1 ||
                       (view.shape == input.shape && divisor.rank() == view.shape.size() + 1 &&
                        divisor.dim(1) == input.shape.front() &&
                        static_cast<std::int64_t>(divisor.size()) == input.shape.front());
  if (!view.is_sole || view.wire != input.wire || !is_possible || !is_list) return false;
  if (input.scale.empty()) input.scale.assign(channels_of(view.wire), 1);
  for (std::size_t c = 0; c < input.scale.size(); ++c) {
    input.scale[c] *= values[values.size() == 1 ? 0 : c];
  }
  return true;
}

std::size_t OnnxTranslator::channels_of(graph::WireId wire) const {
  // A list for each is made of what the file may say with one number.
  constexpr std::int64_t kMost = std::int64_t{1} << 20;
  const std::int64_t channels = shape_of(wire).front();
  if (channels > kMost) fail(fmt::format("{} channels; at most {} have a scale", channels, kMost));
  return static_cast<std::size_t>(channels);
}

graph::WireId OnnxTranslator::affine(const WireView& view, graph::WireId wire,
                                     std::vector<double> gain, std::vector<double> shift) {
  graph::Node* node = producer_of(wire);
  const auto found = node == nullptr ? affines_.end() : affines_.find(node->name);
  const bool is_merged = view.is_sole && wire == view.wire && found != affines_.end();
  if (is_merged) {
    for (std::size_t c = 0; c < gain.size(); ++c) {
      shift[c] += gain[c] * found->second.shift[c];
      gain[c] *= found->second.gain[c];
    }
    const auto& norm = std::get<graph::BatchNorm>(node->op);
    graph_.parameter(*norm.gain).stored = as_floats(gain);
    graph_.parameter(*norm.shift).stored = as_floats(shift);
    found->second = {std::move(gain), std::move(shift)};
    return wire;
  }
  const std::string name = node_name();
  const std::size_t channels = gain.size();
  const auto list = [&](const char* suffix, graph::Role role, const std::vector<double>& values) {
    return add_parameter(name + suffix, role, as_floats(values));
  };
  graph::BatchNorm norm;
  norm.gain = list(".gain", graph::Role::kGain, gain);
  norm.shift = list(".shift", graph::Role::kShift, shift);
  norm.mean = list(".mean", graph::Role::kMean, std::vector<double>(channels, 0));
  norm.variance = list(".variance", graph::Role::kVariance, std::vector<double>(channels, 1));
  norm.epsilon = 0;
  for (const graph::ParameterId id : {*norm.mean, *norm.variance}) {
    graph_.parameter(id).is_trainable = false;
  }
  hold(2 * channels * sizeof(double));
  affines_[name] = {std::move(gain), std::move(shift)};
  return append(name, norm, {wire});
}

void OnnxTranslator::scale_and_shift(const WireView& view, const Tensor& gain,
                                     const Tensor& shift) {
  const Shape full = batched(view.shape, 1);
  const std::vector<double> gains = shortest(gain, full, 1);
  const std::vector<double> shifts = shortest(shift, full, 1);
  for (const auto* list : {&gains, &shifts}) {
    for (const double x : *list) {
      if (!(std::abs(x) <= std::numeric_limits<float>::max())) {
        fail(fmt::format("scales or shifts by {}", x));
      }
    }
  }
  const std::size_t most = std::max(gains.size(), shifts.size());
  const auto front = static_cast<std::size_t>(view.shape.empty() ? 1 : view.shape.front());
  graph::WireId wire = view.wire;
  if (most > 1 && most != front) {
    // Each element has its own: as channels of one element.
    wire = with_shape(wire, {num_elements(view.shape)});
    const auto all = [&](const Tensor& list) { return broadcast(list, full).to_doubles(); };
    return write_wire(view, affine(view, wire, all(gain), all(shift)));
  }
  if (most > 1 && shape_of(wire).front() != view.shape.front()) wire = materialised(view);
  if (wire == view.wire && fold_into_input(view, gains, shifts)) return write_wire(view, wire);
  const std::size_t channels = channels_of(wire);
  write_wire(view, affine(view, wire, of_channels(gains, channels), of_channels(shifts, channels)));
}

void OnnxTranslator::add() {
  const auto sum = [](double a, double b) { return a + b; };
  if (are_constant()) return combine(sum);
  if (!is_constant(0) && !is_constant(1)) {
    const WireView a = wire_input(0);
    const WireView b = wire_input(1);
    if (a.shape != b.shape) {
      fail(fmt::format("adds samples of shape {} and {}; expected equal ones", to_string(a.shape),
                       to_string(b.shape)));
    }
    WireView y = a;
    const graph::WireId left = materialised(a);
    y.is_sole = true;
    return write_wire(y, append(node_name(), graph::Add{}, {left, materialised(b)}));
  }
  const std::size_t which = is_constant(0) ? 0 : 1;
  const WireView view = wire_input(1 - which);
  const Constant& addend = constant_input(which);
  if (fold_into_bias(view, addend)) return;
  scale_and_shift(view, kOne, value_of(addend));
}

void OnnxTranslator::subtract() {
  if (are_constant()) return combine([](double a, double b) { return a - b; });
  if (is_constant(1)) return scale_and_shift(wire_input(0), kOne, negated(plain_input(1)));
  if (!is_constant(0)) fail("subtracts two values that both depend on the input");
  scale_and_shift(wire_input(1), Tensor::scalar(-1.0), plain_input(0));
}

void OnnxTranslator::multiply() {
  if (are_constant()) return combine([](double a, double b) { return a * b; });
  const std::size_t which = is_constant(0) ? 0 : 1;
  if (!is_constant(which)) fail("multiplies two values that both depend on the input");
  scale_and_shift(wire_input(1 - which), plain_input(which), kZero);
}

void OnnxTranslator::divide() {
  if (are_constant()) {
    const bool is_integer = plain_input(0).dtype() != DType::kF32;
    return combine([&](double a, double b) {
      if (is_integer) return b == 0 ? 0 : std::trunc(a / b);
      return a / b;
    });
  }
  if (!is_constant(1)) fail("divides by what depends on the input");
  const WireView view = wire_input(0);
  const Tensor divisor = plain_input(1).to(DType::kF64);
  if (fold_division_into_input(view, divisor)) return write_wire(view, view.wire);
  scale_and_shift(view, combined(divisor, divisor, [](double x, double) { return 1 / x; }), kZero);
}

void OnnxTranslator::power() {
  if (are_constant()) return combine([](double a, double b) { return std::pow(a, b); });
  const Tensor exponent = plain_input(1);
  if (is_uniform(exponent) && exponent.size() > 0 && exponent.to_doubles().front() == 1) {
    const WireView view = wire_input(0);
    return write_wire(view, view.wire);
  }
  fail("raises what depends on the input to a power other than 1");
}

void OnnxTranslator::clip() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double lowest = has_input(1) ? number_input(1, 0) : float_attribute("min", -kInfinity);
  const double highest = has_input(2) ? number_input(2, 0) : float_attribute("max", kInfinity);
  const auto is_open = [](double x) { return std::abs(x) >= std::numeric_limits<float>::max(); };
  if (is_constant(0)) {
    return write(Constant{combined(plain_input(0), kZero, [&](double x, double) {
      return std::min(std::max(x, lowest), highest);
    })});
  }
  WireView view = any_wire_input(0);
  if (view.codes) {
    narrow_codes(view, lowest, highest);
    return;
  }
  if (lowest > highest) fail(fmt::format("clips to {} and above {}", highest, lowest));
  graph::WireId wire = view.wire;
  const std::size_t channels = channels_of(wire);
  const auto relu = [&] { wire = append(node_name(), graph::Relu{}, {wire}); };
  const auto map = [&](double gain, double shift) {
    if (gain == 1 && shift == 0) return;
    view.wire = wire;
    wire = affine(view, wire, std::vector<double>(channels, gain),
                  std::vector<double>(channels, shift));
  };
  // max(x, a) = relu(x - a) + a, min(x, b) = b - relu(b - x).
  view.is_sole = false;
  if (!is_open(lowest)) {
    map(1, -lowest);
    relu();
    if (is_open(highest)) map(1, lowest);
  }
  if (!is_open(highest)) {
    map(-1, is_open(lowest) ? highest : highest - lowest);
    relu();
    map(-1, highest);
  }
  view.is_sole = true;
  write_wire(view, wire);
}

void OnnxTranslator::relu() { element_wise(graph::Relu{}); }

void OnnxTranslator::leaky_relu() {
  const double slope = float_attribute("alpha", 0.01);
  if (!(slope <= 1)) fail(fmt::format("alpha {}; expected at most 1", slope));
  element_wise(graph::LeakyRelu{slope});
}

void OnnxTranslator::sigmoid() { element_wise(graph::Sigmoid{}); }
void OnnxTranslator::tanh() { element_wise(graph::Tanh{}); }

void OnnxTranslator::softmax() {
  WireView view = wire_input(0);
  const bool is_coerced = file_.opset < 13;
  const std::size_t axis =
      normal_axis(int_attribute("axis", is_coerced ? 1 : -1), view.shape.size() + 1);
  if (axis == 0) fail("is taken over the batch");
  if (!is_coerced || view.shape.size() == 1) {
    return along_axis(axis - 1, graph::Softmax{}, {std::move(view)});
  }
  // Older opsets join the axes from this one on.
  if (axis != 1) fail("is taken over joined axes of a part of the sample");
  const Shape shape = view.shape;
  const graph::WireId flat = with_shape(view.wire, {num_elements(shape)});
  view.is_sole = true;
  write_wire(view, append(node_name(), graph::Softmax{}, {flat}));
}

}  // namespace pare::interop
