#pragma once

#include <cstdint>

#include "engine/view.h"

namespace pare::engine {

/// Codes of a buffer with one value as rows of samples, int32.
struct OutputCall {
  const View& y;
  Extent extent;
  std::int32_t* codes;  ///< [extent.lanes, y.size]
};
using OutputKernel = void (*)(const OutputCall&) noexcept;

}  // namespace pare::engine
