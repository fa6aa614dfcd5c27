#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/tensor.h"
#include "graph/graph.h"

namespace pare::graph {

// A graph as JSON (docs/formats/graph.md), without the tensors, which stand beside it by the
// parameters' names. Wires and parameters are referred to by name. What is written for an op, a
// format or a structure derives from its `fields`.

/// REQUIRES: the graph passes graph::check. Throws InputError if a name is no valid UTF-8.
nlohmann::json write_json(const Graph& graph);

/// Parameters' stored tensors by name, and masks by name + ".mask" (u8).
std::map<std::string, Tensor> tensors_of(const Graph& graph);

/// The graph back from both. Throws InputError naming the place: a missing or unknown key, a wrong
/// type, an unknown kind (with those known), a reference to nothing, a tensor that is missing, one
/// too many or of another dtype or shape, or anything that graph::check refuses.
Graph read_json(const nlohmann::json& json, std::map<std::string, Tensor> tensors);

}  // namespace pare::graph
