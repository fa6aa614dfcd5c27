#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace pare::graph {

// What graph/json.cpp writes for the two structs whose JSON differs from the struct.

/// A parameter without its tensors.
struct ParameterRecord {
  std::string name = {};
  Role role = Role::kAuxiliary;
  DType dtype = DType::kF32;
  Shape shape = {};
  bool is_masked = false;
  bool is_trainable = true;
  std::optional<Quantizer> quantizer = std::nullopt;
  Structure structure = Dense{};

  static void fields(auto& self, auto&& f) {
    f("name", self.name);
    f("role", self.role);
    f("dtype", self.dtype);
    f("shape", self.shape);
    f("masked", self.is_masked);
    f("trainable", self.is_trainable);
    f("quantizer", self.quantizer);
    f("structure", self.structure);
  }
};

/// A graph, its wires by name alone.
struct GraphRecord {
  std::string name = {};
  std::vector<ParameterRecord> parameters = {};
  std::vector<std::string> wires = {};
  std::vector<Node> nodes = {};
  std::vector<Input> inputs = {};
  WireId output = {};
  Head head = {};

  static void fields(auto& self, auto&& f) {
    f("name", self.name);
    f("parameters", self.parameters);
    f("wires", self.wires);
    f("nodes", self.nodes);
    f("inputs", self.inputs);
    f("output", self.output);
    f("head", self.head);
  }
};

}  // namespace pare::graph
