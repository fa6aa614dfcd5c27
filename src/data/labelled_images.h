#pragma once

#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// Images of one size with their labels.
struct LabelledImages {
  Tensor images;  ///< u8 or u16 [N, C, H, W], C = 1 (grey) or 3 (red, green, blue)
  Tensor labels;  ///< i64 [N], 0 … classes-1
  std::vector<std::string> classes;  ///< their names, where the source has them; else empty
};

}  // namespace pare::data
