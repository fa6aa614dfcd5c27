#include "quantizer_agreement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/evaluate.h"
#include "graph/infer.h"
#include "graph/quantize.h"
#include "interop/onnx_file.h"
#include "standard_onnx.h"

namespace pare::bench {
namespace {

constexpr double kUnitRoundoff = 0x1p-24;

bool is_quantize(const graph::Node& node) {
  return std::holds_alternative<graph::Quantize>(node.op);
}

Shape one_of(const Shape& sample) {
  Shape shape{1};
  shape.insert(shape.end(), sample.begin(), sample.end());
  return shape;
}

/// Makes a parameter its magnitudes, times `sign`.
void take_magnitudes(graph::Graph& graph, std::optional<graph::ParameterId> id, float sign = 1,
                     std::span<const float> accumulator_steps = {}) {
  if (!id) return;
  graph::Parameter& parameter = graph.parameter(*id);
  Tensor values = graph::value_of(graph, parameter, accumulator_steps);
  for (float& x : values.as<float>()) x = sign * std::abs(x);
  parameter.stored = std::move(values);
  parameter.quantizer.reset();
  parameter.mask.reset();
}

std::int64_t terms_of(const graph::Graph& graph, graph::ParameterId weight) {
  const Tensor& values = graph.parameter(weight).stored;
  return static_cast<std::int64_t>(values.size()) / values.dim(0);
}

/// Roundings that a value of the node adds; its parameters become their magnitudes, so that the
/// graph computes the sums of the products' magnitudes.
int bound_node(graph::Graph& graph, const graph::Node& node,
               std::span<const graph::WireInfo> wires) {
  if (const auto layer = graph::layer_parameters(node.op)) {
    take_magnitudes(graph, layer->bias, 1, graph::accumulator_steps(graph, node, wires));
    take_magnitudes(graph, layer->weight);
    return static_cast<int>(terms_of(graph, layer->weight)) + 1;
  }
  if (const auto* norm = std::get_if<graph::BatchNorm>(&node.op)) {
    take_magnitudes(graph, norm->gain);
    take_magnitudes(graph, norm->shift);
    take_magnitudes(graph, norm->mean, -1);
    return 8;
  }
  const std::string_view kind = graph::kind_of(node.op);
  for (const std::string_view exact :
       {"relu", "max_pool", "flatten", "reshape", "transpose", "dropout"}) {
    if (kind == exact) return 0;
  }
  throw InputError(fmt::format("node '{}' ({}): no bound of its error", node.name, kind));
}

/// What lies between the quantizer before (or the input) and a quantizer.
class Stretch {
 public:
  Stretch(const graph::Graph& graph, const graph::Node& quantize,
          const std::vector<graph::WireInfo>& wires)
      : exact_(graph), info_(wires.at(quantize.outputs.front().value)) {
    is_binary_ = std::holds_alternative<graph::Binary>(
        std::get<graph::Quantize>(quantize.op).quantizer.format);
    input_name_ = graph.wire(quantize.inputs.front()).name;
    graph::WireId from = quantize.inputs.front();
    exact_.nodes = {quantize};
    for (auto at = graph::producer(graph, from); at; at = graph::producer(graph, from)) {
      const graph::Node& node = graph.nodes[*at];
      if (is_quantize(node)) break;
      if (node.inputs.size() != 1) {
        throw InputError(fmt::format("node '{}' joins wires: no chain", node.name));
      }
      exact_.nodes.insert(exact_.nodes.begin(), node);
      from = node.inputs.front();
    }
    source_ = graph.wire(from).name;
    exact_.inputs = {{.wire = from, .shape = wires.at(from.value).shape}};
    exact_.output = quantize.outputs.front();
    magnitudes_ = exact_;
    magnitudes_.nodes.pop_back();
    magnitudes_.output = quantize.inputs.front();
    int roundings = 4;
    for (const graph::Node& node : magnitudes_.nodes) {
      roundings += bound_node(magnitudes_, node, wires);
    }
    gamma_ = roundings * kUnitRoundoff / (1 - roundings * kUnitRoundoff);
    for (graph::Graph* part : {&exact_, &magnitudes_}) graph::compact(*part);
  }

  /// The wire that it reads.
  const std::string& source() const { return source_; }

  void hold(const Tensor& input, std::span<const float> runtime, QuantizerAgreement& result) const {
    const std::vector<std::string> names{input_name_};
    const graph::Evaluation evaluation = graph::evaluate_traced(exact_, input, names);
    const std::vector<double> before = evaluation.wires.at(input_name_).to_doubles();
    const std::vector<double> codes = evaluation.output.to_doubles();
    Tensor absolute = input.to(DType::kF32);
    for (float& x : absolute.as<float>()) x = std::abs(x);
    const std::vector<double> sums = graph::evaluate(magnitudes_, absolute).to_doubles();
    check(codes.size() == runtime.size() && sums.size() == codes.size(), "values of one shape");
    const graph::Grid& grid = info_.grid.value();
    const std::size_t run = codes.size() / static_cast<std::size_t>(info_.shape.front());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const double step = grid.step[grid.step.size() == 1 ? 0 : i / run];
      const double zero = kUnitRoundoff * std::abs(static_cast<double>(grid.zero_point)) * step;
      const double bound = gamma_ * sums[i] + zero;
      ++result.values;
      result.bound = std::max(result.bound, bound / step);
      const double apart = std::abs(codes[i] - runtime[i]) / step;
      if (apart < 0.25) continue;
      const double distance = std::abs(before[i] - (codes[i] + runtime[i]) / 2);
      if (apart > (is_binary_ ? 2.25 : 1.25)) {
        ++result.others;
      } else if (distance > bound) {
        ++result.off_by_one;
      } else {
        ++result.ties;
        result.farthest = std::max(result.farthest, distance / step);
      }
    }
  }

 private:
  graph::Graph exact_;
  graph::Graph magnitudes_;
  graph::WireInfo info_;
  std::string input_name_;
  std::string source_;
  double gamma_ = 0;
  bool is_binary_ = false;
};

/// A network's file in standard operators, with what its quantizers give as outputs.
class QuantizedFile {
 public:
  QuantizedFile(const graph::Graph& graph, std::span<const std::byte> onnx, Precision precision) {
    const interop::OnnxFile file = interop::parse_onnx(onnx, "model", "");
    input_ = file.inputs.front().name;
    for (const auto& node : file.nodes) outputs_[node.name] = node.outputs.front();
    std::vector<std::string> values;
    for (const graph::Node& node : graph.nodes) {
      if (!is_quantize(node)) continue;
      if (!outputs_.contains(node.name)) {
        throw InputError(fmt::format("node '{}' has another name in the file", node.name));
      }
      values.push_back(outputs_.at(node.name));
    }
    standard_ = standard_onnx(onnx, values, precision);
  }

  /// A session that gives what a quantizer gives: `shape` of one sample.
  OnnxRuntime::Session load(const OnnxRuntime& runtime, const graph::Node& quantize,
                            const Shape& input, const Shape& shape) const {
    return runtime.load(standard_, input, {1, num_elements(shape)}, "",
                        {input_, flat(outputs_.at(quantize.name))});
  }

 private:
  std::string input_;
  std::map<std::string, std::string> outputs_;  ///< of the file's nodes, by their names
  std::vector<std::byte> standard_;
};

}  // namespace

std::vector<QuantizerAgreement> hold_quantizers(const OnnxRuntime& runtime,
                                                const graph::Graph& graph,
                                                std::span<const std::byte> onnx,
                                                std::span<const Tensor> samples) {
  const QuantizedFile file(graph, onnx, Precision::kFloat);
  const auto wires = graph::infer(graph);
  const Shape input = one_of(graph.inputs.front().shape);
  std::map<std::string, std::vector<Tensor>> known;  // what the runtime has on a wire, by sample
  for (const Tensor& sample : samples) {
    known[graph.wire(graph.inputs.front().wire).name].push_back(graph::map_input(graph, sample));
  }
  std::vector<QuantizerAgreement> result;
  for (const graph::Node& node : graph.nodes) {
    if (!is_quantize(node)) continue;
    const Stretch stretch(graph, node, wires);
    const Shape shape = one_of(wires.at(node.outputs.front().value).shape);
    auto session = file.load(runtime, node, input, shape);
    QuantizerAgreement& agreement = result.emplace_back();
    agreement.name = node.name;
    for (std::size_t n = 0; n < samples.size(); ++n) {
      session.run(samples[n].as<float>());
      stretch.hold(known.at(stretch.source()).at(n), session.output(), agreement);
      known[node.name].push_back(Tensor::from<float>(shape, session.output()));
    }
  }
  return result;
}

std::vector<DoubleAgreement> hold_in_double(const OnnxRuntime& runtime, const graph::Graph& graph,
                                            std::span<const std::byte> onnx,
                                            std::span<const Tensor> samples) {
  const QuantizedFile file(graph, onnx, Precision::kDouble);
  const auto wires = graph::infer(graph);
  const Shape input = one_of(graph.inputs.front().shape);
  std::vector<std::string> names;
  std::vector<OnnxRuntime::Session> sessions;
  std::vector<DoubleAgreement> result;
  for (const graph::Node& node : graph.nodes) {
    if (!is_quantize(node)) continue;
    const graph::WireId wire = node.outputs.front();
    names.push_back(graph.wire(wire).name);
    sessions.push_back(file.load(runtime, node, input, one_of(wires.at(wire.value).shape)));
    result.push_back({.name = node.name});
  }
  for (const Tensor& sample : samples) {
    const auto values = graph::evaluate_traced(graph, graph::map_input(graph, sample), names).wires;
    for (std::size_t q = 0; q < sessions.size(); ++q) {
      sessions[q].run(sample.as<float>());
      const std::vector<double> expected = values.at(names[q]).to_doubles();
      const std::span<const float> found = sessions[q].output();
      check(found.size() == expected.size(), "values of one shape");
      for (std::size_t i = 0; i < found.size(); ++i) {
        ++result[q].values;
        result[q].differing += found[i] == static_cast<float>(expected[i]) ? 0 : 1;
      }
    }
  }
  return result;
}

}  // namespace pare::bench
