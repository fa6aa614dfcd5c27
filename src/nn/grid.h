#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "graph/quantize.h"

namespace pare::nn {

/// The numbers of one group of a quantizer. Value and code are as graph::to_code and
/// graph::from_code say; the range s is the value of the top code.
struct Grid {
  graph::Scale scale;
  graph::CodeRange codes;
  float zero_point = 0;
  float threshold = 0;  ///< of Decision::kThreshold

  float lowest_value() const {
    return graph::from_code(graph::end_code(codes.lowest), scale, zero_point);
  }
  float highest_value() const {
    return graph::from_code(graph::end_code(codes.highest), scale, zero_point);
  }

  friend bool operator==(const Grid&, const Grid&) = default;
};

/// One grid for a whole tensor, or one for each group of its elements.
using Grids = std::vector<Grid>;

/// Where the groups of a tensor's elements lie: row-major [outer, groups, inner].
struct GroupLayout {
  std::int64_t outer = 1;
  std::int64_t groups = 1;
  std::int64_t inner = 1;
};

}  // namespace pare::nn
