#include "cli/wire_difference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "graph/infer.h"

namespace pare::cli {

std::vector<std::string> common_wires(const graph::Graph& a, const graph::Graph& b) {
  const auto of_a = graph::infer_shapes(a);
  const auto of_b = graph::infer_shapes(b);
  std::vector<std::string> common;
  const auto add = [&](graph::WireId wire) {
    const std::string& name = a.wire(wire).name;
    const auto other = graph::find_wire(b, name);
    if (other && of_a[wire.value].shape == of_b[other->value].shape) common.push_back(name);
  };
  for (const graph::Input& input : a.inputs) add(input.wire);
  for (const graph::Node& node : a.nodes) {
    for (const graph::WireId wire : node.outputs) add(wire);
  }
  return common;
}

WireDifferences::WireDifferences(const std::vector<std::string>& wires) {
  for (const std::string& wire : wires) differences_.push_back({.wire = wire});
}

void WireDifferences::add(const graph::Evaluation& a, const graph::Evaluation& b) {
  for (WireDifference& difference : differences_) {
    const auto of_a = a.wires.at(difference.wire).as<double>();
    const auto of_b = b.wires.at(difference.wire).as<double>();
    check(of_a.size() == of_b.size(), "compare: wires of different sizes");
    difference.elements += static_cast<std::int64_t>(of_a.size());
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      if (of_a[i] == of_b[i] || (std::isnan(of_a[i]) && std::isnan(of_b[i]))) continue;
      ++difference.differing;
      const double distance = std::abs(of_a[i] - of_b[i]);
      difference.largest = std::isnan(distance) ? std::numeric_limits<double>::infinity()
                                                : std::max(difference.largest, distance);
    }
  }
}

std::optional<WireDifference> WireDifferences::first() const {
  const auto found = std::find_if(differences_.begin(), differences_.end(),
                                  [](const WireDifference& d) { return d.differing > 0; });
  if (found == differences_.end()) return std::nullopt;
  return *found;
}

}  // namespace pare::cli
