#include "rewrite/rewind.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/quantize.h"

namespace pare::rewrite {
namespace {

using graph::Graph;
using graph::Parameter;
using graph::Role;

constexpr const char* kSuffix = ".rewind";

bool is_copy(const Parameter& parameter) {
  return parameter.role == Role::kAuxiliary && parameter.name.ends_with(kSuffix);
}

bool moves_in_training(const Parameter& parameter) {
  return parameter.is_trainable || parameter.role == Role::kMean ||
         parameter.role == Role::kVariance;
}

}  // namespace

Graph remember(const Graph& graph, const Graph& from) {
  Graph result = graph;
  for (const Parameter& parameter : from.parameters) {
    if (!moves_in_training(parameter)) continue;
    put_parameter(result, {.name = parameter.name + kSuffix,
                           .role = Role::kAuxiliary,
                           .stored = parameter.stored,
                           .is_trainable = false});
  }
  return result;
}

Graph rewind(const Graph& graph) {
  Graph result = graph;
  bool is_rewound = false;
  for (const Parameter& copy : graph.parameters) {
    if (!is_copy(copy)) continue;
    const std::string name = copy.name.substr(0, copy.name.size() - std::string(kSuffix).size());
    const auto id = find_parameter(result, name);
    if (!id) continue;
    Parameter& parameter = result.parameter(*id);
    parameter.stored = copy.stored;
    parameter.stored = graph::masked(parameter);
    is_rewound = true;
  }
  if (!is_rewound) {
    throw InputError(
        "[prune] rewind: the first stage ended before the epoch to go back to; lower `rewind`, or "
        "let the stage train longer");
  }
  return result;
}

Graph forget(const Graph& graph) {
  // Nothing refers to copies, so that leaving them out moves no reference but by its number.
  Graph result = graph;
  for (Parameter& parameter : result.parameters) {
    if (is_copy(parameter)) parameter.role = Role::kWeight;
  }
  compact(result);
  return result;
}

}  // namespace pare::rewrite
