#pragma once

// Random windows of convolutions and poolings, for tests: any stride, dilation and padding.

#include <algorithm>
#include <cstdint>

#include "graph/window.h"
#include "program/random_inputs.h"

namespace pare::program {

/// A window that fits into an input of shape [C, spatial …]. Its padding stays below half of its
/// extent, so that every window holds an element where dilation skips none.
inline graph::PoolWindow random_window(RandomNumbers& random, const Shape& x) {
  const std::size_t rank = x.size() - 1;
  graph::PoolWindow window;
  window.padding.resize(2 * rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t size = x[i + 1];
    std::int64_t kernel = random.one_in(4) ? size : random.in(1, 4);
    const std::int64_t dilation = random.one_in(4) ? 2 : 1;
    const auto extent = [&] { return (kernel - 1) * dilation + 1; };
    if (random.one_in(2)) window.padding[i] = random.in(0, (extent() - 1) / 2);
    if (random.one_in(2)) window.padding[rank + i] = random.in(0, (extent() - 1) / 2);
    while (extent() > size + window.padding[i] + window.padding[rank + i]) --kernel;
    window.size.push_back(kernel);
    window.stride.push_back(random.in(1, 3));
    window.dilation.push_back(dilation);
  }
  return window;
}

}  // namespace pare::program
