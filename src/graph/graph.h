#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "graph/ids.h"
#include "graph/ops.h"
#include "graph/parameter.h"

namespace pare::graph {

/// Whether a wire carries one value a sample or one at each time step.
enum class Time { kOnce, kEachStep };

/// A value that flows from one node to others.
struct Wire {
  std::string name;  ///< unique in the graph

  friend bool operator==(const Wire&, const Wire&) = default;
};

struct Node {
  std::string name;  ///< unique in the graph, "fc1"
  Op op;
  std::vector<WireId> inputs = {};
  std::vector<WireId> outputs = {};
  /// Formats of what the op holds inside (membrane, cell, accumulator, …), by the names that the
  /// op's documentation gives. Empty for ops that hold nothing.
  std::map<std::string, Quantizer> held = {};

  static void fields(auto& self, auto&& f) {
    f("name", self.name);
    f("op", self.op);
    f("inputs", self.inputs);
    f("outputs", self.outputs);
    f("held", self.held);
  }
  friend bool operator==(const Node&, const Node&) = default;
};

/// What enters a network, and how raw data become it: x = (raw - mean) / scale per channel, in
/// double, rounded once to float32. Empty mean and scale: as it is.
struct Input {
  WireId wire;
  Shape shape;  ///< of one sample at one step
  Time time = Time::kOnce;
  DType dtype = DType::kF32;  ///< of the raw data
  std::string units = {};     ///< of the raw data, for people
  std::vector<double> mean = {};
  std::vector<double> scale = {};

  static void fields(auto& self, auto&& f) {
    f("wire", self.wire);
    f("shape", self.shape);
    f("time", self.time);
    f("dtype", self.dtype);
    f("units", self.units);
    f("mean", self.mean);
    f("scale", self.scale);
  }
  friend bool operator==(const Input&, const Input&) = default;
};

/// What is made of the last wire.
enum class HeadKind {
  kArgmax,         ///< the first index of the largest value
  kProbabilities,  ///< softmax; one value: the logistic function
  kValues,
};

struct Head {
  HeadKind kind = HeadKind::kValues;
  std::vector<std::string> classes = {};  ///< names, in order; may be empty

  static void fields(auto& self, auto&& f) {
    f("kind", self.kind);
    f("classes", self.classes);
  }
  friend bool operator==(const Head&, const Head&) = default;
};

/// A network as people draw it: nodes joined by wires, and parameters that nodes refer to. A plain
/// value; rewrites take one and return another. `nodes` are in an order in which every wire is
/// written before it is read. What must hold is checked by `graph::check` (graph/check.h).
struct Graph {
  std::string name;
  std::vector<Parameter> parameters;
  std::vector<Wire> wires;
  std::vector<Node> nodes;
  std::vector<Input> inputs;
  WireId output;
  Head head;

  const Parameter& parameter(ParameterId id) const { return parameters.at(id.value); }
  Parameter& parameter(ParameterId id) { return parameters.at(id.value); }
  const Wire& wire(WireId id) const { return wires.at(id.value); }

  friend bool operator==(const Graph&, const Graph&) = default;
};

/// Appends a parameter. Throws InternalError if the name is taken.
ParameterId add_parameter(Graph& graph, Parameter parameter);

/// Appends a wire. Throws InternalError if the name is taken.
WireId add_wire(Graph& graph, std::string name);

/// Appends a node with one output wire of the node's own name, and returns that wire. Throws
/// InternalError if the name is taken.
WireId add_node(Graph& graph, std::string name, Op op, std::vector<WireId> inputs);

/// The parameter, wire or node of that name, or none.
std::optional<ParameterId> find_parameter(const Graph& graph, std::string_view name);
std::optional<WireId> find_wire(const Graph& graph, std::string_view name);
const Node* find_node(const Graph& graph, std::string_view name);

/// Index into `graph.nodes` of the node that writes `wire`, or none for an input.
std::optional<std::size_t> producer(const Graph& graph, WireId wire);

/// Indices into `graph.nodes` of the nodes that read `wire`.
std::vector<std::size_t> consumers(const Graph& graph, WireId wire);

/// "linear", "batch_norm", …
std::string_view kind_of(const Op& op);

}  // namespace pare::graph
