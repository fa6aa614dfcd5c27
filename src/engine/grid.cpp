#include "engine/grid.h"

namespace pare::engine {

Grid grid_of(const Shape& shape, const AxisOrder& order) {
  Grid grid{
      .num_channels = static_cast<std::size_t>(shape.front()), .size = {1, 1, 1}, .order = order};
  for (std::size_t i = 1; i < shape.size(); ++i) {
    grid.size[3 - shape.size() + i] = static_cast<std::size_t>(shape[i]);
  }
  return grid;
}

}  // namespace pare::engine
