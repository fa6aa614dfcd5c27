#include "rewrite/layers.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/names.h"

namespace pare::rewrite {

std::vector<Layer> layers_of(const graph::Graph& graph) {
  std::vector<Layer> layers;
  for (const graph::Node& node : graph.nodes) {
    if (const auto layer = graph::layer_parameters(node.op)) {
      layers.push_back({node.name, layer->weight, layer->bias});
    }
  }
  return layers;
}

void add_mask(graph::Parameter& parameter) {
  if (parameter.mask) return;
  parameter.mask = Tensor(DType::kU8, parameter.stored.shape());
  for (std::uint8_t& element : parameter.mask->as<std::uint8_t>()) element = 1;
}

void check_matches_a_layer(const std::vector<Layer>& layers, std::string_view pattern,
                           std::string_view key) {
  const auto is_match = [&](const Layer& layer) { return matches(pattern, layer.name); };
  if (std::any_of(layers.begin(), layers.end(), is_match)) return;
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  throw InputError(fmt::format("{} = \"{}\" matches no layer; the layers are {}", key, pattern,
                               fmt::join(names, ", ")));
}

}  // namespace pare::rewrite
