#include "nn/fusion.h"

namespace pare::nn {
namespace {

/// The one node that reads what `node` writes, if it is of kind T and the wire is not the output.
template <class T>
std::optional<std::size_t> only_reader(const graph::Graph& graph, const graph::Node& node) {
  const graph::WireId wire = node.outputs.front();
  const auto readers = graph::consumers(graph, wire);
  if (wire == graph.output || readers.size() != 1) return std::nullopt;
  const bool is_kind = std::holds_alternative<T>(graph.nodes.at(readers.front()).op);
  return is_kind ? std::optional(readers.front()) : std::nullopt;
}

}  // namespace

std::vector<Fusion> find_fusions(const graph::Graph& graph) {
  std::vector<Fusion> fusions(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const graph::Node& node = graph.nodes[i];
    if (std::holds_alternative<graph::BatchNorm>(node.op)) {
      fusions[i].relu = only_reader<graph::Relu>(graph, node);
      if (fusions[i].relu) {
        fusions[i].quantize = only_reader<graph::Quantize>(graph, graph.nodes[*fusions[i].relu]);
      }
    } else if (std::holds_alternative<graph::Relu>(node.op)) {
      fusions[i].quantize = only_reader<graph::Quantize>(graph, node);
    }
  }
  return fusions;
}

}  // namespace pare::nn
