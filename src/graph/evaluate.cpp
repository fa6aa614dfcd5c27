#include "graph/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/transpose.h"
#include "graph/infer.h"
#include "graph/neuron_steps.h"
#include "graph/quantize.h"
#include "graph/window.h"
#include "metrics/softmax.h"

namespace pare::graph {
namespace {

/// The values of a wire: `rows` (N, or N * T) times the elements of one sample at one step.
struct Values {
  Shape shape;
  Time time = Time::kOnce;
  std::vector<double> elements;

  std::size_t row_size() const { return static_cast<std::size_t>(num_elements(shape)); }
  std::size_t num_rows() const { return row_size() == 0 ? 0 : elements.size() / row_size(); }
  std::size_t num_channels() const { return static_cast<std::size_t>(shape.front()); }
};

std::vector<double> value_or(const Graph& graph, std::optional<ParameterId> id, std::size_t size,
                             double otherwise) {
  if (!id) return std::vector<double>(size, otherwise);
  return value_of(graph, graph.parameter(*id)).to_doubles();
}

struct Moments {
  std::vector<double> mean;
  std::vector<double> variance;  ///< biased
};

Moments moments_of(const Values& x) {
  const std::size_t channels = x.num_channels();
  const std::size_t run = x.row_size() / channels;
  const double count = static_cast<double>(x.elements.size() / channels);
  Moments moments{std::vector<double>(channels, 0), std::vector<double>(channels, 0)};
  const auto channel = [&](std::size_t i) { return i / run % channels; };
  for (std::size_t i = 0; i < x.elements.size(); ++i) {
    moments.mean[channel(i)] += x.elements[i] / count;
  }
  for (std::size_t i = 0; i < x.elements.size(); ++i) {
    const double deviation = x.elements[i] - moments.mean[channel(i)];
    moments.variance[channel(i)] += deviation * deviation / count;
  }
  return moments;
}

/// One node. Rows of `once` wires that meet `each_step` ones are used at every step.
class Evaluator {
 public:
  Evaluator(const Graph& graph, const Node& node, std::span<const WireInfo> wires,
            const std::vector<Values>& values, std::size_t num_samples)
      : graph_(graph), node_(node), wires_(wires), values_(values), num_samples_(num_samples) {}

  Values operator()(const Linear& op) const {
    const Values& x = input(0);
    Values y = output();
    const auto num_inputs = static_cast<std::size_t>(x.shape.back());
    const auto num_outputs = static_cast<std::size_t>(y.shape.back());
    const auto weight = value_of(graph_, graph_.parameter(op.weight)).to_doubles();
    const auto bias = bias_of(op.bias, num_outputs);
    y.elements.resize(x.elements.size() / num_inputs * num_outputs);
    for (std::size_t i = 0; i < y.elements.size(); ++i) {
      const std::size_t channel = i % num_outputs;
      const std::size_t row = i / num_outputs;
      double sum = bias[channel];
      for (std::size_t j = 0; j < num_inputs; ++j) {
        sum += weight[channel * num_inputs + j] * x.elements[row * num_inputs + j];
      }
      y.elements[i] = sum;
    }
    return y;
  }

  Values operator()(const Conv& op) const {
    const Values& x = input(0);
    Values y = output();
    const Parameter& parameter = graph_.parameter(op.weight);
    const Window window =
        make_window(x.shape, op, parameter.stored.shape(), describe(graph_, node_));
    const auto weight = value_of(graph_, parameter).to_doubles();
    const std::size_t num_outputs = y.num_channels();
    const std::size_t group_inputs = x.num_channels() / static_cast<std::size_t>(op.groups);
    const std::size_t group_outputs = num_outputs / static_cast<std::size_t>(op.groups);
    const auto bias = bias_of(op.bias, num_outputs);
    const std::size_t taps = window.num_taps();
    y.elements.resize(x.num_rows() * y.row_size());
    for (std::size_t i = 0; i < y.elements.size(); ++i) {
      const std::size_t o = i % window.num_outputs();
      const std::size_t m = i / window.num_outputs() % num_outputs;
      const std::size_t row = i / y.row_size();
      double sum = bias[m];
      for (std::size_t c = 0; c < group_inputs; ++c) {
        const std::size_t channel = m / group_outputs * group_inputs + c;
        const double* from = x.elements.data() + row * x.row_size() + channel * window.num_inputs();
        const double* w = weight.data() + (m * group_inputs + c) * taps;
        window.for_each_tap(o, [&](std::size_t at, std::size_t k) { sum += w[k] * from[at]; });
      }
      y.elements[i] = sum;
    }
    return y;
  }

  Values operator()(const MaxPool& op) const {
    return pooled(op.window, [](std::span<const double> elements, std::size_t) {
      return *std::max_element(elements.begin(), elements.end());
    });
  }
  Values operator()(const SumPool& op) const {
    return pooled(op.window, [](std::span<const double> elements, std::size_t) {
      return std::accumulate(elements.begin(), elements.end(), 0.0);
    });
  }
  Values operator()(const AveragePool& op) const {
    return pooled(op.window, [&](std::span<const double> elements, std::size_t taps) {
      const std::size_t divisor = op.counts_padding ? taps : elements.size();
      const double sum = std::accumulate(elements.begin(), elements.end(), 0.0);
      return divisor == 0 ? 0.0 : sum / static_cast<double>(divisor);
    });
  }

  Values operator()(const LeakyRelu& op) const {
    return each_element([&](double x) { return x < 0 ? op.slope * x : x; });
  }
  Values operator()(const Sigmoid&) const {
    return each_element([](double x) { return 1 / (1 + std::exp(-x)); });
  }
  Values operator()(const Tanh&) const {
    return each_element([](double x) { return std::tanh(x); });
  }

  Values operator()(const Table& op) const {
    const auto& grid = wires_[node_.inputs.front().value].grid;
    check(grid.has_value(), "table without codes");
    const auto values = value_of(graph_, graph_.parameter(op.values)).to_doubles();
    const auto last = static_cast<double>(values.size() - 1);
    return each_element([&](double x) {
      const double code = std::nearbyint(x / grid->step.front()) +
                          static_cast<double>(grid->zero_point - grid->lowest);
      return values[static_cast<std::size_t>(std::clamp(code, 0.0, last))];
    });
  }

  Values operator()(const BatchNorm& op) const {
    Values y = input(0);
    const std::size_t channels = y.num_channels();
    const std::size_t run = y.row_size() / channels;
    Moments moments;
    if (op.mean) {
      moments = {value_or(graph_, op.mean, channels, 0),
                 value_or(graph_, op.variance, channels, 1)};
    } else {
      moments = moments_of(y);
    }
    const auto gain = value_or(graph_, op.gain, channels, 1);
    const auto shift = value_or(graph_, op.shift, channels, 0);
    for (std::size_t i = 0; i < y.elements.size(); ++i) {
      const std::size_t c = i / run % channels;
      const double deviation = std::sqrt(moments.variance[c] + op.epsilon);
      y.elements[i] = gain[c] * (y.elements[i] - moments.mean[c]) / deviation + shift[c];
    }
    return y;
  }

  Values operator()(const Relu&) const {
    return each_element([](double x) { return x < 0 ? 0 : x; });
  }

  Values operator()(const Softmax&) const {
    Values y = input(0);
    const std::size_t channels = y.num_channels();
    const std::size_t run = y.row_size() / channels;
    for (std::size_t row = 0; row < y.num_rows(); ++row) {
      for (std::size_t i = 0; i < run; ++i) {
        const auto at = [&](std::size_t c) -> double& {
          return y.elements[(row * channels + c) * run + i];
        };
        double largest = at(0);
        for (std::size_t c = 1; c < channels; ++c) largest = std::max(largest, at(c));
        double sum = 0;
        for (std::size_t c = 0; c < channels; ++c) sum += at(c) = std::exp(at(c) - largest);
        for (std::size_t c = 0; c < channels; ++c) at(c) /= sum;
      }
    }
    return y;
  }

  Values operator()(const Dropout&) const { return input(0); }

  Values operator()(const Quantize& op) const {
    Values y = input(0);
    const Codec codec = make_codec(graph_, op.quantizer, Tensor());
    const std::size_t row_size = y.row_size();
    const std::size_t run = row_size / codec.num_groups();
    for (std::size_t i = 0; i < y.elements.size(); ++i) {
      const std::size_t group = i % row_size / run;
      const float x = static_cast<float>(y.elements[i]);
      y.elements[i] = codec.from_code(codec.to_code(x, group), group);
    }
    return y;
  }

  /// The rows of a sample are neighbours: those of its steps.
  Values operator()(const Repeat& op) const {
    Values y = output();
    const Values& x = input(0);
    const auto size = static_cast<std::ptrdiff_t>(x.row_size());
    for (std::size_t row = 0; row < x.num_rows(); ++row) {
      const auto first = x.elements.begin() + static_cast<std::ptrdiff_t>(row) * size;
      for (std::int64_t t = 0; t < op.steps; ++t) {
        y.elements.insert(y.elements.end(), first, first + size);
      }
    }
    return y;
  }

  Values operator()(const SumOverTime&) const {
    Values y = output();
    const Values& x = input(0);
    const std::size_t size = x.row_size();
    y.elements.assign(num_samples_ * size, 0);
    for (std::size_t i = 0; i < x.elements.size(); ++i) {
      const std::size_t sample = i / size / num_steps(x);
      y.elements[sample * size + i % size] += x.elements[i];
    }
    return y;
  }

  Values operator()(const Spike&) const {
    Values y = output();
    const Values& x = input(0);
    y.elements.resize(x.elements.size());
    const NeuronSteps neurons(graph_, node_, wires_);
    const std::size_t size = x.row_size();
    const std::size_t run = size / static_cast<std::size_t>(x.shape.empty() ? 1 : x.shape.front());
    const std::size_t steps = num_steps(x);
    for (std::size_t neuron = 0; neuron < num_samples_ * size; ++neuron) {
      const std::size_t element = neuron % size;
      double membrane = 0;
      for (std::size_t t = 0; t < steps; ++t) {
        const std::size_t at = (neuron / size * steps + t) * size + element;
        y.elements[at] = neurons.step(element / run, x.elements[at], membrane) ? 1 : 0;
      }
    }
    return y;
  }

  Values operator()(const Add&) const {
    Values y = at_time_of_output(input(0));
    const Values b = at_time_of_output(input(1));
    for (std::size_t i = 0; i < y.elements.size(); ++i) y.elements[i] += b.elements[i];
    return y;
  }

  Values operator()(const Concat&) const {
    Values y = output();
    std::vector<Values> parts;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
      parts.push_back(at_time_of_output(input(i)));
    }
    for (std::size_t row = 0; row < parts.front().num_rows(); ++row) {
      for (const Values& part : parts) {
        const auto first =
            part.elements.begin() + static_cast<std::ptrdiff_t>(row * part.row_size());
        y.elements.insert(y.elements.end(), first,
                          first + static_cast<std::ptrdiff_t>(part.row_size()));
      }
    }
    return y;
  }

  Values operator()(const Flatten&) const { return reshaped(); }
  Values operator()(const Reshape&) const { return reshaped(); }

  Values operator()(const Transpose& op) const {
    const Values& x = input(0);
    Values y = output();
    y.elements.reserve(x.elements.size());
    const auto elements = transposed_elements(x.shape, op.order);
    for (std::size_t row = 0; row < x.num_rows(); ++row) {
      const double* from = x.elements.data() + row * x.row_size();
      for (const std::size_t element : elements) y.elements.push_back(from[element]);
    }
    return y;
  }

 private:
  const Values& input(std::size_t i) const { return values_[node_.inputs.at(i).value]; }

  std::size_t num_steps(const Values& x) const {
    return num_samples_ == 0 ? 0 : x.num_rows() / num_samples_;
  }

  std::vector<double> bias_of(std::optional<ParameterId> bias, std::size_t num_outputs) const {
    if (!bias) return std::vector<double>(num_outputs, 0);
    const auto steps = accumulator_steps(graph_, node_, wires_);
    return value_of(graph_, graph_.parameter(*bias), steps).to_doubles();
  }

  Values reshaped() const {
    Values y = output();
    y.elements = input(0).elements;
    return y;
  }

  Values each_element(auto&& f) const {
    Values y = input(0);
    for (double& element : y.elements) element = f(element);
    return y;
  }

  /// `join` makes one element of those of a window that are no padding, and the number of all.
  Values pooled(const PoolWindow& pool, auto&& join) const {
    const Values& x = input(0);
    Values y = output();
    const Window window = make_window(x.shape, pool, describe(graph_, node_));
    y.elements.resize(x.num_rows() * y.row_size());
    std::vector<double> elements;
    for (std::size_t i = 0; i < y.elements.size(); ++i) {
      const double* from = x.elements.data() + i / window.num_outputs() * window.num_inputs();
      elements.clear();
      window.for_each_tap(i % window.num_outputs(),
                          [&](std::size_t at, std::size_t) { elements.push_back(from[at]); });
      y.elements[i] = join(std::span<const double>(elements), window.num_taps());
    }
    return y;
  }

  /// Shape and time of the output, without elements.
  Values output() const {
    const WireInfo& info = wires_[node_.outputs.front().value];
    return {info.shape, info.time, {}};
  }

  /// `x`, its rows repeated if the output has more: one a step.
  Values at_time_of_output(const Values& x) const {
    std::size_t num_rows = 0;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
      num_rows = std::max(num_rows, input(i).num_rows());
    }
    Values y{x.shape, output().time, {}};
    const std::size_t times = x.num_rows() == 0 ? 0 : num_rows / x.num_rows();
    for (std::size_t row = 0; row < x.num_rows(); ++row) {
      const auto first = x.elements.begin() + static_cast<std::ptrdiff_t>(row * x.row_size());
      for (std::size_t i = 0; i < times; ++i) {
        y.elements.insert(y.elements.end(), first,
                          first + static_cast<std::ptrdiff_t>(x.row_size()));
      }
    }
    return y;
  }

  const Graph& graph_;
  const Node& node_;
  std::span<const WireInfo> wires_;
  const std::vector<Values>& values_;
  std::size_t num_samples_;
};

/// The only input, after a look at the shape of what is given for it.
const Input& input_for(const Graph& graph, const Tensor& given) {
  if (graph.inputs.size() != 1) {
    throw InputError(fmt::format("graph '{}' has {} inputs; only one can be given", graph.name,
                                 graph.inputs.size()));
  }
  const Input& input = graph.inputs.front();
  const std::size_t lead = input.time == Time::kEachStep ? 2 : 1;
  const Shape& shape = given.shape();
  const bool fits = shape.size() == input.shape.size() + lead &&
                    std::equal(input.shape.begin(), input.shape.end(),
                               shape.begin() + static_cast<std::ptrdiff_t>(lead));
  if (!fits) {
    throw InputError(
        fmt::format("inputs of shape {}: the network takes [N, {}] with samples of "
                    "shape {}",
                    to_string(shape), lead == 2 ? "T, …" : "…", to_string(input.shape)));
  }
  return input;
}

Tensor to_tensor(const Values& values, std::int64_t num_samples) {
  Shape shape = {num_samples};
  if (values.time == Time::kEachStep) {
    const auto rows = static_cast<std::int64_t>(values.num_rows());
    shape.push_back(num_samples == 0 ? 0 : rows / num_samples);
  }
  shape.insert(shape.end(), values.shape.begin(), values.shape.end());
  return Tensor::from<double>(shape, values.elements);
}

/// For each wire the index of the last node that reads it.
std::vector<std::size_t> last_readers(const Graph& graph) {
  std::vector<std::size_t> last(graph.wires.size(), 0);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const WireId wire : graph.nodes[i].inputs) last[wire.value] = i;
  }
  last[graph.output.value] = graph.nodes.size();
  return last;
}

}  // namespace

Tensor map_input(const Graph& graph, const Tensor& raw) {
  const Input& input = input_for(graph, raw);
  if (input.mean.empty()) return raw.to(DType::kF32);
  const auto row_size = static_cast<std::size_t>(num_elements(input.shape));
  const std::size_t run = row_size / input.mean.size();
  const auto from = raw.to_doubles();
  Tensor mapped(DType::kF32, raw.shape());
  const auto to = mapped.as<float>();
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t channel = i % row_size / run;
    to[i] = static_cast<float>((from[i] - input.mean[channel]) / input.scale[channel]);
  }
  return mapped;
}

Evaluation evaluate_traced(const Graph& graph, const Tensor& inputs,
                           std::span<const std::string> wires) {
  const Input& input = input_for(graph, inputs);
  std::vector<bool> is_traced(graph.wires.size(), false);
  for (const std::string& name : wires) {
    const auto wire = find_wire(graph, name);
    if (!wire) throw InputError(fmt::format("the graph has no wire '{}'", name));
    is_traced[wire->value] = true;
  }
  const std::int64_t num_samples = inputs.dim(0);
  const auto infos = infer(graph);
  const auto last = last_readers(graph);
  Evaluation evaluation;
  std::vector<Values> values(graph.wires.size());
  const auto keep_trace = [&](WireId wire) {
    if (!is_traced[wire.value]) return;
    evaluation.wires[graph.wire(wire).name] = to_tensor(values[wire.value], num_samples);
  };
  values[input.wire.value] = {input.shape, input.time, inputs.to(DType::kF32).to_doubles()};
  keep_trace(input.wire);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const WireId output = node.outputs.front();
    values[output.value] = std::visit(
        Evaluator(graph, node, infos, values, static_cast<std::size_t>(num_samples)), node.op);
    keep_trace(output);
    for (const WireId wire : node.inputs) {
      if (last[wire.value] == i) values[wire.value].elements = {};
    }
  }
  evaluation.output = to_tensor(values[graph.output.value], num_samples);
  return evaluation;
}

Tensor evaluate(const Graph& graph, const Tensor& inputs) {
  return evaluate_traced(graph, inputs, {}).output;
}

Tensor apply_head(const Head& head, const Tensor& outputs) {
  Tensor values = outputs.to(DType::kF64);
  if (head.kind == HeadKind::kValues) return values;
  check(values.rank() >= 1 && values.shape().back() > 0, "apply_head: outputs without classes");
  const auto classes = static_cast<std::size_t>(values.shape().back());
  const auto elements = values.as<double>();
  if (head.kind == HeadKind::kArgmax) {
    Tensor chosen(DType::kI64, Shape(values.shape().begin(), values.shape().end() - 1));
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      const auto first = elements.begin() + static_cast<std::ptrdiff_t>(row * classes);
      const auto largest = std::max_element(first, first + static_cast<std::ptrdiff_t>(classes));
      chosen.as<std::int64_t>()[row] = largest - first;
    }
    return chosen;
  }
  for (std::size_t first = 0; first < elements.size(); first += classes) {
    metrics::to_probabilities(elements.subspan(first, classes));
  }
  return values;
}

}  // namespace pare::graph
