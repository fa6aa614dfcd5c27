#pragma once

#include <compare>
#include <cstdint>

namespace pare::graph {

/// An index into one of a graph's lists. The tag keeps wires from being used as parameters.
template <class Tag>
struct Id {
  std::uint32_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

/// Index into Graph::parameters.
using ParameterId = Id<struct ParameterTag>;
/// Index into Graph::wires.
using WireId = Id<struct WireTag>;

}  // namespace pare::graph
