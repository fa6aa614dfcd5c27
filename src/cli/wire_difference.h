#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/evaluate.h"
#include "graph/graph.h"

namespace pare::cli {

/// Wires that two graphs both have, with equal shapes: in the order in which `a` writes them.
std::vector<std::string> common_wires(const graph::Graph& a, const graph::Graph& b);

/// How two networks differ on a wire, over all samples.
struct WireDifference {
  std::string wire;
  std::int64_t elements = 0;   ///< compared
  std::int64_t differing = 0;  ///< elements with different values (two NaN are equal)
  double largest = 0;          ///< largest |a - b|; infinity where one is NaN

  friend bool operator==(const WireDifference&, const WireDifference&) = default;
};

/// Gathers differences batch by batch.
class WireDifferences {
 public:
  explicit WireDifferences(const std::vector<std::string>& wires);

  /// REQUIRES: both were traced at these wires, on the same samples.
  void add(const graph::Evaluation& a, const graph::Evaluation& b);

  const std::vector<WireDifference>& all() const { return differences_; }

  /// The first wire with an element that differs.
  std::optional<WireDifference> first() const;

 private:
  std::vector<WireDifference> differences_;
};

}  // namespace pare::cli
